#pragma once
/// Backs up the data directory of the server that runs, while it runs. One at a time (conflict otherwise).
/// Guarantee: as backup.h says; puts and reads go on throughout, changes of the catalog wait for its copy alone.
/// Threads:   any; it blocks.

#include <atomic>
#include <string>

#include "catalog/sqlite/sqlite_catalog.h"
#include "core/clock.h"
#include "framelog/embedded/embedded_store.h"
#include "os/file_system.h"
#include "server/control.h"

namespace penstock::server {

class LiveBackup {
 public:
  /// All outlive the object. `outputs`: the store of log groups and of asynchronous invocations.
  LiveBackup(os::FileSystem& files, const Clock& clock, std::string data_dir, catalog::SqliteFileCatalog& catalog,
             framelog::EmbeddedFrameLogs& streams, framelog::EmbeddedFrameLogs& outputs)
      : files_(files),
        clock_(clock),
        data_dir_(std::move(data_dir)),
        catalog_(catalog),
        streams_(streams),
        outputs_(outputs) {}

  Result<BackupReport> run(const ControlRequest& request, const ControlSay& say);

 private:
  os::FileSystem& files_;
  const Clock& clock_;
  const std::string data_dir_;
  catalog::SqliteFileCatalog& catalog_;
  framelog::EmbeddedFrameLogs& streams_;
  framelog::EmbeddedFrameLogs& outputs_;
  std::atomic<bool> is_running_ = false;
};

}  // namespace penstock::server
