#pragma once
/// The embedded catalog: one SQLite file in WAL mode with synchronous=FULL, every document cached in memory.
/// Guarantee: a commit completes only after its transaction is in the write-ahead log and the log is synced. Commits
///            that arrive while one is being synced share the next transaction and its sync.
/// Threads:   one own thread does all file work (but see SqliteOptions::executor); reads never touch it.
/// Errors:    open: conflict = another process has the file open; corrupt = not a catalog, damaged, or of a newer
///            format; unavailable = the system refused.
///            commit: unavailable = not written (a full disk too: later commits work once there is room); throttled =
///            kQueuedCommitsMax or kQueuedBytesMax reached; outcome_unknown = the log could not be synced: it may
///            appear after the next start, and this catalog refuses every later commit with unavailable.
/// Format:    docs/formats/catalog.md.

#include <functional>
#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "os/file_system.h"

namespace penstock::catalog {

inline constexpr std::size_t kQueuedCommitsMax = 8192;
inline constexpr std::size_t kQueuedBytesMax = 64 * 1024 * 1024;

struct SqliteOptions {
  /// Name of the SQLite VFS to use; empty: the system's. Tests put failing disks here.
  std::string vfs;
  /// Where the file lies; null: the system's. Goes with `vfs`.
  os::FileSystem* files = nullptr;
  /// For simulation: no thread is made, the file work runs here, one piece at a time. The executor has run everything
  /// that was posted to it before the catalog is destroyed.
  Executor* executor = nullptr;
  /// When the write-ahead log has that many pages (4 KiB each), it is moved into the main file.
  int checkpoint_pages = 1000;
};

/// A catalog in a file of its own, which can be copied while it is in use.
class SqliteFileCatalog : public Catalog {
 public:
  /// Writes all documents, as one moment finds them, to a catalog file at `path`, which is new or empty and is not
  /// synced. No commit takes place from before `first` is called until the copy is made: commits wait, reads do not.
  /// `first` runs on the catalog's thread; when it fails, nothing is copied. Errors: those of `first`; unavailable =
  /// not copied (a full disk; `path` holds something; an earlier commit's outcome is
  ///         unknown): what is at `path` is of no use then, and the catalog goes on.
  virtual Task<Result<void>> copy_to(std::string path, std::function<Result<void>()> first) = 0;
};

[[nodiscard]] Result<std::unique_ptr<SqliteFileCatalog>> open_sqlite_catalog(const std::string& path,
                                                                             SqliteOptions options = {});

}  // namespace penstock::catalog
