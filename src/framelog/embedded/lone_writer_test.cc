// Who waits for the disk: a committer thread, or the thread of a writer that is alone.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

constexpr int kEnough = 200;  // more than it takes to be known as alone, also after the disk was slow

class LoneWriter : public ::testing::Test {
 protected:
  LoneWriter() {
    static_cast<void>(files_.make_directories("data"));
    store_ = embedded_store(files_, "data/logs", clock_, random_);
    log_ = *store_->create("a");
    files_.set_interlude([this] {
      if (std::this_thread::get_id() == writer_) touched_disk_ = true;
      if (is_slow_) clock_.advance(std::chrono::milliseconds(5));
    });
  }
  ~LoneWriter() override {
    log_.reset();
    store_.reset();
  }

  /// Whether it was committed on this thread.
  bool append_here(std::string bytes = "frame") {
    touched_disk_ = false;
    EXPECT_TRUE(run_sync(log_->append(ShardIndex(0), std::move(bytes))).has_value());
    return touched_disk_;
  }
  /// Whether that became so within a number of appends.
  bool becomes_alone() {
    for (int i = 0; i < kEnough; ++i) {
      if (append_here()) return true;
    }
    return false;
  }

  const std::thread::id writer_ = std::this_thread::get_id();
  std::atomic<bool> touched_disk_ = false;
  std::atomic<bool> is_slow_ = false;
  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FrameLogStore> store_;
  std::shared_ptr<FrameLog> log_;
};

TEST_F(LoneWriter, CommitsOnItsOwnThreadAfterAWhile) {
  EXPECT_FALSE(append_here());
  EXPECT_TRUE(becomes_alone());
  EXPECT_TRUE(append_here());
}

TEST_F(LoneWriter, LeavesLargeFramesToACommitter) {
  ASSERT_TRUE(becomes_alone());
  EXPECT_FALSE(append_here(std::string(1U << 20U, 'x')));
}

TEST_F(LoneWriter, WaitsForASlowDiskOnceAtMost) {
  ASSERT_TRUE(becomes_alone());
  is_slow_ = true;
  append_here();
  int waited = 0;
  for (int i = 0; i < kEnough; ++i) waited += append_here() ? 1 : 0;
  EXPECT_EQ(waited, 0);
  is_slow_ = false;
  EXPECT_TRUE(becomes_alone());
}

TEST_F(LoneWriter, AppendsThatWaitTogetherAreOneGroup) {
  ASSERT_TRUE(becomes_alone());
  ManualExecutor executor;
  std::atomic<int> done = 0;
  const std::uint64_t before = files_.change_count();
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    spawn_here(executor, log_->append(ShardIndex(shard), "together"), [&done](const Result<Appended>& appended) {
      EXPECT_TRUE(appended.has_value());
      ++done;
    });
  }
  executor.run_ready();
  EXPECT_EQ(done, 3);
  EXPECT_EQ(files_.change_count() - before, 2) << "one write and one sync";
}

TEST_F(LoneWriter, IsServedByACommitterWhenSomebodyElseComes) {
  ASSERT_TRUE(becomes_alone());
  ManualExecutor busy;
  std::atomic<bool> done = false;
  spawn_here(busy, log_->append(ShardIndex(0), "first"), [&done](const Result<Appended>& appended) {
    EXPECT_TRUE(appended.has_value());
    done = true;
  });
  EXPECT_FALSE(append_here("second"));  // it does not wait until `busy` finds the time
  busy.run_until(done);
}

TEST_F(LoneWriter, IsServedByACommitterWhenItsExecutorEnds) {
  ASSERT_TRUE(becomes_alone());
  const Position before = log_->tip(ShardIndex(0));
  const Completion<bool> durable;
  const auto watch = log_->watch(ShardIndex(0), [&durable](Position) { durable.set(true); });
  // What an append resumes on lives longer than what the log waits for.
  ManualExecutor outlives;
  class Dropping final : public Executor {
   public:
    explicit Dropping(Executor& later) : later_(later) {}
    void post(std::move_only_function<void()> work) override {
      // The first one is dropped: with it, the turn to serve the log. Whoever posts the last one may find this gone.
      if (dropped_.exchange(true)) later_.post(std::move(work));
    }

   private:
    Executor& later_;
    std::atomic<bool> dropped_ = false;
  } dropping(outlives);
  std::atomic<bool> done = false;
  spawn_here(dropping, log_->append(ShardIndex(0), "frame"), [&done](const Result<Appended>& appended) {
    EXPECT_TRUE(appended.has_value());
    done = true;
  });
  run_sync([](Completion<bool> wait) -> Task<void> { co_await wait; }(durable));
  EXPECT_GT(log_->tip(ShardIndex(0)), before);
  outlives.run_until(done);
}

}  // namespace
}  // namespace penstock::framelog
