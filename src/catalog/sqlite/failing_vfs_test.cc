#include <sqlite3.h>

#include <cstring>

#include "catalog/sqlite/failing_vfs.h"

namespace penstock::catalog {
namespace {

DiskFaults faults;
sqlite3_vfs* real = nullptr;

/// SQLite allocates szOsFile bytes: this, then the real VFS's file.
struct FailingFile {
  sqlite3_file base;
  [[nodiscard]] sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<FailingFile*>(file)->inner(); }

sqlite3_io_methods make_methods() {
  sqlite3_io_methods m{};
  m.iVersion = 1;
  m.xClose = [](sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); };
  m.xRead = [](sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
    return inner(f)->pMethods->xRead(inner(f), out, n, at);
  };
  m.xWrite = [](sqlite3_file* f, const void* in, int n, sqlite3_int64 at) {
    if (faults.full) return SQLITE_FULL;
    return inner(f)->pMethods->xWrite(inner(f), in, n, at);
  };
  m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return inner(f)->pMethods->xTruncate(inner(f), size); };
  m.xSync = [](sqlite3_file* f, int flags) {
    if (faults.sync_fails) return SQLITE_IOERR_FSYNC;
    ++faults.syncs;
    return inner(f)->pMethods->xSync(inner(f), flags);
  };
  m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return inner(f)->pMethods->xFileSize(inner(f), size); };
  m.xLock = [](sqlite3_file* f, int level) { return inner(f)->pMethods->xLock(inner(f), level); };
  m.xUnlock = [](sqlite3_file* f, int level) { return inner(f)->pMethods->xUnlock(inner(f), level); };
  m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
    return inner(f)->pMethods->xCheckReservedLock(inner(f), out);
  };
  m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
    return inner(f)->pMethods->xFileControl(inner(f), op, arg);
  };
  m.xSectorSize = [](sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); };
  m.xDeviceCharacteristics = [](sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); };
  return m;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  static const sqlite3_io_methods methods = make_methods();
  std::memset(file, 0, sizeof(FailingFile));
  const int code = real->xOpen(real, name, inner(file), flags, out_flags);
  if (code == SQLITE_OK) file->pMethods = &methods;
  return code;
}

}  // namespace

DiskFaults& failing_vfs() {
  static sqlite3_vfs vfs = [] {
    real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real;
    made.zName = kFailingVfsName;
    made.szOsFile = static_cast<int>(sizeof(FailingFile)) + real->szOsFile;
    made.xOpen = &open_file;
    return made;
  }();
  sqlite3_vfs_register(&vfs, 0);
  return faults;
}

}  // namespace penstock::catalog
