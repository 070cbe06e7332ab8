// Sealed segments that are written anew, sorted by shard: what readers, trimming, removal, closing and recovery see.

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
#include "framelog/embedded/segment_sort.h"
#include "framelog/embedded/sort_queue.h"
#include "framelog/log_metrics.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

constexpr std::uint32_t kShards = 5;
constexpr const char* kLog = "logs/a";

class SortedSegments : public ::testing::Test {
 protected:
  using Frames = std::map<Position, std::string>;

  SortedSegments() {
    static_cast<void>(files_.make_directories("logs"));
    static_cast<void>(files_.sync_directory(""));
  }
  ~SortedSegments() override { close(); }
  SortedSegments(const SortedSegments&) = delete;
  SortedSegments& operator=(const SortedSegments&) = delete;

  void open() {
    close();
    store_ = embedded_store(files_, "logs", clock_, random_, options_);
    auto log = store_->open("a");
    if (!log.has_value() && log.error().kind == ErrorKind::missing) log = store_->create("a");
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = *log;
  }
  void close() {
    log_.reset();
    store_.reset();
    executor_.run_ready();
  }
  /// Closed logs without sorting, opened with it.
  void write_then_open_sorting(int frames) {
    options_.sorts_segments = false;
    open();
    append(frames);
    options_.sorts_segments = true;
    open();
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      const auto shard = static_cast<std::uint32_t>(random_.below(kShards));
      std::string bytes(1 + random_.below(300), static_cast<char>('a' + random_.below(26)));
      spawn_here(executor_, log_->append(ShardIndex(shard), bytes), [this, shard, bytes](Result<Appended> done) {
        ASSERT_TRUE(done.has_value()) << done.error().message;
        written_[shard][done->position] = bytes;
      });
      executor_.run_ready();
      clock_.advance(std::chrono::milliseconds(10));
    }
  }
  Result<FramePage> read(std::uint32_t shard, Position from, std::size_t frames_max = 7) {
    Result<FramePage> page = fail(ErrorKind::unavailable, "not read");
    spawn_here(executor_, log_->read(ShardIndex(shard), from, {.frames_max = frames_max}),
               [&](Result<FramePage> read) { page = std::move(read); });
    executor_.run_ready();
    return page;
  }
  Frames read_all(std::uint32_t shard, std::size_t frames_max = 7) {
    Frames out;
    for (Position from = kBeforeAll;;) {
      const auto page = read(shard, from, frames_max);
      EXPECT_TRUE(page.has_value()) << (page.has_value() ? "" : page.error().message);
      if (!page.has_value() || page->frames.empty()) return out;
      for (const StoredFrame& frame : page->frames) out[frame.position] = *frame.bytes;
      from = Position(page->frames.back().position.get() + 1);
    }
  }
  void expect_all() {
    for (std::uint32_t shard = 0; shard < kShards; ++shard) {
      EXPECT_EQ(read_all(shard), written_[shard]) << shard;
      EXPECT_EQ(read_all(shard, 1), written_[shard]) << shard;
    }
  }
  [[nodiscard]] std::vector<std::string> names(std::string_view suffix) const {
    auto out = *files_.list(kLog);
    std::erase_if(out, [&](const std::string& name) { return !name.ends_with(suffix); });
    return out;
  }
  std::string content(const std::string& name) {
    const auto file = *files_.open(std::string(kLog) + "/" + name, os::OpenMode::read);
    std::string bytes(*file->size(), '\0');
    EXPECT_TRUE(file->pread(bytes, 0).has_value());
    return bytes;
  }
  void put(const std::string& name, std::string_view bytes) {
    const auto file = *files_.open(std::string(kLog) + "/" + name, os::OpenMode::create_new);
    const std::array<std::string_view, 1> parts = {bytes};
    ASSERT_TRUE(file->pwritev(parts, 0).has_value());
    ASSERT_TRUE(file->sync().has_value());
  }

  mutable os::SimFileSystem files_{1};
  ManualExecutor executor_;
  ManualClock clock_;
  SeededRandom random_{1};
  EmbeddedOptions options_{.segment_bytes_max = 8U << 10U,
                           .segment_bytes_first = 8U << 10U,
                           .cache_bytes_max = 0,
                           .sort_segment_bytes_min = 0,
                           .sort_gain_min = 0,
                           .sort_step_bytes = 1024,
                           .executor = &executor_};
  std::unique_ptr<FrameLogStore> store_;
  std::shared_ptr<FrameLog> log_;
  std::map<std::uint32_t, Frames> written_;
};

