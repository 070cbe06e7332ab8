#include "framelog/embedded/position_leap.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/inspection.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

constexpr const char* kLog = "logs/a";
const std::vector<ShardIndex> kShards = {ShardIndex(0), ShardIndex(1)};

class PositionLeapTest : public ::testing::Test {
 protected:
  PositionLeapTest() { static_cast<void>(files_.make_directories("logs")); }
  std::unique_ptr<EmbeddedFrameLogs> open_store() {
    return embedded_store(files_, "logs", clock_, random_, {.segment_bytes_max = 16U << 10U});
  }
  static Position append(FrameLog& log, std::uint32_t shard, std::string bytes) {
    return run_sync(log.append(ShardIndex(shard), std::move(bytes)))->position;
  }
  static std::vector<std::string> read(FrameLog& log, std::uint32_t shard, Position from) {
    std::vector<std::string> out;
    for (;;) {
      const FramePage page = *run_sync(log.read(ShardIndex(shard), from, {}));
      if (page.frames.empty()) return out;
      for (const StoredFrame& frame : page.frames) out.push_back(*frame.bytes);
      from = Position(page.frames.back().position.get() + 1);
    }
  }

  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{1};
};

TEST_F(PositionLeapTest, ReadersFromBetweenGetWhatComesNextAndNothingIsGivenTwice) {
  Position last;
  {
    const auto store = open_store();
    const auto log = *store->create("a");
    for (int i = 0; i < 100; ++i) last = append(*log, 0, "before " + std::to_string(i));
  }
  const auto from = leap_positions(files_, kLog, kShards);
  ASSERT_TRUE(from.has_value()) << from.error().message;
  EXPECT_EQ(*from, last.get() + 1);
  for (int round = 0; round < 2; ++round) {
    const auto store = open_store();
    const auto log = *store->open("a");
    // Shard 1 never had a frame here; the lost log may have given it some.
    EXPECT_EQ(log->tip(ShardIndex(0)).get(), last.get() + kLeapPositions);
    EXPECT_EQ(log->tip(ShardIndex(1)), log->tip(ShardIndex(0)));
    EXPECT_TRUE(read(*log, 0, Position(last.get() + 1000)).empty());
  }
  const auto store = open_store();
  const auto log = *store->open("a");
  EXPECT_GT(append(*log, 0, "after").get(), last.get() + kLeapPositions);
  append(*log, 1, "other");
  EXPECT_EQ(read(*log, 0, Position(last.get() + 1000)), std::vector<std::string>{"after"});
  EXPECT_EQ(read(*log, 1, Position(1)), std::vector<std::string>{"other"});
  EXPECT_EQ(read(*log, 0, kBeforeAll).size(), 101U);
}

TEST_F(PositionLeapTest, ALogWithoutFramesLeapsToo) {
  ASSERT_TRUE(open_store()->create("a").has_value());
  ASSERT_TRUE(leap_positions(files_, kLog, kShards).has_value());
  ASSERT_TRUE(leap_positions(files_, kLog, kShards).has_value());
  const auto store = open_store();
  const auto log = *store->open("a");
  EXPECT_GT(append(*log, 0, "first").get(), 2 * kLeapPositions);
  EXPECT_EQ(read(*log, 0, Position(5)), std::vector<std::string>{"first"});
}

TEST_F(PositionLeapTest, RetentionTakesTheLeapAwayInTheEnd) {
  {
    const auto store = open_store();
    append(**store->create("a"), 0, "old");
  }
  ASSERT_TRUE(leap_positions(files_, kLog, kShards).has_value());
  const auto store = open_store();
  const auto log = *store->open("a");
  clock_.advance(std::chrono::hours(1));
  const Position after = append(*log, 0, "new");
  ASSERT_TRUE(run_sync(log->trim_before(clock_.now())).has_value());
  EXPECT_EQ(files_.list(kLog)->size(), 2U) << "the file log and the newest segment";
  EXPECT_EQ(read(*log, 0, kBeforeAll), std::vector<std::string>{"new"});
  EXPECT_EQ(log->tip(ShardIndex(0)), after);
  EXPECT_GT(log->tip(ShardIndex(1)).get(), kLeapPositions) << "what is known of a quiet shard outlives its segments";
}

TEST_F(PositionLeapTest, CheckKnowsALeapAndRepairKeepsIt) {
  {
    const auto store = open_store();
    append(**store->create("a"), 0, "kept");
  }
  ASSERT_TRUE(leap_positions(files_, kLog, kShards).has_value());
  auto found = inspect_log(files_, kLog);
  ASSERT_TRUE(found.has_value() && found->is_whole());
  EXPECT_EQ(found->frames, 1U);
  EXPECT_EQ(found->frames_given_up, 0U);
  EXPECT_EQ(found->positions_leapt, kLeapPositions);
  // A sector in the middle of the leap: eight groups, more positions than one group can stand for.
  {
    const std::string path = std::string(kLog) + "/" + segment_name(2);
    const std::array<std::string, 1> zeros = {std::string(512, '\0')};
    const std::array<std::string_view, 1> parts = {zeros[0]};
    ASSERT_TRUE((*files_.open(path, os::OpenMode::read_write))->pwritev(parts, 4096).has_value());
  }
  EXPECT_FALSE(inspect_log(files_, kLog)->is_whole());
  const auto repaired = repair_log(files_, kLog);
  ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
  EXPECT_TRUE(inspect_log(files_, kLog)->is_whole());
  const auto store = open_store();
  const auto log = store->open("a");
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_GT(append(**log, 0, "after").get(), kLeapPositions);
  EXPECT_EQ(read(**log, 0, kBeforeAll), (std::vector<std::string>{"kept", "after"}));
}

TEST_F(PositionLeapTest, PowerLostAtAnyStepLeavesALogThatOpens) {
  for (std::uint64_t step = 1;; ++step) {
    os::SimFileSystem files(step);
    static_cast<void>(files.make_directories("logs"));
    static_cast<void>(files.sync_directory(""));
    {
      const auto store = embedded_store(files, "logs", clock_, random_, {});
      append(**store->create("a"), 0, "kept");
    }
    files.lose_power_after(step);
    const bool done = leap_positions(files, kLog, kShards).has_value();
    if (files.has_power()) {
      EXPECT_TRUE(done);
      break;
    }
    files.restore_power();
    const auto store = embedded_store(files, "logs", clock_, random_, {});
    const auto log = store->open("a");
    ASSERT_TRUE(log.has_value()) << "step " << step << ": " << log.error().message;
    EXPECT_EQ(read(**log, 0, kBeforeAll), std::vector<std::string>{"kept"});
  }
}

}  // namespace
}  // namespace penstock::framelog
