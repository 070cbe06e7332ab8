#pragma once
/// What the fast decoders of JSON and CBOR have in common: which member of a put is which.
/// Each function reads one member by `read(field)`, which gives false for what is not plainly of the field's type; it
/// gives false itself for unknown and repeated members, which are the generic codec's business.
/// Threads: any; pure.

#include <algorithm>
#include <string_view>

#include "codec/patterns.h"
#include "codec/utf8.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {

inline constexpr std::size_t kFastRecordsMax = 500;

/// The members of one object that were seen so far.
class SeenMembers {
 public:
  enum Member : unsigned { kData, kPartitionKey, kExplicitHashKey, kOrdering, kStreamName, kStreamArn, kRecords };

  bool first(Member member) {
    const unsigned bit = 1U << member;
    const bool is_first = (bits_ & bit) == 0;
    bits_ |= bit;
    return is_first;
  }
  [[nodiscard]] bool has(Member member) const { return (bits_ & 1U << member) != 0; }

 private:
  unsigned bits_ = 0;
};

/// A record of a batch: `read.data(view)` and `read.text(view)` read the value of a member.
template <class Read>
bool read_member(std::string_view name, stream::PutView& record, SeenMembers& seen, Read&& read) {
  if (name == "Data") return seen.first(SeenMembers::kData) && read.data(record.data);
  if (name == "PartitionKey") return seen.first(SeenMembers::kPartitionKey) && read.text(record.partition_key);
  if (name != "ExplicitHashKey" || !seen.first(SeenMembers::kExplicitHashKey)) return false;
  return read.text(record.explicit_hash_key.emplace());
}

template <class Read>
bool read_member(std::string_view name, PutRecordInput& put, SeenMembers& seen, Read&& read) {
  if (name == "Data") return seen.first(SeenMembers::kData) && read(put.data);
  if (name == "PartitionKey") return seen.first(SeenMembers::kPartitionKey) && read(put.partition_key);
  if (name == "StreamName") return seen.first(SeenMembers::kStreamName) && read(put.stream_name);
  if (name == "StreamARN") return seen.first(SeenMembers::kStreamArn) && read(put.stream_arn);
  if (name == "ExplicitHashKey") return seen.first(SeenMembers::kExplicitHashKey) && read(put.explicit_hash_key);
  if (name != "SequenceNumberForOrdering") return false;
  return seen.first(SeenMembers::kOrdering) && read(put.sequence_number_for_ordering);
}

template <class Read>
bool read_member(std::string_view name, PutRecordsInput& put, SeenMembers& seen, Read&& read) {
  if (name == "Records") return seen.first(SeenMembers::kRecords) && read(put.batch);
  if (name == "StreamName") return seen.first(SeenMembers::kStreamName) && read(put.stream_name);
  if (name == "StreamARN") return seen.first(SeenMembers::kStreamArn) && read(put.stream_arn);
  return false;
}

/// Whether the required members were there.
[[nodiscard]] inline bool has_record(const SeenMembers& seen) {
  return seen.has(SeenMembers::kData) && seen.has(SeenMembers::kPartitionKey);
}

// ---- What validate() would pass, where it is quickly told (fast_json_test.cc and fast_cbor_test.cc hold it to that).

inline constexpr std::size_t kDataBytesMax = 10'485'760;
inline constexpr std::size_t kPartitionKeyCharactersMax = 256;

/// "0|([1-9]\\d{0,more})"
[[nodiscard]] inline bool is_decimal(std::string_view text, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max || (text.size() > 1 && text.front() == '0')) return false;
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

[[nodiscard]] inline bool is_valid_record(std::string_view data, std::string_view partition_key) {
  return data.size() <= kDataBytesMax && !partition_key.empty() &&
         (partition_key.size() <= kPartitionKeyCharactersMax ||
          codec::count_characters(partition_key) <= kPartitionKeyCharactersMax);
}

[[nodiscard]] inline bool is_valid_hash_key(std::string_view text) { return is_decimal(text, 39); }

/// The stream's name or ARN.
[[nodiscard]] inline bool is_valid_reference(const StreamReference& reference) {
  const auto is_name_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (const auto& name = reference.stream_name) {
    if (name->empty() || name->size() > 128 || !std::ranges::all_of(*name, is_name_letter)) return false;
  }
  const auto& arn = reference.stream_arn;
  return !arn || (!arn->empty() && arn->size() <= 2048 && codec::matches_pattern(kArnPattern, *arn));
}

[[nodiscard]] inline bool is_valid_put(const PutRecordInput& put) {
  return is_valid_reference(put) && is_valid_record(put.data.bytes, put.partition_key) &&
         (!put.explicit_hash_key || is_valid_hash_key(*put.explicit_hash_key)) &&
         (!put.sequence_number_for_ordering || is_decimal(*put.sequence_number_for_ordering, 129));
}

[[nodiscard]] inline bool is_valid_record(const stream::PutView& record) {
  return is_valid_record(record.data, record.partition_key) &&
         (!record.explicit_hash_key || is_valid_hash_key(*record.explicit_hash_key));
}

}  // namespace penstock::services::kinesis
