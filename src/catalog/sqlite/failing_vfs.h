#pragma once
/// For tests: the system's SQLite VFS under another name, whose writes and syncs can be made to fail.

#include <atomic>

namespace penstock::catalog {

struct DiskFaults {
  std::atomic<bool> full = false;  ///< writes fail as on a full disk
  std::atomic<bool> sync_fails = false;
  std::atomic<int> syncs = 0;
};

inline constexpr const char* kFailingVfsName = "penstock-failing";

/// Registers the VFS on the first call.
DiskFaults& failing_vfs();

}  // namespace penstock::catalog
