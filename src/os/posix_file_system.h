#pragma once
/// The real disk.
/// Threads: any. Errors: as file_system.h says; messages carry the path and what the system said.

#include <memory>
#include <string>

#include "core/result.h"
#include "os/file_system.h"

namespace penstock::os {

[[nodiscard]] std::unique_ptr<FileSystem> posix_file_system();

/// Holds a folder for this process until it is destroyed (also when the process dies, however it dies).
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// Takes the lock of a folder that exists, by flock on its file "lock".
/// Errors: conflict when another process (or another lock of this one) holds it; missing; unavailable.
[[nodiscard]] Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& directory);

}  // namespace penstock::os
