#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/random.h"
#include "framelog/contract_test.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/format.h"
#include "os/posix_file_system.h"
#include "os/sim_file_system.h"

namespace penstock::framelog {
namespace {

/// A folder of this test alone, gone when the test ends.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "penstock-framelog-XXXXXX";
    PENSTOCK_ASSERT(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class PosixRig final : public FrameLogRig {
 public:
  explicit PosixRig(EmbeddedOptions options) : options_(options), files_(os::posix_file_system()) { open(); }
  FrameLogStore& store() override { return *store_; }
  ManualClock& clock() override { return clock_; }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() { store_ = embedded_store(*files_, directory_.path() + "/logs", clock_, random_, options_); }

  const EmbeddedOptions options_;
  TemporaryDirectory directory_;
  std::unique_ptr<os::FileSystem> files_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FrameLogStore> store_;
};

std::unique_ptr<FrameLogRig> posix() { return std::make_unique<PosixRig>(EmbeddedOptions{}); }

/// Segments that roll all the time and no cache: every read goes to the disk.
std::unique_ptr<FrameLogRig> posix_small() {
  return std::make_unique<PosixRig>(EmbeddedOptions{.segment_bytes_max = 16U << 10U,
                                                    .segment_bytes_first = 4U << 10U,
                                                    .cache_bytes_max = 0,
                                                    .index_cache_bytes_max = 0});
}

/// The same, and what is sealed is sorted at once.
std::unique_ptr<FrameLogRig> posix_sorted() {
  return std::make_unique<PosixRig>(EmbeddedOptions{.segment_bytes_max = 16U << 10U,
                                                    .segment_bytes_first = 4U << 10U,
                                                    .cache_bytes_max = 0,
                                                    .index_cache_bytes_max = 0,
                                                    .sort_bytes_per_second = 0,
                                                    .sort_segment_bytes_min = 0,
                                                    .sort_gain_min = 0,
                                                    .sort_step_bytes = 2048});
}

class SimRig final : public FrameLogRig {
 public:
  SimRig() {
    static_cast<void>(files_.make_directories("data"));
    open();
  }
  FrameLogStore& store() override { return *store_; }
  ManualClock& clock() override { return clock_; }
  void reopen() override {
    store_.reset();
    // Whatever the engine closed must survive this, too.
    files_.lose_power();
    files_.restore_power();
    open();
  }

 private:
  void open() {
    static_cast<void>(files_.sync_directory(""));
    store_ = embedded_store(files_, "data/logs", clock_, random_, {.segment_bytes_max = 1U << 20U});
  }

  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FrameLogStore> store_;
};

std::unique_ptr<FrameLogRig> sim() { return std::make_unique<SimRig>(); }

INSTANTIATE_TEST_SUITE_P(EmbeddedSim, FrameLogContract, ::testing::Values(&sim));
INSTANTIATE_TEST_SUITE_P(EmbeddedPosix, FrameLogContract, ::testing::Values(&posix));
INSTANTIATE_TEST_SUITE_P(EmbeddedPosixSmallSegments, FrameLogContract, ::testing::Values(&posix_small));
INSTANTIATE_TEST_SUITE_P(EmbeddedPosixSortedSegments, FrameLogContract, ::testing::Values(&posix_sorted));

/// One log on a simulated disk, with real threads.
class EmbeddedFaults : public ::testing::Test {
 protected:
  EmbeddedFaults() {
    static_cast<void>(files_.make_directories("data"));
    static_cast<void>(files_.sync_directory(""));
    open();
  }
  void open() {
    log_.reset();
    store_.reset();
    store_ = embedded_store(files_, "data/logs", clock_, random_, options_);
    auto log = store_->open("a");
    if (!log.has_value() && log.error().kind == ErrorKind::missing) log = store_->create("a");
    opened_ = log.has_value() ? Result<void>() : std::unexpected(log.error());
    if (log.has_value()) log_ = *log;
  }
  Result<Appended> append(std::string bytes) { return run_sync(log_->append(ShardIndex(0), std::move(bytes))); }
  std::vector<std::string> read_all() {
    std::vector<std::string> out;
    const auto page = run_sync(log_->read(ShardIndex(0), kBeforeAll, {}));
    EXPECT_TRUE(page.has_value());
    for (const StoredFrame& frame : page->frames) out.push_back(*frame.bytes);
    return out;
  }
  std::string only_segment() {
    std::string found;
    const auto names = files_.list("data/logs/a");
    for (const std::string& name : *names) {
      if (name.ends_with(".seg")) found = "data/logs/a/" + name;
    }
    return found;
  }

  EmbeddedOptions options_{.segment_bytes_max = 8192, .segment_bytes_first = 8192, .cache_bytes_max = 0};
  os::SimFileSystem files_{1};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FrameLogStore> store_;
  std::shared_ptr<FrameLog> log_;
  Result<void> opened_;
};

TEST_F(EmbeddedFaults, AFailedSyncEndsTheWritesUntilTheLogIsOpenedAgain) {
  ASSERT_TRUE(append("before").has_value());
  files_.fail_after(os::SimFileSystem::Fault::sync, 1);
  EXPECT_EQ(append("lost?").error().kind, ErrorKind::outcome_unknown);
  EXPECT_EQ(append("after").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(read_all(), std::vector<std::string>{"before"});
  open();
  ASSERT_TRUE(append("again").has_value());
  const auto frames = read_all();
  EXPECT_EQ(frames.front(), "before");
  EXPECT_EQ(frames.back(), "again");
}

TEST_F(EmbeddedFaults, AFullDiskRefusesAndHealsWhenThereIsSpace) {
  ASSERT_TRUE(append(std::string(1000, 'a')).has_value());
  files_.set_full(true);
  int accepted = 1;
  for (;;) {
    const auto result = append(std::string(1000, 'a'));
    if (!result.has_value()) {
      EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
      EXPECT_NE(result.error().message.find("no space"), std::string::npos) << result.error().message;
      break;
    }
    ASSERT_LT(++accepted, 100);
  }
  EXPECT_EQ(append(std::string(1000, 'a')).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(read_all().size(), static_cast<std::size_t>(accepted));
  files_.set_full(false);
  ASSERT_TRUE(append("healed").has_value());
  open();
  EXPECT_EQ(read_all().size(), static_cast<std::size_t>(accepted) + 1);
  EXPECT_EQ(read_all().back(), "healed");
}

TEST_F(EmbeddedFaults, DamageIsReportedWithSegmentAndOffsetAndNeverServed) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append("frame " + std::to_string(i)).has_value());
  open();
  const std::string segment = only_segment();
  // The frames' payloads lie behind the mark; find the third one.
  const auto file = files_.open(segment, os::OpenMode::read);
  std::string bytes(*(*file)->size(), '\0');
  ASSERT_TRUE((*file)->pread(bytes, 0).has_value());
  const std::size_t at = bytes.find("frame 2");
  ASSERT_NE(at, std::string::npos);
  files_.flip_bit(segment, at, 0);
  const auto before = run_sync(log_->read(ShardIndex(0), kBeforeAll, {}));
  ASSERT_TRUE(before.has_value());
  ASSERT_EQ(before->frames.size(), 2U);
  EXPECT_EQ(*before->frames.back().bytes, "frame 1");
  EXPECT_FALSE(before->at_tip);
  const auto page = run_sync(log_->read(ShardIndex(0), Position(before->frames.back().position.get() + 1), {}));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().kind, ErrorKind::corrupt);
  EXPECT_NE(page.error().message.find(segment), std::string::npos) << page.error().message;
  EXPECT_NE(page.error().message.find(std::to_string(at - kFrameHeaderBytes)), std::string::npos)
      << page.error().message;
}

TEST_F(EmbeddedFaults, AnIndexThatRottedCostsTimeAlone) {
  std::vector<std::string> put;
  for (int i = 0; i < 200; ++i) {
    put.push_back("frame " + std::to_string(i) + std::string(100, '.'));
    ASSERT_TRUE(append(put.back()).has_value());
    clock_.advance(std::chrono::milliseconds(1));
  }
  open();
  // An index lies before the trailer: the oldest segment's, the newest one's.
  const auto names = files_.list("data/logs/a");
  for (const std::string& name : {names->at(0), names->at(names->size() - 2)}) {
    ASSERT_TRUE(name.ends_with(".seg"));
    const std::string path = "data/logs/a/" + name;
    files_.flip_bit(path, *(*files_.open(path, os::OpenMode::read))->size() - kTrailerBytes - 5, 1);
  }
  open();
  ASSERT_TRUE(opened_.has_value());
  EXPECT_EQ(read_all(), put);
  const Timestamp middle = clock_.now() - std::chrono::milliseconds(150);
  const auto found = run_sync(log_->position_at(ShardIndex(0), middle));
  ASSERT_TRUE(found.has_value());
  const auto page = run_sync(log_->read(ShardIndex(0), *found, {.frames_max = 1}));
  EXPECT_EQ(*page->frames.front().bytes, put[50]);
}

TEST_F(EmbeddedFaults, DamageBeforeTheLastGroupKeepsTheLogClosedAfterPowerLoss) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append("frame " + std::to_string(i)).has_value());
  files_.lose_power();
  files_.restore_power();
  files_.flip_bit(only_segment(), kDataStart + 2 * kGroupHeaderBytes + kFrameHeaderBytes, 0);
  open();
  ASSERT_FALSE(opened_.has_value());
  EXPECT_EQ(opened_.error().kind, ErrorKind::corrupt);
}

