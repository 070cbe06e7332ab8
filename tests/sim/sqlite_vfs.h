#pragma once
/// SQLite's files on the simulated disk. It does what SQLite's own VFS for Unix does, also where that is lenient: a new
/// log's name is made durable at its first sync, and nobody hears of it when that fails.
/// Threads: one. While one lives it is SQLite's default, so that SQLite's random numbers come from the seed too.

#include <sqlite3.h>

#include "core/random.h"
#include "os/sim_file_system.h"

namespace penstock::sim {

class SqliteVfs {
 public:
  static constexpr const char* kName = "penstock-sim";
  /// `files` outlives it.
  SqliteVfs(os::SimFileSystem& files, std::uint64_t seed);
  ~SqliteVfs();
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;

  [[nodiscard]] os::SimFileSystem& files() { return files_; }
  [[nodiscard]] Random& random() { return random_; }

 private:
  os::SimFileSystem& files_;
  SeededRandom random_;
  sqlite3_vfs vfs_{};
};

/// The one case that SQLite leaves behind: while the catalog's file was made, before anything could be acknowledged, a
/// failed sync of the folder went unnoticed, and then the power went. Somebody must remove the files.
[[nodiscard]] inline bool was_cut_short(const Error& error) { return error.kind == ErrorKind::corrupt; }
void begin_catalog_anew(os::SimFileSystem& files);

}  // namespace penstock::sim
