#pragma once
/// Which start of the machine this is: files that were not synced may be torn after another one.

#include <string>

#include "core/random.h"
#include "os/file_system.h"

namespace penstock::server {

/// The kernel's id of the boot; where it cannot be read, a text that was never there before. [a-f0-9-]+
[[nodiscard]] std::string boot_id(os::FileSystem& files, Random& random);

}  // namespace penstock::server
