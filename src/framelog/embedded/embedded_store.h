#pragma once
/// The embedded engine: each log is a folder of segment files on this machine's disk; what waits is committed in
/// groups, one vectored write and one fdatasync a group (promise: kOnDisk). README.md tells the walk-through,
/// docs/formats/frame-log.md the bytes and the recovery rule.
/// Threads: as frame_log.h says. Destroying the store refuses what waits (unavailable), finishes what is being written
///          and seals the logs; logs still held answer unavailable from then on.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/random.h"
#include "framelog/embedded/log_cut.h"
#include "framelog/frame_log.h"
#include "os/file_system.h"

namespace penstock::framelog {

struct EmbeddedOptions {
  std::uint64_t segment_bytes_max = 64U << 20U;
  /// A log's first segment; the next ones grow four times at a step, up to the maximum, while they fill within an hour.
  std::uint64_t segment_bytes_first = 256U << 10U;
  std::size_t group_bytes_max = 8U << 20U;          ///< a bigger frame is a group of its own
  std::size_t waiting_bytes_max = 64U << 20U;       ///< per log; more is refused with throttled
  std::size_t all_waiting_bytes_max = 128U << 20U;  ///< all logs together
  std::size_t cache_bytes_max = 8U << 20U;          ///< the newest frames, all logs together
  std::size_t index_cache_bytes_max = 16U << 20U;   ///< of sealed segments' indexes, all logs together
  /// More logs than that hold files open for writing: those that were idle for a minute close theirs.
  std::size_t open_logs_wanted = 2048;
  /// Whether sealed segments are written anew, sorted by shard, where that spares reading; see docs/adr/0006.
  bool sorts_segments = true;
  std::uint64_t sort_bytes_per_second = 32U << 20U;  ///< read and written by it, all logs together; 0: no bound
  std::uint64_t sort_segment_bytes_min = 1U << 20U;  ///< smaller segments stay as they are
  /// Sorted is what its shards' readers would together read so many times over.
  std::uint64_t sort_gain_min = 4;
  std::size_t sort_step_bytes = 8U << 20U;
  std::size_t committer_threads = 2;
  std::size_t reader_threads = 2;
  /// For simulation: no threads are made; all storage work runs here. Must outlive the store.
  Executor* executor = nullptr;
};

class EmbeddedFrameLogs : public FrameLogStore {
 public:
  /// What of a log is durable now; nothing when the log is gone. One that is not open (it may be damaged) is taken as
  /// it lies.
  [[nodiscard]] virtual Result<std::optional<LogCut>> cut(const std::string& log_id) = 0;
};

/// A folder in a store's own that backups use; what is left in it is removed when the store is opened.
inline constexpr std::string_view kStagingFolder = ".backup";

/// `files`, `clock` and `random` must outlive the store. Only one store may use a directory (os::lock_directory).
[[nodiscard]] std::unique_ptr<EmbeddedFrameLogs> embedded_store(os::FileSystem& files, std::string directory,
                                                                Clock& clock, Random& random,
                                                                EmbeddedOptions options = {});

}  // namespace penstock::framelog
