#pragma once
/// What the fast decoders of JSON and CBOR have in common: which member of a put is which.
/// Each function reads one member by `read(field)`, which gives false for what is not plainly of the field's type; it
/// gives false itself for unknown and repeated members, which are the generic codec's business.
/// Threads: any; pure.

#include <string_view>

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

template <class Read>
bool read_member(std::string_view name, PutRecordsRequestEntry& entry, SeenMembers& seen, Read&& read) {
  if (name == "Data") return seen.first(SeenMembers::kData) && read(entry.data);
  if (name == "PartitionKey") return seen.first(SeenMembers::kPartitionKey) && read(entry.partition_key);
  if (name == "ExplicitHashKey") return seen.first(SeenMembers::kExplicitHashKey) && read(entry.explicit_hash_key);
  return false;
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
  if (name == "Records") return seen.first(SeenMembers::kRecords) && read(put.records);
  if (name == "StreamName") return seen.first(SeenMembers::kStreamName) && read(put.stream_name);
  if (name == "StreamARN") return seen.first(SeenMembers::kStreamArn) && read(put.stream_arn);
  return false;
}

/// Whether the required members were there.
[[nodiscard]] inline bool has_record(const SeenMembers& seen) {
  return seen.has(SeenMembers::kData) && seen.has(SeenMembers::kPartitionKey);
}

}  // namespace penstock::services::kinesis
