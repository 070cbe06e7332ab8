#pragma once
/// Makes a log go on far ahead of where it ended, for a log that was restored: whatever positions the lost one gave
/// after the backup are not given again, and a reader that stands among them waits for what comes, missing nothing.
/// Threads: the caller holds the data directory: nobody else uses the log.

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/frame_log.h"
#include "os/file_system.h"

namespace penstock::framelog {

/// 2^40 but 256: ten million frames a second for a day, a thousand for 34 years. 2^23 leaps fit into a log.
inline constexpr std::uint64_t kLeapPositions = std::uint64_t{256} * UINT32_MAX;

/// Adds two sealed segments, docs/formats/frame-log.md "Leap". `shards`: those that take frames; their tips are the
/// last position that was leapt over, so that every position of the lost log is known as one of theirs.
/// Guarantee: durable when it returns; after a failure or a power loss the log may have leapt or not.
/// Errors:    missing, corrupt (as recover_log), unavailable. Gives the position that came next before the leap.
Result<std::uint64_t> leap_positions(os::FileSystem& files, const std::string& directory,
                                     const std::vector<ShardIndex>& shards);

}  // namespace penstock::framelog
