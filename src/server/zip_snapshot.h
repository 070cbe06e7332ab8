#pragma once
/// Hold of the zips of functions and layers as one moment finds them, while the server goes on: `take` is quick, by
/// hard links where the disk allows; `finish` then copies what could not be linked. A zip never changes, but goes when
/// no document names it any more.
///
/// Guarantee: every zip that a document of the catalog names while `take` runs (the caller sees to it that the catalog
///            stands still) is in the target, durable but for the names of the folders above it.
/// Order:     take, bytes_to_copy, finish. Destruction removes what was staged; the target is the caller's to clear.
/// Threads:   one at a time. Errors: unavailable (a full disk, too many files), or what `on_bytes` gives.
/// Bounds:    on a file system without links a handle for each zip, framelog::kHeldFilesMax.

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/log_snapshot.h"
#include "os/file_system.h"
#include "server/backup_manifest.h"

namespace penstock::server {

class ZipSnapshot {
 public:
  /// Folders. `staging` is one of this snapshot's own, on the disk of `source`; it may be empty when nothing in
  /// `source` goes away.
  ZipSnapshot(os::FileSystem& files, std::string source, std::string target, std::string staging)
      : files_(files), source_(std::move(source)), target_(std::move(target)), staging_(std::move(staging)) {}
  ~ZipSnapshot();
  ZipSnapshot(const ZipSnapshot&) = delete;
  ZipSnapshot& operator=(const ZipSnapshot&) = delete;

  Result<void> take();
  /// Bytes that `finish` will have to copy.
  [[nodiscard]] Result<std::uint64_t> bytes_to_copy() const;
  /// Names are relative to the backup.
  Result<std::vector<BackupFile>> finish(const framelog::OnBytes& on_bytes);

 private:
  struct Held {
    std::string name;
    bool linked = false;             ///< it lies in the target
    std::string path;                ///< else: where it lies
    std::unique_ptr<os::File> file;  ///< or this
  };

  Result<void> hold(const std::string& name);
  /// Whether the zip is linked into `folder`; nothing when the disk has no such links.
  Result<bool> link_to(const std::string& folder, const std::string& name, bool& possible);

  os::FileSystem& files_;
  const std::string source_;
  const std::string target_;
  const std::string staging_;
  bool links_to_target_ = true;
  bool links_to_staging_ = true;
  std::vector<Held> held_;
};

}  // namespace penstock::server
