#pragma once
/// Sequence numbers: where a record lies, as a decimal of 56 digits like AWS's. Pure.
/// Layout, 188 bits from the top: 2 (4 bits, keeps the number at 56 digits) | shard created, ms since 1970 (44) |
///         position (64) | index in frame (16) | shard index (32) | 0 (24) | 2 (4, layout version).
/// Order:  numbers of one shard grow with (position, index); those of a child are above all of its parents', because
///         a child is created later (StreamInfo keeps `created` growing along parents).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "framelog/frame_log.h"

namespace penstock::stream {

using framelog::Position;
using framelog::ShardIndex;

/// Above every position that a log gives; EndingSequenceNumber of a closed shard stands here.
inline constexpr Position kAfterAll{0x7fff'ffff'ffff'ffff};

struct SequenceNumber {
  Timestamp shard_created{};  ///< 0 <= ms < 2^44
  ShardIndex shard{};
  Position position{};
  std::uint16_t index = 0;
  bool operator==(const SequenceNumber&) const = default;
};

inline constexpr std::size_t kSequenceDigits = 56;

[[nodiscard]] std::string format_sequence_number(const SequenceNumber& number);
/// nullopt unless the text is exactly what format_sequence_number gives for some number.
[[nodiscard]] std::optional<SequenceNumber> parse_sequence_number(std::string_view decimal);

/// A number's decimal digits, without an allocation.
class SequenceText {
 public:
  SequenceText() { digits_.fill('0'); }
  explicit SequenceText(std::string_view digits);
  operator std::string_view() const { return {digits_.data(), digits_.size()}; }  // NOLINT: it is one
  [[nodiscard]] std::string str() const { return {digits_.data(), digits_.size()}; }

 private:
  std::array<char, kSequenceDigits> digits_;
};

/// The numbers of one frame's records, one after the other, faster than formatting each.
class SequenceWriter {
 public:
  /// `first`: the number that the first call of next() gives.
  explicit SequenceWriter(const SequenceNumber& first);
  /// Valid until the next call. At most 65,536 calls.
  [[nodiscard]] std::string_view next();

 private:
  std::array<std::uint64_t, 3> limbs_;  ///< base 10^19, highest first
  std::array<char, kSequenceDigits + 1> digits_{};
  bool started_ = false;
};

/// "shardId-000000000007"
[[nodiscard]] std::string format_shard_id(ShardIndex shard);
/// As AWS: digits, alone or behind a hyphen with anything before it ("shardId-7", "x-7"); nullopt otherwise or above
/// 2^31-1. What belongs to a shard is kept under format_shard_id, never under what a request called it.
[[nodiscard]] std::optional<ShardIndex> parse_shard_id(std::string_view id);

}  // namespace penstock::stream
