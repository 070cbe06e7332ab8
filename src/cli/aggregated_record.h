#pragma once
/// What the Kinesis Producer Library packs into one record: many user records, as a protocol buffer between a mark and
/// its MD5. Pure.
/// Guarantee: bytes that are not such a record, or not a whole one, are nullopt: they are a record of their own.
/// Bounds:    kUserRecordsMax user records; their data is views into the bytes, so nothing larger than them is made.
/// Source:    github.com/awslabs/amazon-kinesis-producer, aggregation-format.md; Protocol Buffers, "Encoding".

#include <optional>
#include <string_view>
#include <vector>

namespace penstock::cli {

struct UserRecord {
  std::string_view partition_key;
  std::string_view explicit_hash_key;  ///< decimal; empty: none
  std::string_view data;
  bool operator==(const UserRecord&) const = default;
};

inline constexpr std::size_t kUserRecordsMax = 1'000'000;

/// At least one record, in their order; the views point into `data`.
[[nodiscard]] std::optional<std::vector<UserRecord>> read_aggregated_record(std::string_view data);

}  // namespace penstock::cli
