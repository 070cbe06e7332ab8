#pragma once
/// The bytes of a log on disk: docs/formats/frame-log.md is their description, format_test.cc holds it against this.
/// Everything here is pure: structs to bytes and back. All numbers are little endian.
/// Threads: any. Errors: decoding gives nothing when a magic, version or checksum is wrong; it never reads past its
/// input.

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "framelog/frame_log.h"

namespace penstock::framelog {

inline constexpr std::size_t kLogFileBytes = 64;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::uint64_t kDataStart = 512;  ///< the first group of a segment
inline constexpr std::size_t kGroupHeaderBytes = 64;
inline constexpr std::uint64_t kGroupAlign = 64;
inline constexpr std::size_t kFrameHeaderBytes = 32;
inline constexpr std::uint64_t kFrameAlign = 8;
inline constexpr std::size_t kTipBytes = 24;
inline constexpr std::size_t kTrailerBytes = 64;

[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

/// What the file "log" holds: a random number that makes this log's checksums unlike any other log's.
struct LogFile {
  std::uint64_t salt = 0;
};
[[nodiscard]] std::string encode_log_file(const LogFile& log);
[[nodiscard]] std::optional<LogFile> decode_log_file(std::string_view bytes);

/// Every checksum of a segment starts from this, so that bytes of another segment or log are never taken for its own.
[[nodiscard]] std::uint32_t segment_seed(std::uint64_t salt, std::uint64_t segment);

[[nodiscard]] std::string encode_segment_header(std::uint32_t seed, std::uint64_t segment);
[[nodiscard]] bool segment_header_is_good(std::uint32_t seed, std::uint64_t segment, std::string_view bytes);

enum class GroupKind : std::uint32_t {
  frames = 0,  ///< the body is frames
  mark = 1,    ///< the body is the tip of every shard; it proves what lies before it
  lost = 2,    ///< stands where a repair found nothing readable; `count` positions went with it, the body is nothing
  sorted = 3,  ///< the body is all frames of the segment, by shard and position; behind the last of them a hole
};

struct GroupHeader {
  std::uint64_t sequence = 0;        ///< grows by one from group to group of a log
  std::uint64_t first_position = 0;  ///< of its first frame; in a mark the position that comes next
  std::uint64_t proven_segment = 0;  ///< everything in this segment before `proven_end` was durable
  std::uint64_t proven_end = 0;      ///< when this group was written
  std::uint32_t body_bytes = 0;      ///< without this header and without the padding behind
  std::uint32_t count = 0;           ///< frames, or tips
  GroupKind kind = GroupKind::frames;
  std::uint32_t body_crc = 0;  ///< of a mark's tips; frames have their own; lost: kLeap, or 0
};
/// In the place of a lost group's checksum: no frame ever had these positions, a restore leaps over them.
inline constexpr std::uint32_t kLeap = 1;
void encode_group_header(std::uint32_t seed, const GroupHeader& header, char* out);
[[nodiscard]] std::optional<GroupHeader> decode_group_header(std::uint32_t seed, std::string_view bytes);
/// The position that comes behind the group.
[[nodiscard]] constexpr std::uint64_t position_after(const GroupHeader& header) {
  return header.first_position + (header.kind == GroupKind::mark ? 0 : header.count);
}
/// Where the group that starts at `offset` ends, padding included.
[[nodiscard]] std::uint64_t group_end(std::uint64_t offset, const GroupHeader& header);

struct FrameHeader {
  std::uint32_t payload_crc = 0;  ///< not seeded: made before the segment is known; the header, which is, holds it
  std::uint32_t length = 0;
  bool last_of_group = false;
  bool lost = false;  ///< stands, with zeros as payload, for a frame that a repair could not read
  std::uint32_t shard = 0;
  std::uint64_t position = 0;
  std::int64_t time_ms = 0;
};
void encode_frame_header(std::uint32_t seed, const FrameHeader& header, char* out);
[[nodiscard]] std::optional<FrameHeader> decode_frame_header(std::uint32_t seed, std::string_view bytes);
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::uint64_t payload_bytes) {
  return kFrameHeaderBytes + align_up(payload_bytes, kFrameAlign);
}

/// The newest frame of a shard.
struct ShardTip {
  ShardIndex shard;
  Position position;
  Timestamp time;
};
void encode_tip(const ShardTip& tip, char* out);
[[nodiscard]] ShardTip decode_tip(const char* bytes);

/// The last bytes of a sealed segment.
struct Trailer {
  std::uint64_t data_end = 0;
  std::uint64_t index_bytes = 0;  ///< the index lies from data_end on
  std::uint32_t index_crc = 0;
  std::uint64_t next_sequence = 0;
  std::uint64_t next_position = 0;
};
[[nodiscard]] std::string encode_trailer(std::uint32_t seed, const Trailer& trailer);
[[nodiscard]] std::optional<Trailer> decode_trailer(std::uint32_t seed, std::string_view bytes);

/// Nothing, unless `bytes` are a whole log file, segment header or trailer of a later version than this program's: then
/// an error (corrupt) that says so of `what`.
[[nodiscard]] Result<void> refuse_newer(std::string_view bytes, std::uint32_t seed, std::string_view what);

/// "00000000000000a7.seg", and back.
[[nodiscard]] std::string segment_name(std::uint64_t segment);
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);
/// "00000000000000a7.sorted", and back: the segment was written anew, sorted by shard. It stands for the one above.
[[nodiscard]] std::string sorted_segment_name(std::uint64_t segment);
[[nodiscard]] std::optional<std::uint64_t> parse_sorted_segment_name(std::string_view name);
/// Behind the name of a sorted segment that is still being written.
inline constexpr std::string_view kSortingSuffix = ".new";

/// Fixed-width little-endian numbers.
template <class T>
void store_number(char* at, T value) {
  static_assert(std::endian::native == std::endian::little);
  __builtin_memcpy(at, &value, sizeof value);
}
template <class T>
[[nodiscard]] T load_number(const char* at) {
  T value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace penstock::framelog