TEST_F(SortedSegments, HoldWhatTheOthersHeldWhileTheLogGoesOnAndAfterwards) {
  open();
  append(300);
  EXPECT_GT(names(".sorted").size(), 5U);
  EXPECT_TRUE(names(".new").empty());
  expect_all();
  open();
  expect_all();
  append(100);
  expect_all();
  for (std::uint32_t shard = 0; shard < kShards; ++shard) {
    EXPECT_EQ(log_->tip(ShardIndex(shard)), written_[shard].rbegin()->first);
  }
}

TEST_F(SortedSegments, WhatWasSealedBeforeIsSortedWhenTheLogIsOpened) {
  write_then_open_sorting(200);
  const std::size_t count = names(".seg").size();
  executor_.run_ready();
  EXPECT_TRUE(names(".seg").empty());
  EXPECT_EQ(names(".sorted").size(), count);
  expect_all();
}

TEST_F(SortedSegments, AReadInTheMiddleOfWhichSegmentsAreSortedMissesNothing) {
  for (int round = 0; round < 50; ++round) {
    write_then_open_sorting(40);
    // Every call to the disk may be overtaken by some of the sorting.
    bool inside = false;
    files_.set_interlude([&] {
      if (std::exchange(inside, true)) return;
      if (random_.below(3) == 0) executor_.run_ready();
      inside = false;
    });
    expect_all();
    files_.set_interlude(nullptr);
    if (HasFailure()) return;
  }
}

TEST_F(SortedSegments, WhereBothFilesAreThereTheSortedOneCounts) {
  write_then_open_sorting(200);
  std::map<std::string, std::string> plain;
  for (const std::string& name : names(".seg")) plain[name] = content(name);
  executor_.run_ready();
  close();
  for (const auto& [name, bytes] : plain) put(name, bytes);
  put(names(".sorted").front() + ".new", "half written");
  open();
  EXPECT_TRUE(names(".seg").empty());
  EXPECT_TRUE(names(".new").empty());
  expect_all();
}

TEST_F(SortedSegments, OfBothFilesTheOtherCountsWhenTheSortedOneWasDamaged) {
  write_then_open_sorting(200);
  std::map<std::string, std::string> plain;
  for (const std::string& name : names(".seg")) plain[name] = content(name);
  executor_.run_ready();
  close();
  for (const auto& [name, bytes] : plain) put(name, bytes);
  const std::string sorted = names(".sorted").front();
  files_.flip_bit(std::string(kLog) + "/" + sorted, content(sorted).size() - 20, 3);
  options_.sorts_segments = false;
  open();
  EXPECT_EQ(names(".seg").size(), 1U);
  expect_all();
}

TEST_F(SortedSegments, AreWalkedWithoutTheirTrailerOrIndex) {
  write_then_open_sorting(200);
  executor_.run_ready();
  for (const std::uint64_t from_end : {20U, 70U}) {
    close();
    for (const std::string& name : names(".sorted")) {
      files_.flip_bit(std::string(kLog) + "/" + name, content(name).size() - from_end, 3);
    }
    open();
    expect_all();
    executor_.run_ready();
    expect_all();
  }
}

