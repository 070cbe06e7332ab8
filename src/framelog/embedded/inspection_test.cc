#include "framelog/embedded/inspection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

constexpr std::uint32_t kShards = 3;
constexpr const char* kLog = "logs/a";

/// A closed log of several segments, with groups of one to twenty frames, and what was acknowledged. With true, all
/// segments but the newest are sorted.
class InspectionTest : public ::testing::TestWithParam<bool> {
 protected:
  struct Frame {
    std::uint32_t shard;
    std::string bytes;
    auto operator<=>(const Frame&) const = default;
  };
  using Frames = std::map<Position, Frame>;

  void make_log(std::uint64_t seed, int groups = 60) {
    random_ = std::make_unique<SeededRandom>(seed);
    files_ = std::make_unique<os::SimFileSystem>(seed);
    static_cast<void>(files_->make_directories("logs"));
    written_.clear();
    const auto store = open_store();
    const auto log = *store->create("a");
    for (int group = 0; group < groups; ++group) {
      append_group(*log, 1 + random_->below(20));
      clock_.advance(std::chrono::milliseconds(1));
    }
  }

  /// Reads a log that must open; the frames of every shard.
  Frames read_log() {
    Frames out;
    const auto store = open_store();
    const auto log = store->open("a");
    EXPECT_TRUE(log.has_value()) << (log.has_value() ? "" : log.error().message);
    if (!log.has_value()) return out;
    for (std::uint32_t shard = 0; shard < kShards; ++shard) {
      Position from = kBeforeAll;
      for (bool more = true; more;) {
        const FramePage page = read_page(**log, ShardIndex(shard), from);
        for (const StoredFrame& frame : page.frames) out[frame.position] = {shard, *frame.bytes};
        more = !page.frames.empty();
        if (more) from = Position(page.frames.back().position.get() + 1);
      }
    }
    return out;
  }

  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> out;
    for (const std::string& name : *files_->list(kLog)) {
      if (parse_segment_name(name).has_value() || parse_sorted_segment_name(name).has_value())
        out.push_back(std::string(kLog) + "/" + name);
    }
    return out;
  }
  [[nodiscard]] std::uint64_t size_of(const std::string& path) const {
    return *(*files_->open(path, os::OpenMode::read))->size();
  }
  void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) const {
    const std::array<std::string_view, 1> parts = {bytes};
    ASSERT_TRUE((*files_->open(path, os::OpenMode::read_write))->pwritev(parts, offset).has_value());
  }
  LogInspection inspect() {
    auto found = inspect_log(*files_, kLog);
    EXPECT_TRUE(found.has_value()) << (found.has_value() ? "" : found.error().message);
    return found.value_or(LogInspection{});
  }
  LogInspection repair() {
    auto found = repair_log(*files_, kLog);
    EXPECT_TRUE(found.has_value()) << (found.has_value() ? "" : found.error().message);
    return found.value_or(LogInspection{});
  }

  /// What a repair must have left: nothing bad, and of what was written all but `lost_max` frames, unchanged.
  void expect_repaired(std::uint64_t lost_max, const std::string& trace) {
    const LogInspection before = inspect();
    const LogInspection mended = repair();
    EXPECT_EQ(mended.frames_lost, before.frames_lost) << trace;
    const LogInspection after = inspect();
    EXPECT_TRUE(after.is_whole()) << trace << (after.damages.empty() ? "" : after.damages.front().what);
    EXPECT_EQ(after.frames, before.frames) << trace;
    EXPECT_EQ(after.frames_given_up, before.frames_lost) << trace;
    const Frames left = read_log();
    EXPECT_EQ(left.size(), after.frames) << trace;
    EXPECT_EQ(left.size() + before.frames_lost, written_.size()) << trace;
    EXPECT_LE(before.frames_lost, lost_max) << trace;
    for (const auto& [position, frame] : left) EXPECT_EQ(frame, written_[position]) << trace << position.get();
  }

  std::unique_ptr<os::SimFileSystem> files_;
  std::unique_ptr<SeededRandom> random_;
  ManualClock clock_;
  ManualExecutor executor_;
  Frames written_;

 private:
  std::unique_ptr<FrameLogStore> open_store() {
    return embedded_store(*files_, "logs", clock_, *random_,
                          {.segment_bytes_max = 16U << 10U,
                           .segment_bytes_first = 8U << 10U,
                           .cache_bytes_max = 0,
                           .sorts_segments = GetParam(),
                           .sort_segment_bytes_min = 0,
                           .sort_gain_min = 0,
                           .sort_step_bytes = 4096,
                           .executor = &executor_});
  }
  void append_group(FrameLog& log, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Frame frame{.shard = static_cast<std::uint32_t>(random_->below(kShards)),
                  .bytes = std::string(1 + random_->below(200), static_cast<char>('a' + random_->below(26)))};
      spawn_here(executor_, log.append(ShardIndex(frame.shard), frame.bytes), [this, frame](Result<Appended> done) {
        ASSERT_TRUE(done.has_value());
        written_[done->position] = frame;
      });
    }
    executor_.run_ready();
  }
  FramePage read_page(FrameLog& log, ShardIndex shard, Position from) {
    FramePage page;
    spawn_here(executor_, log.read(shard, from, {.frames_max = 100}), [&](Result<FramePage> read) {
      EXPECT_TRUE(read.has_value()) << (read.has_value() ? "" : read.error().message);
      page = read.value_or(FramePage{});
    });
    executor_.run_ready();
    return page;
  }
};

