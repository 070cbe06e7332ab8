#include "sqlite_vfs.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace penstock::sim {
namespace {

struct OpenFile {
  os::SimFileSystem& files;
  std::string path;
  std::unique_ptr<os::File> file;
  bool name_is_new;  ///< a log's, which the next sync makes durable
};

/// SQLite allocates it.
struct SqliteFile {
  sqlite3_file base;
  OpenFile* open;
};

OpenFile& open_of(sqlite3_file* file) { return *reinterpret_cast<SqliteFile*>(file)->open; }
SqliteVfs& self_of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs*>(vfs->pAppData); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

int read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
  const std::span<char> into(static_cast<char*>(out), static_cast<std::size_t>(bytes));
  const auto got = open_of(file).file->pread(into, static_cast<std::uint64_t>(offset));
  if (!got.has_value()) return SQLITE_IOERR_READ;
  if (*got == into.size()) return SQLITE_OK;
  std::memset(into.data() + *got, 0, into.size() - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* in, int bytes, sqlite3_int64 offset) {
  OpenFile& open = open_of(file);
  const std::uint64_t refusals = open.files.no_space_count();
  const std::array<std::string_view, 1> parts = {
      std::string_view(static_cast<const char*>(in), static_cast<std::size_t>(bytes))};
  if (open.file->pwritev(parts, static_cast<std::uint64_t>(offset)).has_value()) return SQLITE_OK;
  return open.files.no_space_count() > refusals ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file* file, int) {
  OpenFile& open = open_of(file);
  if (!open.file->sync().has_value()) return SQLITE_IOERR_FSYNC;
  if (std::exchange(open.name_is_new, false)) static_cast<void>(open.files.sync_directory(folder_of(open.path)));
  return SQLITE_OK;
}

sqlite3_io_methods make_methods() {
  sqlite3_io_methods m{};
  m.iVersion = 1;  // neither shared memory nor mapped files
  m.xClose = [](sqlite3_file* file) {
    delete reinterpret_cast<SqliteFile*>(file)->open;
    return SQLITE_OK;
  };
  m.xRead = &read;
  m.xWrite = &write;
  m.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
    const auto done = open_of(file).file->truncate(static_cast<std::uint64_t>(size));
    return done.has_value() ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  };
  m.xSync = &sync;
  m.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
    const auto known = open_of(file).file->size();
    if (!known.has_value()) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(*known);
    return SQLITE_OK;
  };
  m.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
  m.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
  m.xCheckReservedLock = [](sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
  };
  m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
  m.xSectorSize = [](sqlite3_file*) { return 4096; };
  m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
  return m;
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  static const sqlite3_io_methods methods = make_methods();
  std::memset(file, 0, sizeof(SqliteFile));
  if (name == nullptr) return SQLITE_CANTOPEN;  // a temporary file: the catalog keeps those in memory
  os::SimFileSystem& files = self_of(vfs).files();
  auto opened = files.open(name, os::OpenMode::read_write);
  if (!opened.has_value() && opened.error().kind == ErrorKind::missing && (flags & SQLITE_OPEN_CREATE) != 0) {
    opened = files.open(name, os::OpenMode::create_new);
  }
  if (!opened.has_value()) return SQLITE_CANTOPEN;
  // Also of a log that is there: an earlier process may have ended before its name was durable.
  const bool is_log = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  reinterpret_cast<SqliteFile*>(file)->open = new OpenFile{.files = files,
                                                           .path = name,
                                                           .file = *std::move(opened),
                                                           .name_is_new = is_log && (flags & SQLITE_OPEN_CREATE) != 0};
  file->pMethods = &methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int and_sync) {
  os::SimFileSystem& files = self_of(vfs).files();
  if (const auto done = files.unlink(name); !done.has_value()) {
    return done.error().kind == ErrorKind::missing ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  if ((and_sync & 1) != 0 && !files.sync_directory(folder_of(name)).has_value()) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* out) {
  const auto opened = self_of(vfs).files().open(name, os::OpenMode::read);
  *out = opened.has_value() && (*opened)->size().value_or(0) > 0 ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int bytes, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  self_of(vfs).random().fill(std::as_writable_bytes(std::span(out, static_cast<std::size_t>(bytes))));
  return bytes;
}

}  // namespace

void begin_catalog_anew(os::SimFileSystem& files) {
  for (const char* end : {"", "-journal", "-wal"})
    static_cast<void>(files.unlink(std::string("data/catalog.sqlite3") + end));
}

SqliteVfs::SqliteVfs(os::SimFileSystem& files, std::uint64_t seed) : files_(files), random_(seed) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(SqliteFile);
  vfs_.mxPathname = 256;
  vfs_.zName = kName;
  vfs_.pAppData = this;
  vfs_.xOpen = &open_file;
  vfs_.xDelete = &remove_file;
  vfs_.xAccess = &access_file;
  vfs_.xFullPathname = &full_path;
  vfs_.xRandomness = &randomness;
  vfs_.xSleep = [](sqlite3_vfs*, int us) { return us; };
  vfs_.xCurrentTime = [](sqlite3_vfs*, double* days) {
    *days = 2460000.5;
    return SQLITE_OK;
  };
  vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  sqlite3_initialize();
  sqlite3_vfs_register(&vfs_, 1);
  sqlite3_randomness(0, nullptr);  // begins anew, from ours
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace penstock::sim