TEST_F(SortedSegments, TrimmingDropsThemAndWhatIsBeingSorted) {
  write_then_open_sorting(200);
  const Timestamp middle = clock_.now() - std::chrono::seconds(1);
  bool trimmed = false;
  int calls = 0;
  files_.set_interlude([&] {
    if (++calls != 40) return;
    spawn_here(executor_, log_->trim_before(middle), [&](Result<void> done) { trimmed = done.has_value(); });
    executor_.run_ready();
  });
  executor_.run_ready();
  files_.set_interlude(nullptr);
  EXPECT_TRUE(trimmed);
  EXPECT_TRUE(names(".seg").empty());
  EXPECT_TRUE(names(".new").empty());
  const std::uint64_t oldest = *parse_sorted_segment_name(names(".sorted").front());
  EXPECT_GT(oldest, 3U);
  for (std::uint32_t shard = 0; shard < kShards; ++shard) {
    const Frames left = read_all(shard);
    EXPECT_GE(left.size(), 10U);
    EXPECT_TRUE(std::ranges::equal(
        left, std::ranges::subrange(written_[shard].lower_bound(left.begin()->first), written_[shard].end())));
  }
  files_.lose_power();
  files_.restore_power();
  open();
  EXPECT_EQ(*parse_sorted_segment_name(names(".sorted").front()), oldest);
}

TEST_F(SortedSegments, RemovingOrClosingTheLogMeanwhileLeavesNothingBehind) {
  for (const bool removes : {false, true}) {
    for (int calls_before = 1; calls_before < 60; ++calls_before) {
      write_then_open_sorting(20);
      int calls = 0;
      files_.set_interlude([&] {
        if (++calls != calls_before) return;
        if (removes) EXPECT_TRUE(store_->remove("a").has_value());
        if (!removes) store_.reset();
      });
      executor_.run_ready();
      files_.set_interlude(nullptr);
      close();
      if (removes) {
        store_ = embedded_store(files_, "logs", clock_, random_, options_);
        executor_.run_ready();
        if (calls >= calls_before) EXPECT_TRUE(files_.list("logs")->empty()) << calls_before;
        close();
        written_.clear();
      } else {
        EXPECT_TRUE(names(".new").empty()) << calls_before;
      }
    }
  }
}

TEST_F(SortedSegments, AFullDiskPutsItOff) {
  write_then_open_sorting(200);
  const std::size_t before = names("").size();
  files_.set_full(true);
  executor_.run_ready();
  EXPECT_EQ(names("").size(), before);
  EXPECT_TRUE(names(".sorted").empty());
  files_.set_full(false);
  spawn_here(executor_, log_->trim_before(from_unix_ms(0)), [](const Result<void>&) {});
  executor_.run_ready();
  EXPECT_TRUE(names(".seg").empty());
  expect_all();
}

TEST_F(SortedSegments, AFailingDiskIsTriedAgain) {
  for (const auto fault : {os::SimFileSystem::Fault::write, os::SimFileSystem::Fault::sync}) {
    for (std::uint64_t at = 1; at < 12; ++at) {
      write_then_open_sorting(40);
      files_.fail_after(fault, at);
      executor_.run_ready();
      files_.clear_faults();
      EXPECT_TRUE(names(".new").empty());
      expect_all();
      spawn_here(executor_, log_->trim_before(from_unix_ms(0)), [](const Result<void>&) {});
      executor_.run_ready();
      EXPECT_TRUE(names(".seg").empty()) << at;
      expect_all();
    }
  }
}

TEST_F(SortedSegments, ABadFrameLeavesTheSegmentAsItIs) {
  options_.sorts_segments = false;
  open();
  append(40);
  close();
  files_.flip_bit(std::string(kLog) + "/" + names(".seg").front(),
                  kDataStart + 2 * kGroupHeaderBytes + kFrameHeaderBytes, 0);
  options_.sorts_segments = true;
  const std::uint64_t failures = log_metrics().failed_sorts.value();
  open();
  executor_.run_ready();
  EXPECT_EQ(names(".seg").size(), 1U);
  EXPECT_TRUE(names(".new").empty());
  EXPECT_EQ(log_metrics().failed_sorts.value(), failures + 1);
}

