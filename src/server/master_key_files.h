#pragma once
/// Where the master keys of encrypted streams are kept: in the file that the operator names, and in the data
/// directory's own, which is made when the first stream is encrypted and no file is named.

#include <memory>
#include <string>

#include "core/random.h"
#include "core/result.h"
#include "os/file_system.h"
#include "server/data_directory.h"
#include "stream/master_keys.h"

namespace penstock::server {

inline constexpr std::string_view kMasterKeysFile = "master-keys";

/// The keys of `named_file` (may be empty: none is named), then those of the data directory: what these wrapped stays
/// readable when a file is named later. The arguments outlive what is given.
/// Errors: invalid, missing, unavailable: a file that is named must be there and good; corrupt: the data directory's.
[[nodiscard]] Result<std::shared_ptr<stream::MasterKeys>> open_master_keys(const DataDirectory& directory,
                                                                           os::FileSystem& files,
                                                                           const std::string& named_file,
                                                                           Random& random);

}  // namespace penstock::server