TEST_F(EmbeddedFaults, ALostTrailerOrIndexCostsNothing) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append("frame " + std::to_string(i)).has_value());
  for (const std::uint64_t from_end : {20U, 70U}) {
    log_.reset();
    store_.reset();
    const std::string segment = only_segment();
    const std::uint64_t size = *(*files_.open(segment, os::OpenMode::read))->size();
    files_.flip_bit(segment, size - from_end, 3);
    open();
    ASSERT_TRUE(opened_.has_value()) << opened_.error().message;
    EXPECT_EQ(read_all().size(), 5U);
  }
}

TEST_F(EmbeddedFaults, SegmentsOfABusyLogGrowThoseOfAQuietOneDoNot) {
  options_.segment_bytes_max = 1U << 20U;
  for (const bool busy : {true, false}) {
    open();
    const std::size_t before = files_.list("data/logs/a")->size();
    for (int i = 0; i < 256; ++i) {
      ASSERT_TRUE(append(std::string(2000, 'x')).has_value());
      if (!busy) clock_.advance(std::chrono::hours(1));
    }
    const std::size_t made = files_.list("data/logs/a")->size() - before;
    // 512,000 bytes are 64 segments of 8 KiB, 16 of 32 KiB, the size that takes hours to fill here.
    if (busy) EXPECT_LT(made, 10U);
    if (!busy) EXPECT_GT(made, 15U);
  }
}

TEST_F(EmbeddedFaults, TooMuchWaitingIsThrottledNotQueued) {
  ManualExecutor storage;
  options_.waiting_bytes_max = 10'000;
  options_.executor = &storage;
  open();
  ManualExecutor clients;
  int throttled = 0;
  int accepted = 0;
  for (int i = 0; i < 20; ++i) {
    spawn_here(clients, log_->append(ShardIndex(0), std::string(1000, 'x')), [&](Result<Appended> result) {
      if (result.has_value()) ++accepted;
      if (!result.has_value() && result.error().kind == ErrorKind::throttled) ++throttled;
    });
  }
  EXPECT_EQ(throttled, 10);
  while (storage.run_ready() + clients.run_ready() > 0) {
  }
  EXPECT_EQ(accepted, 10);
  log_.reset();
  store_.reset();
}

}  // namespace
}  // namespace penstock::framelog
