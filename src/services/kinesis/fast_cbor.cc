#include "services/kinesis/fast_cbor.h"

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {
namespace {

using codec::CborItem;
using codec::CborKind;
using codec::CborReader;

constexpr std::size_t kRecordsMax = 500;
constexpr std::size_t kHeadBytesMax = 9;

bool read(const CborItem& item, std::string& out) {
  if (item.kind != CborKind::text) return false;
  out = item.text;
  return true;
}
bool read(const CborItem& item, std::optional<std::string>& out) { return read(item, out.emplace()); }
bool read(const CborItem& item, codec::Blob& out) {
  if (item.kind != CborKind::bytes) return false;
  out.bytes = item.text;
  return true;
}

/// Reads a map; `member(name, value)` reads each member.
template <class Member>
bool read_map(CborReader& reader, CborItem item, Member&& member) {
  if (item.kind != CborKind::map) return false;
  while (true) {
    const auto more = reader.more(item);
    if (!more) return false;
    if (!*more) return true;
    const auto name = reader.next();
    if (!name || name->kind != CborKind::text) return false;
    const auto value = reader.next();
    if (!value || !member(name->text, *value)) return false;
  }
}

/// Members seen so far: a second one of the same name is the generic codec's business.
class Seen {
 public:
  bool first(unsigned member) {
    const unsigned bit = 1U << member;
    const bool is_first = (bits_ & bit) == 0;
    bits_ |= bit;
    return is_first;
  }
  [[nodiscard]] bool has(unsigned member) const { return (bits_ & 1U << member) != 0; }

 private:
  unsigned bits_ = 0;
};

enum : unsigned { kData, kPartitionKey, kExplicitHashKey, kOrdering, kStreamName, kStreamArn, kRecords };

bool read_entry(CborReader& reader, PutRecordsRequestEntry& entry) {
  const auto head = reader.next();
  if (!head) return false;
  Seen seen;
  const bool good = read_map(reader, *head, [&](std::string_view name, const CborItem& value) {
    if (name == "Data") return seen.first(kData) && read(value, entry.data);
    if (name == "PartitionKey") return seen.first(kPartitionKey) && read(value, entry.partition_key);
    if (name == "ExplicitHashKey") return seen.first(kExplicitHashKey) && read(value, entry.explicit_hash_key);
    return false;
  });
  return good && seen.has(kData) && seen.has(kPartitionKey);
}

bool read_entries(CborReader& reader, CborItem list, std::vector<PutRecordsRequestEntry>& entries) {
  if (list.kind != CborKind::array) return false;
  if (!list.indefinite) {
    if (list.argument > kRecordsMax) return false;
    entries.reserve(list.argument);
  }
  while (true) {
    const auto more = reader.more(list);
    if (!more) return false;
    if (!*more) return true;
    if (entries.size() == kRecordsMax || !read_entry(reader, entries.emplace_back())) return false;
  }
}

std::size_t room(std::string_view text) { return kHeadBytesMax + text.size(); }

void append_member(std::string_view name, std::string_view text, std::string& out) {
  codec::append_cbor_text(name, out);
  codec::append_cbor_text(text, out);
}

}  // namespace

bool fast_decode_cbor_put_records(std::string_view body, void* input) {
  auto& out = *static_cast<PutRecordsInput*>(input);
  CborReader reader(body);
  const auto root = reader.next();
  if (!root) return false;
  Seen seen;
  const bool good = read_map(reader, *root, [&](std::string_view name, const CborItem& value) {
    if (name == "Records") return seen.first(kRecords) && read_entries(reader, value, out.records);
    if (name == "StreamName") return seen.first(kStreamName) && read(value, out.stream_name);
    if (name == "StreamARN") return seen.first(kStreamArn) && read(value, out.stream_arn);
    return false;
  });
  return good && reader.at_end() && seen.has(kRecords);
}

bool fast_decode_cbor_put_record(std::string_view body, void* input) {
  auto& out = *static_cast<PutRecordInput*>(input);
  CborReader reader(body);
  const auto root = reader.next();
  if (!root) return false;
  Seen seen;
  const bool good = read_map(reader, *root, [&](std::string_view name, const CborItem& value) {
    if (name == "Data") return seen.first(kData) && read(value, out.data);
    if (name == "PartitionKey") return seen.first(kPartitionKey) && read(value, out.partition_key);
    if (name == "StreamName") return seen.first(kStreamName) && read(value, out.stream_name);
    if (name == "StreamARN") return seen.first(kStreamArn) && read(value, out.stream_arn);
    if (name == "ExplicitHashKey") return seen.first(kExplicitHashKey) && read(value, out.explicit_hash_key);
    if (name == "SequenceNumberForOrdering") {
      return seen.first(kOrdering) && read(value, out.sequence_number_for_ordering);
    }
    return false;
  });
  return good && reader.at_end() && seen.has(kData) && seen.has(kPartitionKey);
}

std::string fast_encode_cbor_put_records(const void* output) {
  const auto& answer = *static_cast<const PutRecordsOutput*>(output);
  constexpr std::size_t kFixed = 64;
  constexpr std::size_t kFixedEach = 64;  // names and heads
  std::size_t size = kFixed;
  for (const PutRecordsResultEntry& record : answer.records) {
    size += kFixedEach;
    for (const auto* member : {&record.sequence_number, &record.shard_id, &record.error_code, &record.error_message}) {
      if (*member) size += room(**member);
    }
  }
  std::string out;
  out.reserve(size);
  codec::append_cbor_map(2, out);
  codec::append_cbor_text("FailedRecordCount", out);
  codec::append_cbor_integer(answer.failed_record_count, out);
  codec::append_cbor_text("Records", out);
  codec::append_cbor_array(answer.records.size(), out);
  for (const PutRecordsResultEntry& record : answer.records) {
    const std::pair<std::string_view, const std::optional<std::string>&> members[] = {
        {"SequenceNumber", record.sequence_number},
        {"ShardId", record.shard_id},
        {"ErrorCode", record.error_code},
        {"ErrorMessage", record.error_message}};
    std::size_t present = 0;
    for (const auto& [name, value] : members) present += value ? 1 : 0;
    codec::append_cbor_map(present, out);
    for (const auto& [name, value] : members) {
      if (value) append_member(name, *value, out);
    }
  }
  return out;
}

std::string fast_encode_cbor_get_records(const void* output) {
  const auto& answer = *static_cast<const GetRecordsOutput*>(output);
  // The few children of a closed shard are left to the generic codec.
  if (answer.child_shards) return codec::encode_cbor(codec::shape_of<GetRecordsOutput>(), output);
  constexpr std::size_t kFixed = 96;
  constexpr std::size_t kFixedEach = 96;  // names, heads, the timestamp
  std::size_t size = kFixed;
  if (answer.next_shard_iterator) size += room(*answer.next_shard_iterator);
  for (const RecordOutput& record : answer.records) {
    size += kFixedEach + room(record.sequence_number) + room(record.partition_key) + room(record.data.bytes);
  }
  std::string out;
  out.reserve(size);
  codec::append_cbor_map(answer.next_shard_iterator ? 3 : 2, out);
  codec::append_cbor_text("Records", out);
  codec::append_cbor_array(answer.records.size(), out);
  for (const RecordOutput& record : answer.records) {
    codec::append_cbor_map(4, out);
    append_member("SequenceNumber", record.sequence_number, out);
    codec::append_cbor_text("ApproximateArrivalTimestamp", out);
    codec::append_cbor_timestamp(record.approximate_arrival_timestamp, out);
    codec::append_cbor_text("Data", out);
    codec::append_cbor_bytes(record.data.bytes, out);
    append_member("PartitionKey", record.partition_key, out);
  }
  if (answer.next_shard_iterator) append_member("NextShardIterator", *answer.next_shard_iterator, out);
  codec::append_cbor_text("MillisBehindLatest", out);
  codec::append_cbor_integer(answer.millis_behind_latest, out);
  return out;
}

}  // namespace penstock::services::kinesis
