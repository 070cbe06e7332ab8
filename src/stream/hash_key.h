#pragma once
/// Hash keys: 128-bit numbers that say which shard a record goes to. Pure.
/// Source: Kinesis Data Streams Developer Guide, "Key concepts": the MD5 of the partition key's UTF-8 bytes, read as a
///         big-endian number; an explicit hash key overrides it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::stream {

__extension__ using HashKey = unsigned __int128;

inline constexpr HashKey kHashKeyMax = ~HashKey{0};

/// Decimal without sign, leading zeros or spaces, at most 2^128-1; nullopt otherwise.
[[nodiscard]] std::optional<HashKey> parse_hash_key(std::string_view decimal);
[[nodiscard]] std::string format_hash_key(HashKey key);

/// MD5 as a number. Keys of up to 55 bytes (one block) are the fast case.
[[nodiscard]] HashKey hash_partition_key(std::string_view partition_key);

/// The whole range cut into `count` ranges that differ by at most one in size, as CreateStream does: the first key of
/// range `i` of `count` is floor(i * 2^128 / count). count > 0, i < count.
[[nodiscard]] HashKey uniform_range_start(std::uint32_t i, std::uint32_t count);

}  // namespace penstock::stream
