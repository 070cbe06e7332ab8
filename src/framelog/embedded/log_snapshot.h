#pragma once
/// Copies of logs that are in use: `take` is quick and gets hold of every file of a log as one moment finds it, by hard
/// links where the disk allows; `finish` then copies what could not be linked.
///
/// Guarantee: what `finish` leaves is a folder for each log that recover_log opens, with every frame that was durable
///            when `take` was called and that retention has not dropped since; all of it is durable but for the names
///            of the logs' folders in `target`. What is linked is never written by anybody again: a sealed segment.
///            The logs that are copied are not changed; only `staging` is used beside them.
/// Order:     take (any number of logs), finish once. Destruction empties `staging`; `target` is the caller's to clear.
/// Threads:   one at a time. Errors: unavailable (a full disk, too many files), or what `on_bytes` gives.
/// Bounds:    a handle for each segment that is not sealed, or, on a file system without links, of every segment, at
///            most kHeldFilesMax; pieces of kPieceBytes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/log_cut.h"
#include "os/file_system.h"

namespace penstock::framelog {

inline constexpr std::size_t kHeldFilesMax = 4096;
inline constexpr std::size_t kPieceBytes = 1U << 20U;

struct SnapshotFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> crc32c;  ///< of what was copied; linked files are not read
};

struct SnapshotLog {
  std::string id;
  std::uint64_t next_position = 0;  ///< of the frame that comes next; 0: not known
  std::vector<SnapshotFile> files;
};

/// The current cut of a log; nothing when the log is gone.
using CutNow = std::function<Result<std::optional<LogCut>>()>;
/// Called after each piece that was written, with its size; an error ends the copying.
using OnBytes = std::function<Result<void>(std::uint64_t bytes)>;

class LogSnapshot {
 public:
  /// `staging`, on the disk of the logs, is used when `target` is on another one; of logs that are all quiet it may be
  /// empty.
  LogSnapshot(os::FileSystem& files, std::string target, std::string staging, bool may_link = true)
      : files_(files), target_(std::move(target)), staging_(std::move(staging)), links_to_target_(may_link) {}
  ~LogSnapshot();
  LogSnapshot(const LogSnapshot&) = delete;
  LogSnapshot& operator=(const LogSnapshot&) = delete;

  /// Fine if the log is gone: then there is nothing of it in the snapshot.
  Result<void> take(const std::string& log_id, const CutNow& cut_now);
  /// Bytes that `finish` will have to copy.
  [[nodiscard]] std::uint64_t bytes_to_copy() const;
  Result<std::vector<SnapshotLog>> finish(const OnBytes& on_bytes);

 private:
  /// A file that a log had at the time of its cut.
  struct Held {
    std::string name;
    std::uint64_t bytes = 0;
    bool linked = false;             ///< it lies in the target
    std::string path;                ///< else: where it lies
    bool staged = false;             ///< in the staging folder
    std::shared_ptr<os::File> file;  ///< or this
  };
  struct Taken {
    SnapshotLog log;
    std::string log_file;  ///< the contents of "log"
    std::vector<Held> held;
  };

  Result<void> hold(Taken& taken, const CutSegment& segment, bool quiet);
  Result<void> hold_file(Held& held, std::shared_ptr<os::File> file);
  Result<bool> hold_current(Taken& taken, CutSegment segment, bool quiet, const CutNow& cut_now);
  Result<SnapshotFile> settle(const std::string& folder, const Held& held, const OnBytes& on_bytes);

  os::FileSystem& files_;
  const std::string target_;
  const std::string staging_;
  bool links_to_target_;
  bool links_to_staging_ = true;
  std::size_t held_files_ = 0;
  std::vector<Taken> logs_;
};

/// Copies `bytes` of a file to a new one, which is durable then (its name is not). Gives the checksum of what was
/// copied. Errors: unavailable (also when `from` is shorter), or what `on_bytes` gives.
Result<std::uint32_t> copy_file(os::FileSystem& files, os::File& from, std::uint64_t bytes, const std::string& to,
                                const OnBytes& on_bytes);

/// Of the first `bytes` of a file. Errors: unavailable (also when it is shorter).
Result<std::uint32_t> checksum_of(os::File& file, std::uint64_t bytes);

/// Removes the folders of a folder with the files in them, and the folder itself; what cannot be removed stays.
void remove_log_folders(os::FileSystem& files, const std::string& directory);

}  // namespace penstock::framelog
