#include <gtest/gtest.h>

#include <thread>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

using namespace std::chrono_literals;

class Resting : public ::testing::Test {
 protected:
  Resting() {
    static_cast<void>(files_.make_directories("data"));
    static_cast<void>(files_.sync_directory(""));
    open();
  }
  void open() {
    log_.reset();
    store_.reset();
    store_ = embedded_store(files_, "data/logs", clock_, random_, options_);
    log_ = open_log("a");
  }
  std::shared_ptr<FrameLog> open_log(const std::string& id) {
    auto log = store_->open(id);
    if (!log.has_value()) log = store_->create(id);
    EXPECT_TRUE(log.has_value());
    return *log;
  }
  Position append(std::uint32_t shard, std::string bytes) {
    const auto done = run_sync(log_->append(ShardIndex(shard), std::move(bytes)));
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done.has_value() ? done->position : kBeforeAll;
  }
  std::vector<std::string> read_all(std::uint32_t shard) {
    std::vector<std::string> out;
    const auto page = run_sync(log_->read(ShardIndex(shard), kBeforeAll, {}));
    EXPECT_TRUE(page.has_value());
    for (const StoredFrame& frame : page->frames) out.push_back(*frame.bytes);
    return out;
  }
  std::uint64_t disk_bytes() {
    std::uint64_t bytes = 0;
    for (const std::string& name : *files_.list("data/logs/a")) {
      const auto file = files_.open("data/logs/a/" + name, os::OpenMode::read);
      if (file.has_value()) bytes += *(*file)->size();
    }
    return bytes;
  }
  /// Rounds of trimming, as the server makes them, until `done`; work goes on behind each.
  template <class Done>
  [[nodiscard]] bool trim_until(Timestamp expired_before, Done done) {
    for (int round = 0; round < 100'000; ++round) {
      EXPECT_TRUE(run_sync(log_->trim_before(expired_before)).has_value());
      if (done()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  EmbeddedOptions options_{.segment_bytes_max = 4U << 20U, .segment_bytes_first = 2U << 20U, .cache_bytes_max = 0};
  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FrameLogStore> store_;
  std::shared_ptr<FrameLog> log_;
};

TEST_F(Resting, WhenAllFramesHaveExpiredTheirSpaceComesBack) {
  for (int i = 0; i < 300; ++i) append(i % 3U, std::string(10'000, 'x'));
  const Position last = log_->tip(ShardIndex(2));
  clock_.advance(24h);
  EXPECT_GT(disk_bytes(), 2U << 20U);
  ASSERT_TRUE(trim_until(clock_.now() - 1h, [&] { return disk_bytes() < 10'000; })) << disk_bytes();
  for (std::uint32_t shard = 0; shard < 3; ++shard) EXPECT_TRUE(read_all(shard).empty());
  EXPECT_EQ(log_->tip(ShardIndex(2)), last) << "what a shard's newest frame was is not forgotten";
  // The disk after a power loss says the same, and positions go on.
  files_.lose_power();
  files_.restore_power();
  open();
  EXPECT_EQ(log_->tip(ShardIndex(2)), last);
  EXPECT_GT(append(1, "new"), last);
  EXPECT_EQ(read_all(1), std::vector<std::string>{"new"});
}

TEST_F(Resting, AlsoWhenTheyExpiredWhileTheServerWasAway) {
  for (int i = 0; i < 100; ++i) append(0, std::string(10'000, 'x'));
  const Position last = log_->tip(ShardIndex(0));
  open();
  clock_.advance(24h);
  ASSERT_TRUE(trim_until(clock_.now() - 1h, [&] { return disk_bytes() < 10'000; })) << disk_bytes();
  const std::uint64_t rest = disk_bytes();
  // Nothing more to do: no segment is made again and again.
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(run_sync(log_->trim_before(clock_.now())).has_value());
  EXPECT_EQ(disk_bytes(), rest);
  EXPECT_GT(append(0, "new"), last);
  EXPECT_EQ(read_all(0), std::vector<std::string>{"new"});
}

TEST_F(Resting, AnIdleLogGivesBackTheRoomAheadAndGoesOnWhenItIsWrittenAgain) {
  append(0, "first");
  EXPECT_GE(disk_bytes(), 2U << 20U);
  clock_.advance(59min);
  ASSERT_TRUE(run_sync(log_->trim_before(from_unix_ms(0))).has_value());
  EXPECT_GE(disk_bytes(), 2U << 20U) << "not so soon";
  clock_.advance(1min);
  ASSERT_TRUE(trim_until(from_unix_ms(0), [&] { return disk_bytes() < 10'000; })) << disk_bytes();
  EXPECT_EQ(read_all(0), std::vector<std::string>{"first"});
  append(0, "second");
  EXPECT_EQ(read_all(0), (std::vector<std::string>{"first", "second"}));
  files_.lose_power();
  files_.restore_power();
  open();
  EXPECT_EQ(read_all(0), (std::vector<std::string>{"first", "second"}));
}

TEST_F(Resting, WithMoreOpenLogsThanWantedIdleOnesCloseSooner) {
  options_.open_logs_wanted = 1;
  open();
  append(0, "first");
  const auto other = open_log("b");
  ASSERT_TRUE(run_sync(other->append(ShardIndex(0), "x")).has_value());
  clock_.advance(60s);
  ASSERT_TRUE(trim_until(from_unix_ms(0), [&] { return disk_bytes() < 10'000; })) << disk_bytes();
  append(0, "second");
  EXPECT_EQ(read_all(0), (std::vector<std::string>{"first", "second"}));
}

TEST_F(Resting, WritersAndRestingDoNotDisturbEachOther) {
  options_.open_logs_wanted = 0;
  open();
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    clock_.advance(61s);
    // The rest begins; the append comes at whatever moment of it.
    ASSERT_TRUE(run_sync(log_->trim_before(from_unix_ms(0))).has_value());
    expected.push_back("frame " + std::to_string(i));
    append(0, expected.back());
  }
  EXPECT_EQ(read_all(0), expected);
  open();
  EXPECT_EQ(read_all(0), expected);
}

}  // namespace
}  // namespace penstock::framelog
