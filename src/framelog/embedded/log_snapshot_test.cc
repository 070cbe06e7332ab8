#include "framelog/embedded/log_snapshot.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/inspection.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

const OnBytes kGoOn = [](std::uint64_t) { return Result<void>(); };

class LogSnapshotTest : public ::testing::Test {
 protected:
  LogSnapshotTest() : files_(std::make_unique<os::SimFileSystem>(1)) { begin(); }
  void begin() {
    for (const char* folder : {"logs", "backup"}) static_cast<void>(files_->make_directories(folder));
    static_cast<void>(files_->sync_directory(""));
    store_ = embedded_store(*files_, "logs", clock_, random_,
                            {.segment_bytes_max = 4096, .segment_bytes_first = 4096, .executor = nullptr});
    log_ = *store_->create("a");
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string bytes = "frame " + std::to_string(appended_++) + std::string(300, '.');
      ASSERT_TRUE(run_sync(log_->append(ShardIndex(0), bytes)).has_value());
      clock_.advance(std::chrono::milliseconds(1));
    }
  }
  [[nodiscard]] CutNow cut() {
    return [this] { return store_->cut("a"); };
  }
  /// How many frames a log in `folder` holds, without a gap; -1: it does not open.
  int frames_in(const std::string& folder) {
    const auto store = embedded_store(*files_, folder, clock_, random_, {});
    const auto log = store->open("a");
    EXPECT_TRUE(log.has_value()) << (log.has_value() ? "" : log.error().message);
    if (!log.has_value()) return -1;
    int count = 0;
    for (Position from = kBeforeAll;;) {
      const auto page = run_sync((*log)->read(ShardIndex(0), from, {}));
      EXPECT_TRUE(page.has_value());
      if (!page.has_value() || page->frames.empty()) return count;
      for (const StoredFrame& frame : page->frames) {
        if (count > 0) EXPECT_EQ(frame.position.get(), from.get());
        from = Position(frame.position.get() + 1);
        ++count;
      }
    }
  }

  std::unique_ptr<os::SimFileSystem> files_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<EmbeddedFrameLogs> store_;
  std::shared_ptr<FrameLog> log_;
  int appended_ = 0;
};

TEST_F(LogSnapshotTest, HoldsWhatWasDurableWhateverComesLater) {
  for (const bool links : {true, false}) {
    const std::string target = links ? "backup" : "copies";
    static_cast<void>(files_->make_directories(target));
    files_->set_links(links);
    append(50);
    LogSnapshot snapshot(*files_, target, "logs/.backup");
    const int before = appended_;
    ASSERT_TRUE(snapshot.take("a", cut()).has_value());
    append(50);
    const auto done = snapshot.finish(kGoOn);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    ASSERT_EQ(done->size(), 1U);
    EXPECT_EQ(done->front().next_position, static_cast<std::uint64_t>(before) + 1);
    EXPECT_TRUE(inspect_log(*files_, target + "/a")->is_whole());
    EXPECT_EQ(frames_in(target), before);
  }
}

TEST_F(LogSnapshotTest, RetentionAndDeletionDuringTheCopyTakeNothingFromIt) {
  append(100);
  LogSnapshot snapshot(*files_, "backup", "logs/.backup");
  ASSERT_TRUE(snapshot.take("a", cut()).has_value());
  const auto held = store_->cut("a");
  ASSERT_TRUE(run_sync(log_->trim_before(clock_.now())).has_value());
  log_.reset();
  ASSERT_TRUE(store_->remove("a").has_value());
  ASSERT_TRUE(snapshot.finish(kGoOn).has_value());
  EXPECT_EQ(frames_in("backup"), 100);
}

TEST_F(LogSnapshotTest, WhatRetentionDropsWhileItIsTakenIsMissingFromTheOldestOnAlone) {
  append(100);
  LogSnapshot snapshot(*files_, "backup", "logs/.backup");
  // Between the cut and the links.
  bool trimmed = false;
  const CutNow slow = [&]() -> Result<std::optional<LogCut>> {
    auto now = store_->cut("a");
    if (!std::exchange(trimmed, true)) {
      EXPECT_TRUE(run_sync(log_->trim_before(clock_.now() - std::chrono::milliseconds(40))).has_value());
    }
    return now;
  };
  ASSERT_TRUE(snapshot.take("a", slow).has_value());
  ASSERT_TRUE(snapshot.finish(kGoOn).has_value());
  const int left = frames_in("backup");
  EXPECT_GE(left, 40);
  EXPECT_LT(left, 100);
}

TEST_F(LogSnapshotTest, ADeletedLogIsNotInIt) {
  append(10);
  log_.reset();
  ASSERT_TRUE(store_->remove("a").has_value());
  LogSnapshot snapshot(*files_, "backup", "logs/.backup");
  ASSERT_TRUE(snapshot.take("a", cut()).has_value());
  EXPECT_TRUE(snapshot.finish(kGoOn)->empty());
  EXPECT_TRUE(files_->list("backup")->empty());
}

TEST_F(LogSnapshotTest, AFullDiskAndAnEndAreErrorsAndHarmNothing) {
  append(20);
  {
    LogSnapshot snapshot(*files_, "backup", "logs/.backup");
    ASSERT_TRUE(snapshot.take("a", cut()).has_value());
    files_->set_full(true);
    EXPECT_EQ(snapshot.finish(kGoOn).error().kind, ErrorKind::unavailable);
    files_->set_full(false);
  }
  static_cast<void>(files_->make_directories("second"));
  LogSnapshot snapshot(*files_, "second", "logs/.backup");
  ASSERT_TRUE(snapshot.take("a", cut()).has_value());
  const auto ended = snapshot.finish([](std::uint64_t) { return fail(ErrorKind::throttled, "enough"); });
  EXPECT_EQ(ended.error().kind, ErrorKind::throttled);
  append(20);
}

TEST_F(LogSnapshotTest, PowerLostAtAnyStepHarmsNeitherTheLogNorAFinishedCopy) {
  for (std::uint64_t step = 1;; ++step) {
    log_.reset();
    store_.reset();
    files_ = std::make_unique<os::SimFileSystem>(step);
    appended_ = 0;
    begin();
    append(20);
    bool finished = false;
    {
      LogSnapshot snapshot(*files_, "backup", "logs/.backup");
      files_->lose_power_after(step);
      finished = snapshot.take("a", cut()).has_value() && snapshot.finish(kGoOn).has_value() &&
                 files_->sync_directory("backup").has_value();
    }
    const bool power = files_->has_power();
    log_.reset();
    store_.reset();
    if (power) files_->lose_power();
    files_->restore_power();
    EXPECT_EQ(frames_in("logs"), 20) << "step " << step;
    if (finished) EXPECT_EQ(frames_in("backup"), 20) << "step " << step;
    if (power) break;
  }
}

}  // namespace
}  // namespace penstock::framelog
