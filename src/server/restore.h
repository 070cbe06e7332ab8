#pragma once
/// Makes a data directory of a backup (docs/adr/0007-backup-and-restore.md).
///
/// Guarantee: a directory that a server starts on, on disk when it returns, with every file of the backup as the
///            manifest describes it and every record and zip read (unless `check` is off). No sequence number that was
///            given after the backup was made is given again. On failure what was written is removed again; what a
///            power loss leaves is marked by the file `restoring`, and nothing starts on it. The backup is only read.
/// Threads:   it blocks; the caller sees to it that nobody else uses the two folders.
/// Errors:    missing (no backup: there is no manifest), corrupt (damaged, or of a newer Penstock), conflict (the
///            target is not empty), invalid, unavailable, or what `on_progress` gives.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "os/file_system.h"
#include "server/backup.h"

namespace penstock::server {

struct RestoreOptions {
  bool link = false;  ///< where the disk allows, sealed segments and zips are shared with the backup
  bool check = true;  ///< compares with the manifest, and reads every record
};

struct RestoreReport {
  std::string target;
  Timestamp made{};  ///< the backup
  std::uint64_t streams = 0;
  std::uint64_t log_groups = 0;
  std::uint64_t zips = 0;  ///< of functions and layers
  std::uint64_t bucket_files = 0;
  std::uint64_t frames = 0;  ///< read and found whole
  std::uint64_t bytes = 0;
  std::vector<std::string> master_keys_elsewhere;
};

/// Both are absolute paths.
Result<RestoreReport> restore_backup(os::FileSystem& files, const std::string& backup, const std::string& target,
                                     const RestoreOptions& options, const OnBackupProgress& on_progress);

/// As `penstock restore --json` prints it.
[[nodiscard]] std::string render_report(const RestoreReport& report);

/// Errors: conflict = a server must not run on it: a backup itself, or what an unfinished restore left.
[[nodiscard]] Result<void> refuse_backups(os::FileSystem& files, const std::string& data_dir);

}  // namespace penstock::server
