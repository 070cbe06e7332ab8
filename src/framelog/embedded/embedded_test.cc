#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/random.h"
#include "framelog/contract_test.h"
#include "framelog/embedded/embedded_store.h"
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
  return std::make_unique<PosixRig>(
      EmbeddedOptions{.segment_bytes_max = 16U << 10U, .segment_bytes_first = 4U << 10U, .cache_bytes_max = 0});
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

}  // namespace
}  // namespace penstock::framelog
