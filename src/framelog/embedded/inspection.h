#pragma once
/// Looks through a log that nobody has open, byte for byte, and salvages what is whole when it is told to.
///
/// Guarantee: inspect_log changes nothing. repair_log keeps every whole frame with its position and its bytes, and
/// after
///            it recover_log opens the log; a file that it replaces is kept beside it as NAME.damaged (NAME.damaged.2,
///            ...). Where frames were lost their positions stay lost: none is given out again.
/// Threads:   the caller holds the data directory: nobody else uses the log.
/// Errors:    missing (no such log), corrupt (the file "log" itself: without its salt nothing can be told apart),
///            unavailable.
/// Bounds:    kDamagesMax are described, all are counted.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/frame_log.h"
#include "os/file_system.h"

namespace penstock::framelog {

inline constexpr std::size_t kDamagesMax = 1000;

/// Bytes of a log that are not what was written.
struct Damage {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string what;
  std::uint64_t frames_whole = 0;  ///< between these bytes, that a repair keeps
  std::uint64_t frames_lost = 0;
  Position first_lost;          ///< the lost frames lie from here
  Position last_lost;           ///< to here; kBeforeAll: none is lost
  std::set<ShardIndex> shards;  ///< of the lost ones, as far as their headers tell
  std::uint64_t frames_of_unknown_shard = 0;
};

struct LogInspection {
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;  ///< whole ones
  std::uint64_t payload_bytes = 0;
  std::uint64_t frames_given_up = 0;  ///< lost, as an earlier repair noted
  std::uint64_t positions_leapt = 0;  ///< that a restore passed over
  std::uint64_t frames_lost = 0;
  std::uint64_t damage_count = 0;
  std::vector<Damage> damages;
  [[nodiscard]] bool is_whole() const { return damage_count == 0; }
};

Result<LogInspection> inspect_log(os::FileSystem& files, const std::string& directory);
/// Gives what it found, all of which is mended when it returns. Durable.
Result<LogInspection> repair_log(os::FileSystem& files, const std::string& directory);

}  // namespace penstock::framelog
