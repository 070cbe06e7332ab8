#pragma once
/// The files below `buckets/`: records that the server writes there, each whole under its name and never changed by it
/// again, and zips that people lay there and change as they like. So they are copied, not linked.
/// Threads: any.

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/log_snapshot.h"
#include "os/file_system.h"
#include "server/backup_manifest.h"

namespace penstock::server {

inline constexpr std::size_t kBucketFilesMax = 1'000'000;

struct BucketFile {
  std::string name;  ///< "BUCKET/KEY"
  std::uint64_t bytes = 0;
};

/// Every file, sorted. `folder` and the buckets in it may be symbolic links to folders; other links, pipes and the like
/// are not given, nor what the server has not finished writing. Fine if there is no such folder.
/// Errors: invalid (a name that no manifest can hold, more than kBucketFilesMax), unavailable.
[[nodiscard]] Result<std::vector<BucketFile>> list_bucket_files(os::FileSystem& files, const std::string& folder);

/// Copies them to the folder `target`, durable with the names of all folders below it. What somebody removed
/// meanwhile is left out. Errors: unavailable (also a file that is changed all the time), or what `on_bytes` gives.
Result<std::vector<BackupFile>> copy_bucket_files(os::FileSystem& files, const std::string& folder,
                                                  const std::vector<BucketFile>& wanted, const std::string& target,
                                                  const framelog::OnBytes& on_bytes);

}  // namespace penstock::server
