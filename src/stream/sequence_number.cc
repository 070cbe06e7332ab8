#include "stream/sequence_number.h"

#include <fmt/format.h>

#include "core/result.h"

namespace penstock::stream {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kLimb = 10'000'000'000'000'000'000U;  // 10^19
constexpr int kLimbDigits = 19;
constexpr int kHighDigits = static_cast<int>(kSequenceDigits) - 2 * kLimbDigits;
constexpr std::uint64_t kLowTag = 2;
constexpr std::uint64_t kHighTag = 2;
constexpr int kCreatedBits = 44;
constexpr std::uint64_t kIndexStep = std::uint64_t{1} << 60U;

/// 192 bits, highest word first: tag and created (48 bits), position (64), index, shard, reserved, version (76).
using Bits = std::array<std::uint64_t, 3>;

Bits to_bits(const SequenceNumber& n) {
  const auto created = static_cast<std::uint64_t>(to_unix_ms(n.shard_created));
  PENSTOCK_ASSERT(created < std::uint64_t{1} << kCreatedBits);
  const std::uint64_t position = n.position.get();
  const std::uint64_t index = n.index;
  const Bits bits = {
      // bits 187..124 and so on, packed so that the number has 188 bits
      kHighTag << 56U | created << 12U | position >> 52U,
      position << 12U | index >> 4U,
      index << 60U | static_cast<std::uint64_t>(n.shard.get()) << 28U | kLowTag,
  };
  return bits;
}

std::array<std::uint64_t, 3> to_limbs(Bits bits) {
  std::array<std::uint64_t, 3> limbs{};
  for (int limb = 2; limb > 0; --limb) {
    std::uint64_t rest = 0;
    for (std::uint64_t& word : bits) {
      const Wide dividend = static_cast<Wide>(rest) << 64U | word;
      word = static_cast<std::uint64_t>(dividend / kLimb);
      rest = static_cast<std::uint64_t>(dividend % kLimb);
    }
    limbs[static_cast<std::size_t>(limb)] = rest;
  }
  limbs[0] = bits[2];
  return limbs;
}

void write_digits(std::uint64_t value, char* out, int count) {
  constexpr auto kPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
      pairs[i * 2] = static_cast<char>('0' + i / 10);
      pairs[i * 2 + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
  }();
  int at = count;
  for (; at >= 2; at -= 2) {
    const std::size_t pair = value % 100;
    value /= 100;
    out[at - 1] = kPairs[pair * 2 + 1];
    out[at - 2] = kPairs[pair * 2];
  }
  if (at == 1) out[0] = static_cast<char>('0' + value);
}

}  // namespace

SequenceText::SequenceText(std::string_view digits) {
  PENSTOCK_ASSERT(digits.size() == kSequenceDigits);
  digits.copy(digits_.data(), kSequenceDigits);
}

SequenceWriter::SequenceWriter(const SequenceNumber& first) : limbs_(to_limbs(to_bits(first))) {
  write_digits(limbs_[0], digits_.data(), kHighDigits);
  write_digits(limbs_[1], digits_.data() + kHighDigits, kLimbDigits);
}

std::string_view SequenceWriter::next() {
  if (started_) {
    const Wide low = static_cast<Wide>(limbs_[2]) + kIndexStep;
    limbs_[2] = static_cast<std::uint64_t>(low >= kLimb ? low - kLimb : low);
    if (low >= kLimb) {
      if (++limbs_[1] == kLimb) {
        limbs_[1] = 0;
        write_digits(++limbs_[0], digits_.data(), kHighDigits);
      }
      write_digits(limbs_[1], digits_.data() + kHighDigits, kLimbDigits);
    }
  }
  started_ = true;
  write_digits(limbs_[2], digits_.data() + kHighDigits + kLimbDigits, kLimbDigits);
  return {digits_.data(), kSequenceDigits};
}

std::string format_sequence_number(const SequenceNumber& number) {
  SequenceWriter writer(number);
  return std::string(writer.next());
}

std::optional<SequenceNumber> parse_sequence_number(std::string_view decimal) {
  if (decimal.size() != kSequenceDigits || decimal.front() == '0') return std::nullopt;
  Bits bits{};
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    auto carry = static_cast<std::uint64_t>(c - '0');
    for (std::size_t word = 3; word-- > 0;) {
      const Wide product = static_cast<Wide>(bits[word]) * 10 + carry;
      bits[word] = static_cast<std::uint64_t>(product);
      carry = static_cast<std::uint64_t>(product >> 64U);
    }
  }
  const SequenceNumber number{
      .shard_created =
          from_unix_ms(static_cast<std::int64_t>(bits[0] >> 12U & ((std::uint64_t{1} << kCreatedBits) - 1))),
      .shard = ShardIndex{static_cast<std::uint32_t>(bits[2] >> 28U)},
      .position = Position{bits[0] << 52U | bits[1] >> 12U},
      .index = static_cast<std::uint16_t>(bits[1] << 4U | bits[2] >> 60U),
  };
  if (to_bits(number) != bits) return std::nullopt;  // tags and reserved bits
  return number;
}

std::string format_shard_id(ShardIndex shard) { return fmt::format("shardId-{:012}", shard.get()); }

std::optional<ShardIndex> parse_shard_id(std::string_view id) {
  if (const std::size_t hyphen = id.find('-'); hyphen != std::string_view::npos) id.remove_prefix(hyphen + 1);
  if (id.empty() || id.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > 0x7fff'ffff) return std::nullopt;
  return ShardIndex{static_cast<std::uint32_t>(value)};
}

}  // namespace penstock::stream
