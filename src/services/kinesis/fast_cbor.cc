#include "services/kinesis/fast_cbor.h"

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "services/kinesis/answer_records.h"
#include "services/kinesis/fast_members.h"

namespace penstock::services::kinesis {
namespace {

using codec::CborItem;
using codec::CborKind;
using codec::CborReader;

constexpr std::size_t kHeadBytesMax = 9;

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

/// Reads the value of a member of a batch's record.
struct RecordReader {
  const CborItem& item;
  RecordBatch& batch;
  bool text(std::string_view& out) const { return item.kind == CborKind::text && add(out); }
  bool data(std::string_view& out) const { return item.kind == CborKind::bytes && add(out); }
  bool add(std::string_view& out) const {
    out = batch.add(item.text);
    return true;
  }
};

/// Reads a field of a put, whatever its type: `item` is its value, or the head of it.
struct FieldReader {
  CborReader& reader;
  CborItem item;

  bool operator()(std::string& out) const {
    if (item.kind != CborKind::text) return false;
    out = item.text;
    return true;
  }
  bool operator()(std::optional<std::string>& out) const { return (*this)(out.emplace()); }
  bool operator()(codec::Blob& out) const {
    if (item.kind != CborKind::bytes) return false;
    out.bytes = item.text;
    return true;
  }
  bool operator()(std::shared_ptr<const RecordBatch>& out) const {
    if (item.kind != CborKind::array) return false;
    if (!item.indefinite && item.argument > kFastRecordsMax) return false;
    const auto batch = std::make_shared<RecordBatch>(reader.left());
    out = batch;
    CborItem list = item;
    while (true) {
      const auto more = reader.more(list);
      if (!more) return false;
      if (!*more) return !batch->records.empty();
      if (batch->records.size() == kFastRecordsMax || !read_record(*batch)) return false;
    }
  }

  bool read_record(RecordBatch& batch) const {
    stream::PutView& record = batch.records.emplace_back();
    SeenMembers seen;
    const auto head = reader.next();
    return head &&
           read_map(reader, *head,
                    [&](std::string_view name, const CborItem& value) {
                      return read_member(name, record, seen, RecordReader{.item = value, .batch = batch});
                    }) &&
           has_record(seen) && is_valid_record(record);
  }

  template <class Fields>
  static bool read_fields(CborReader& reader, Fields& out, SeenMembers& seen) {
    const auto head = reader.next();
    return head && read_map(reader, *head, [&](std::string_view name, const CborItem& value) {
             return read_member(name, out, seen, FieldReader{.reader = reader, .item = value});
           });
  }
};

template <class Input>
bool decode(std::string_view body, void* input, SeenMembers& seen) {
  CborReader reader(body);
  return FieldReader::read_fields(reader, *static_cast<Input*>(input), seen) && reader.at_end();
}

std::size_t room(std::string_view text) { return kHeadBytesMax + text.size(); }

void append_member(std::string_view name, std::string_view text, std::string& out) {
  codec::append_cbor_text(name, out);
  codec::append_cbor_text(text, out);
}

std::size_t receipt_room(const stream::PutReceipt& receipt) {
  constexpr std::size_t kEach = 128;  // names, heads, the number and the shard's id
  return receipt.group_of.size() * kEach;
}

void append_receipt(const stream::PutReceipt& receipt, std::string& out) {
  std::vector<std::string> shard_ids;
  shard_ids.reserve(receipt.groups.size());
  for (const auto& group : receipt.groups) shard_ids.push_back(stream::format_shard_id(group.shard));
  codec::append_cbor_array(receipt.group_of.size(), out);
  for (stream::ReceiptReader reader(receipt); reader.more();) {
    reader.next();
    codec::append_cbor_map(2, out);
    if (reader.is_stored()) {
      append_member("SequenceNumber", reader.sequence_number(), out);
      append_member("ShardId", shard_ids[reader.group()], out);
    } else {
      const PutFailure failure = put_failure(receipt.groups[reader.group()].appended.error());
      append_member("ErrorCode", failure.code, out);
      append_member("ErrorMessage", failure.message, out);
    }
  }
}

}  // namespace

bool fast_decode_cbor_put_records(std::string_view body, void* input) {
  SeenMembers seen;
  return decode<PutRecordsInput>(body, input, seen) && seen.has(SeenMembers::kRecords) &&
         is_valid_reference(*static_cast<const PutRecordsInput*>(input));
}

bool fast_decode_cbor_put_record(std::string_view body, void* input) {
  SeenMembers seen;
  return decode<PutRecordInput>(body, input, seen) && has_record(seen) &&
         is_valid_put(*static_cast<const PutRecordInput*>(input));
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
  if (answer.receipt) size += receipt_room(*answer.receipt);
  std::string out;
  out.reserve(size);
  codec::append_cbor_map(answer.encryption_type ? 3 : 2, out);
  codec::append_cbor_text("FailedRecordCount", out);
  codec::append_cbor_integer(answer.failed_record_count, out);
  codec::append_cbor_text("Records", out);
  if (answer.receipt) {
    append_receipt(*answer.receipt, out);
    if (answer.encryption_type) append_member("EncryptionType", *answer.encryption_type, out);
    return out;
  }
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
  if (answer.encryption_type) append_member("EncryptionType", *answer.encryption_type, out);
  return out;
}

std::string fast_encode_cbor_get_records(const void* output) {
  const auto& answer = *static_cast<const GetRecordsOutput*>(output);
  if (answer.child_shards) {  // the few children of a closed shard are left to the generic codec
    const GetRecordsOutput whole = described(answer);
    return codec::encode_cbor(codec::shape_of<GetRecordsOutput>(), &whole);
  }
  constexpr std::size_t kFixed = 96;
  constexpr std::size_t kFixedEach = 128;  // names, heads, the timestamp, the encryption type
  std::size_t size = kFixed;
  if (answer.next_shard_iterator) size += room(*answer.next_shard_iterator);
  const AnswerRecords records(answer);
  records.each([&size](const AnswerRecord& record) {
    size += kFixedEach + room(record.sequence_number) + room(record.partition_key) + room(record.data);
  });
  std::string out;
  out.reserve(size);
  codec::append_cbor_map(answer.next_shard_iterator ? 3 : 2, out);
  codec::append_cbor_text("Records", out);
  codec::append_cbor_array(records.size(), out);
  records.each([&out](const AnswerRecord& record) {
    codec::append_cbor_map(record.encryption_type ? 5 : 4, out);
    append_member("SequenceNumber", record.sequence_number, out);
    codec::append_cbor_text("ApproximateArrivalTimestamp", out);
    codec::append_cbor_timestamp(record.arrival, out);
    codec::append_cbor_text("Data", out);
    codec::append_cbor_bytes(record.data, out);
    append_member("PartitionKey", record.partition_key, out);
    if (record.encryption_type) append_member("EncryptionType", *record.encryption_type, out);
  });
  if (answer.next_shard_iterator) append_member("NextShardIterator", *answer.next_shard_iterator, out);
  codec::append_cbor_text("MillisBehindLatest", out);
  codec::append_cbor_integer(answer.millis_behind_latest, out);
  return out;
}

}  // namespace penstock::services::kinesis
