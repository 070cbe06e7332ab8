#include "framelog/embedded/format.h"

#include <fmt/format.h>

#include <array>

#include "framelog/embedded/crc32c.h"

namespace penstock::framelog {
namespace {

constexpr std::string_view kLogMagic = "PNSTKLOG";
constexpr std::string_view kSegmentMagic = "PNSTKSEG";
constexpr std::string_view kTrailerMagic = "PNSTKIDX";
constexpr std::string_view kGroupMagic = "PGRP";
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kSortedSuffix = ".sorted";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kLastOfGroup = 1U << 31U;
constexpr std::uint32_t kLost = 1U << 30U;

// The log file, the segment header and the trailer begin alike: magic (8 bytes), checksum of bytes 12..63, version.
constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kBlockChecked = 12;

std::string finish_block(std::string block, std::string_view magic, std::uint32_t seed) {
  block.replace(0, magic.size(), magic);
  store_number(block.data() + 12, kVersion);
  store_number(block.data() + 8, crc32c(std::string_view(block).substr(kBlockChecked), seed));
  return block;
}

bool block_is_good(std::string_view block, std::string_view magic, std::uint32_t seed) {
  return block.size() == kBlockBytes && block.starts_with(magic) &&
         load_number<std::uint32_t>(block.data() + 8) == crc32c(block.substr(kBlockChecked), seed) &&
         load_number<std::uint32_t>(block.data() + 12) == kVersion;
}

/// Sixteen hex digits and the suffix.
std::optional<std::uint64_t> parse_name(std::string_view name, std::string_view suffix) {
  if (name.size() != 16 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t segment = 0;
  for (const char c : name.substr(0, 16)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    segment = segment << 4U | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return segment;
}

}  // namespace

std::string encode_log_file(const LogFile& log) {
  std::string block(kLogFileBytes, '\0');
  store_number(block.data() + 16, log.salt);
  return finish_block(std::move(block), kLogMagic, 0);
}

std::optional<LogFile> decode_log_file(std::string_view bytes) {
  if (!block_is_good(bytes, kLogMagic, 0)) return std::nullopt;
  return LogFile{.salt = load_number<std::uint64_t>(bytes.data() + 16)};
}

Result<void> refuse_newer(std::string_view bytes, std::uint32_t seed, std::string_view what) {
  const bool known =
      bytes.starts_with(kLogMagic) || bytes.starts_with(kSegmentMagic) || bytes.starts_with(kTrailerMagic);
  if (bytes.size() != kBlockBytes || !known) return {};
  if (load_number<std::uint32_t>(bytes.data() + 8) != crc32c(bytes.substr(kBlockChecked), seed)) return {};
  const auto version = load_number<std::uint32_t>(bytes.data() + 12);
  if (version <= kVersion) return {};
  return fail(ErrorKind::corrupt, fmt::format("{} was made by a newer Penstock: it has version {}, this program knows "
                                              "version {}",
                                              what, version, kVersion));
}

std::uint32_t segment_seed(std::uint64_t salt, std::uint64_t segment) {
  std::array<char, 16> bytes{};
  store_number(bytes.data(), salt);
  store_number(bytes.data() + 8, segment);
  return crc32c(std::string_view(bytes.data(), bytes.size()));
}

std::string encode_segment_header(std::uint32_t seed, std::uint64_t segment) {
  std::string block(kSegmentHeaderBytes, '\0');
  store_number(block.data() + 16, segment);
  return finish_block(std::move(block), kSegmentMagic, seed);
}

bool segment_header_is_good(std::uint32_t seed, std::uint64_t segment, std::string_view bytes) {
  return block_is_good(bytes, kSegmentMagic, seed) && load_number<std::uint64_t>(bytes.data() + 16) == segment;
}

void encode_group_header(std::uint32_t seed, const GroupHeader& header, char* out) {
  kGroupMagic.copy(out, kGroupMagic.size());
  store_number(out + 8, header.sequence);
  store_number(out + 16, header.first_position);
  store_number(out + 24, header.proven_segment);
  store_number(out + 32, header.proven_end);
  store_number(out + 40, header.body_bytes);
  store_number(out + 44, header.count);
  store_number(out + 48, static_cast<std::uint32_t>(header.kind));
  store_number(out + 52, header.body_crc);
  store_number(out + 56, std::uint64_t{0});
  store_number(out + 4, crc32c(std::string_view(out + 8, kGroupHeaderBytes - 8), seed));
}

std::optional<GroupHeader> decode_group_header(std::uint32_t seed, std::string_view bytes) {
  if (bytes.size() != kGroupHeaderBytes || !bytes.starts_with(kGroupMagic)) return std::nullopt;
  const char* at = bytes.data();
  if (load_number<std::uint32_t>(at + 4) != crc32c(bytes.substr(8), seed)) return std::nullopt;
  const auto kind = load_number<std::uint32_t>(at + 48);
  if (kind > static_cast<std::uint32_t>(GroupKind::sorted)) return std::nullopt;
  return GroupHeader{.sequence = load_number<std::uint64_t>(at + 8),
                     .first_position = load_number<std::uint64_t>(at + 16),
                     .proven_segment = load_number<std::uint64_t>(at + 24),
                     .proven_end = load_number<std::uint64_t>(at + 32),
                     .body_bytes = load_number<std::uint32_t>(at + 40),
                     .count = load_number<std::uint32_t>(at + 44),
                     .kind = static_cast<GroupKind>(kind),
                     .body_crc = load_number<std::uint32_t>(at + 52)};
}

std::uint64_t group_end(std::uint64_t offset, const GroupHeader& header) {
  return align_up(offset + kGroupHeaderBytes + header.body_bytes, kGroupAlign);
}

void encode_frame_header(std::uint32_t seed, const FrameHeader& header, char* out) {
  store_number(out + 4, header.payload_crc);
  store_number(out + 8, header.length | (header.last_of_group ? kLastOfGroup : 0U) | (header.lost ? kLost : 0U));
  store_number(out + 12, header.shard);
  store_number(out + 16, header.position);
  store_number(out + 24, header.time_ms);
  store_number(out, crc32c(std::string_view(out + 4, kFrameHeaderBytes - 4), seed));
}

std::optional<FrameHeader> decode_frame_header(std::uint32_t seed, std::string_view bytes) {
  if (bytes.size() != kFrameHeaderBytes) return std::nullopt;
  const char* at = bytes.data();
  if (load_number<std::uint32_t>(at) != crc32c(bytes.substr(4), seed)) return std::nullopt;
  const auto length = load_number<std::uint32_t>(at + 8);
  FrameHeader header{.payload_crc = load_number<std::uint32_t>(at + 4),
                     .length = length & ~(kLastOfGroup | kLost),
                     .last_of_group = (length & kLastOfGroup) != 0,
                     .lost = (length & kLost) != 0,
                     .shard = load_number<std::uint32_t>(at + 12),
                     .position = load_number<std::uint64_t>(at + 16),
                     .time_ms = load_number<std::int64_t>(at + 24)};
  if (header.length == 0 || header.length > kFrameBytesMax) return std::nullopt;
  return header;
}

void encode_tip(const ShardTip& tip, char* out) {
  store_number(out, tip.shard.get());
  store_number(out + 4, std::uint32_t{0});
  store_number(out + 8, tip.position.get());
  store_number(out + 16, to_unix_ms(tip.time));
}

ShardTip decode_tip(const char* bytes) {
  return {.shard = ShardIndex(load_number<std::uint32_t>(bytes)),
          .position = Position(load_number<std::uint64_t>(bytes + 8)),
          .time = from_unix_ms(load_number<std::int64_t>(bytes + 16))};
}

std::string encode_trailer(std::uint32_t seed, const Trailer& trailer) {
  std::string block(kTrailerBytes, '\0');
  store_number(block.data() + 16, trailer.data_end);
  store_number(block.data() + 24, trailer.index_bytes);
  store_number(block.data() + 32, trailer.next_sequence);
  store_number(block.data() + 40, trailer.next_position);
  store_number(block.data() + 48, trailer.index_crc);
  return finish_block(std::move(block), kTrailerMagic, seed);
}

std::optional<Trailer> decode_trailer(std::uint32_t seed, std::string_view bytes) {
  if (!block_is_good(bytes, kTrailerMagic, seed)) return std::nullopt;
  const char* at = bytes.data();
  return Trailer{.data_end = load_number<std::uint64_t>(at + 16),
                 .index_bytes = load_number<std::uint64_t>(at + 24),
                 .index_crc = load_number<std::uint32_t>(at + 48),
                 .next_sequence = load_number<std::uint64_t>(at + 32),
                 .next_position = load_number<std::uint64_t>(at + 40)};
}

std::string segment_name(std::uint64_t segment) { return fmt::format("{:016x}{}", segment, kSegmentSuffix); }
std::string sorted_segment_name(std::uint64_t segment) { return fmt::format("{:016x}{}", segment, kSortedSuffix); }

std::optional<std::uint64_t> parse_segment_name(std::string_view name) { return parse_name(name, kSegmentSuffix); }
std::optional<std::uint64_t> parse_sorted_segment_name(std::string_view name) {
  return parse_name(name, kSortedSuffix);
}

}  // namespace penstock::framelog
