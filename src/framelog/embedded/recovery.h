#pragma once
/// Opens what a log left on disk, after whatever ended it. docs/formats/frame-log.md states and argues the rule; in
/// short: a group is kept whole or not at all; bytes that stop being groups are a torn tail, and are cut, unless some
/// later group says that it was written after they were durable: then they are corrupt, and the log does not open.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/segment_file.h"
#include "os/file_system.h"

namespace penstock::framelog {

struct RecoveredLog {
  std::uint64_t salt = 0;
  std::vector<std::shared_ptr<Segment>> segments;  ///< oldest first, each with at least one group
  std::map<ShardIndex, ShardTip> tips;
  std::uint64_t next_segment = 1;
  std::uint64_t next_sequence = 1;
  std::uint64_t next_position = 1;
  std::uint64_t proven_segment = 0;  ///< everything before this place is durable now
  std::uint64_t proven_end = 0;
};

/// Errors: missing (no such log), corrupt (names the segment and the offset), unavailable.
Result<RecoveredLog> recover_log(os::FileSystem& files, const std::string& directory);

}  // namespace penstock::framelog