INSTANTIATE_TEST_SUITE_P(InTheOrderOfAppends, InspectionTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Sorted, InspectionTest, ::testing::Values(true));

TEST_P(InspectionTest, AWholeLogIsWhole) {
  make_log(1);
  for (const std::string& path : segments()) {
    EXPECT_EQ(path.ends_with(".sorted"), GetParam() && path != segments().back()) << path;
  }
  const LogInspection found = inspect();
  EXPECT_TRUE(found.is_whole());
  EXPECT_EQ(found.frames, written_.size());
  EXPECT_EQ(found.segments, segments().size());
  EXPECT_GT(found.segments, 4U);
  std::uint64_t bytes = 0;
  for (const auto& [position, frame] : written_) bytes += frame.bytes.size();
  EXPECT_EQ(found.payload_bytes, bytes);
}

TEST_P(InspectionTest, NamesTheShardAndThePositionOfAFrameThatRotted) {
  make_log(2);
  const std::string path = segments().front();
  // The first frame lies behind the mark and its group's header. In a sorted segment it is the first shard's.
  files_->flip_bit(path, kDataStart + 2 * kGroupHeaderBytes + kFrameHeaderBytes, 3);
  const auto lost = GetParam() ? std::ranges::find(written_, 0U, [](const auto& frame) { return frame.second.shard; })
                               : written_.begin();
  const LogInspection found = inspect();
  ASSERT_EQ(found.damages.size(), 1U);
  const Damage& damage = found.damages.front();
  EXPECT_EQ(damage.path, path);
  EXPECT_EQ(damage.what, "frame checksum");
  EXPECT_EQ(damage.frames_lost, 1U);
  EXPECT_EQ(damage.first_lost, lost->first);
  EXPECT_EQ(damage.last_lost, lost->first);
  EXPECT_EQ(damage.shards, std::set<ShardIndex>{ShardIndex(lost->second.shard)});
  EXPECT_EQ(found.frames, written_.size() - 1);
  expect_repaired(1, "");
  const auto names = *files_->list(kLog);
  EXPECT_TRUE(std::ranges::find(names, path.substr(path.rfind('/') + 1) + ".damaged") != names.end());
}

/// No byte of a segment is such that, when it rots, more than one frame is lost.
TEST_P(InspectionTest, AnyByteOfASegmentMayRot) {
  make_log(3, 12);
  const std::string path = segments().front();
  const std::uint64_t size = size_of(path);
  for (std::uint64_t at = 0; at < size; at += 37) {  // each was tried once; these are enough to notice a change
    make_log(3, 12);
    files_->flip_bit(path, at, static_cast<unsigned>(at % 8));
    expect_repaired(1, path + ":" + std::to_string(at));
    if (HasFailure()) return;
  }
}

TEST_P(InspectionTest, OneBadByteCostsOneFrameAtMost) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    make_log(seed);
    const auto paths = segments();
    const std::uint64_t flips = 1 + random_->below(3);
    std::string trace = "seed " + std::to_string(seed);
    for (std::uint64_t i = 0; i < flips; ++i) {
      const std::string& path = paths[random_->below(paths.size())];
      const std::uint64_t at = random_->below(size_of(path));
      files_->flip_bit(path, at, static_cast<unsigned>(random_->below(8)));
      trace += " " + path + ":" + std::to_string(at);
    }
    expect_repaired(flips, trace);
    if (HasFailure()) return;
  }
}

TEST_P(InspectionTest, ADeadSectorCostsWhatLayInIt) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    make_log(seed);
    const auto paths = segments();
    const std::string& path = paths[random_->below(paths.size())];
    const std::uint64_t sector = random_->below(size_of(path) / os::kSectorBytes);
    overwrite(path, sector * os::kSectorBytes, std::string(os::kSectorBytes, '\xee'));
    // A sector touches 14 of the smallest frames at most, one of them by its end.
    expect_repaired(14, "seed " + std::to_string(seed) + " sector " + std::to_string(sector) + " of " + path);
    if (HasFailure()) return;
  }
}

TEST_P(InspectionTest, AMissingSegmentCostsItsFramesAlone) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    make_log(seed);
    const auto paths = segments();
    ASSERT_TRUE(files_->unlink(paths[1 + random_->below(paths.size() - 2)]).has_value());
    const LogInspection found = inspect();
    ASSERT_EQ(found.damage_count, 1U);
    EXPECT_EQ(found.damages.front().what, "the segment is missing");
    expect_repaired(found.frames_lost, "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

TEST_P(InspectionTest, WithoutItsSaltNothingOfALogCanBeRead) {
  make_log(1);
  files_->flip_bit("logs/a/log", 20, 1);
  EXPECT_EQ(inspect_log(*files_, kLog).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(inspect_log(*files_, "logs/b").error().kind, ErrorKind::missing);
}

}  // namespace
}  // namespace penstock::framelog
