#pragma once
/// Makes a backup of a data directory, whether a server runs on it or not (docs/adr/0007-backup-and-restore.md).
///
/// Guarantee: a target with a manifest is whole and on disk, and holds everything that was acknowledged before the call
///            and that retention has not dropped. Catalog, logs and zips are of one moment; what lies in buckets is at
///            least as new. On failure what was written is
///            removed again; whatever is left of it has no manifest. The data directory is only read.
/// Threads:   it blocks; one at a time for a data directory (the caller's part).
/// Errors:    invalid (a target that cannot be one), conflict (it is not empty), unavailable (a full disk), corrupt
///            (the catalog), or what `on_progress` gives.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "framelog/embedded/log_cut.h"
#include "os/file_system.h"
#include "server/backup_manifest.h"

namespace penstock::server {

/// What is backed up, and how it is reached.
struct BackupSource {
  os::FileSystem& files;
  const Clock& clock;
  std::string data_dir;
  /// Calls `first`, then writes the catalog to a new file; nothing of the catalog changes from before `first` on.
  std::function<Result<void>(const std::string& path, const std::function<Result<void>()>& first)> copy_catalog;
  /// `folder`: one of kLogFolders.
  std::function<Result<std::optional<framelog::LogCut>>(std::string_view folder, const std::string& log_id)> cut_log;
  /// Somebody else needs the disk: copying pauses as long as it works.
  bool is_busy = false;
};

struct BackupProgress {
  std::uint64_t bytes_copied = 0;
  std::uint64_t bytes_to_copy = 0;
};
/// An error ends the backup. Called at least for each piece that is copied.
using OnBackupProgress = std::function<Result<void>(const BackupProgress&)>;

inline constexpr std::size_t kLostCodeMax = 100;

struct BackupReport {
  std::string target;
  std::uint64_t streams = 0;
  std::uint64_t log_groups = 0;
  std::uint64_t zips = 0;  ///< of functions and layers
  std::uint64_t bucket_files = 0;
  std::uint64_t bytes = 0;         ///< of everything in it
  std::uint64_t bytes_copied = 0;  ///< the rest shares the disk with the data directory
  std::vector<std::string> master_keys_elsewhere;
  /// "function NAME", "layer NAME": what the catalog refers to was lost before; at most kLostCodeMax.
  std::vector<std::string> lost_code{};
};

/// `target` is an absolute path.
Result<BackupReport> make_backup(const BackupSource& source, const std::string& target,
                                 const OnBackupProgress& on_progress);

/// Whether a server (or another command) holds the directory now.
[[nodiscard]] bool is_held(const std::string& data_dir);

/// Of a directory that no server uses. Errors: also conflict = a server runs on it; missing = it is no data directory.
Result<BackupReport> back_up_stopped(os::FileSystem& files, const Clock& clock, const std::string& data_dir,
                                     const std::string& target, const OnBackupProgress& on_progress);

}  // namespace penstock::server