TEST_F(SortedSegments, ABadByteCostsOneShardsReadersAlone) {
  write_then_open_sorting(40);
  executor_.run_ready();
  close();
  files_.flip_bit(std::string(kLog) + "/" + names(".sorted").front(),
                  kDataStart + 2 * kGroupHeaderBytes + kFrameHeaderBytes, 0);
  open();
  EXPECT_EQ(read(0, kBeforeAll).error().kind, ErrorKind::corrupt);
  for (std::uint32_t shard = 1; shard < kShards; ++shard) EXPECT_EQ(read_all(shard), written_[shard]);
}

TEST_F(SortedSegments, TimesAreFoundInThem) {
  write_then_open_sorting(200);
  const Timestamp begin = clock_.now() - std::chrono::milliseconds(2000);
  for (const bool is_sorted : {false, true}) {
    if (is_sorted) executor_.run_ready();
    for (int i = 0; i < 200; i += 7) {
      Position found;
      spawn_here(executor_, log_->position_at(ShardIndex(1), begin + std::chrono::milliseconds(10 * i)),
                 [&](Result<Position> position) { found = position.value_or(Position(0)); });
      executor_.run_ready();
      const auto expected = written_[1].lower_bound(Position(static_cast<std::uint64_t>(i) + 1));
      const auto page = read(1, found, 1);
      ASSERT_TRUE(page.has_value());
      if (expected == written_[1].end()) {
        EXPECT_TRUE(page->frames.empty());
      } else {
        EXPECT_EQ(page->frames.front().position, expected->first);
      }
    }
  }
}

TEST_F(SortedSegments, OneShardAloneOrFewBytesDoNotPay) {
  // Half the bytes in each 64 KiB are another shard's: two readers read twice the data.
  constexpr std::uint64_t kData = 64U << 20U;
  const auto index_bytes = [](std::uint64_t shards, std::uint64_t entries) { return 8 + shards * 40 + entries * 24; };
  EXPECT_FALSE(SegmentSort::pays(kData, index_bytes(1, 1024), 0, 4));
  EXPECT_FALSE(SegmentSort::pays(kData, index_bytes(1, 1024), 1, 0));
  EXPECT_FALSE(SegmentSort::pays(kData, index_bytes(2, 2048), 2, 4));
  EXPECT_TRUE(SegmentSort::pays(kData, index_bytes(8, 8192), 8, 4));
  EXPECT_TRUE(SegmentSort::pays(kData, index_bytes(1000, 60'000), 0, 4));
  EXPECT_TRUE(SegmentSort::pays(kData, index_bytes(1000, 60'000), 1000, 4));
  // Large frames: each lies alone.
  EXPECT_FALSE(SegmentSort::pays(kData, index_bytes(60, 64), 60, 4));
}

TEST(SortQueue, RestsAsTheBudgetSays) {
  EXPECT_EQ(SortQueue::rest_after(16U << 20U, 32U << 20U), std::chrono::milliseconds(500));
  EXPECT_EQ(SortQueue::rest_after(16U << 20U, 0), std::chrono::milliseconds(0));
}

TEST(SortQueue, DropsWhatIsLeftWhenItStops) {
  ManualClock clock;
  SortQueue queue(clock, 1, nullptr);  // a byte a second: it would rest for ever
  const auto alive = std::make_shared<int>(0);
  ASSERT_TRUE(queue.post([alive] { return SortQueue::Progress{.bytes = 1U << 30U, .done = false}; }));
  ASSERT_TRUE(queue.post([alive] { return SortQueue::Progress{.bytes = 0, .done = true}; }));
  queue.stop();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_FALSE(queue.post([] { return SortQueue::Progress{}; }));
}

}  // namespace
}  // namespace penstock::framelog
