#include "services/kinesis/record_shapes.h"

#include "services/kinesis/errors.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

codec::Rules data_rules() { return {.required = true, .length = {0, 10485760}}; }
codec::Rules partition_key_rules() { return {.required = true, .length = {1, 256}}; }
codec::Rules hash_key_rules() { return {.pattern = "0|([1-9]\\d{0,38})"}; }
codec::Rules sequence_number_rules() { return {.pattern = "0|([1-9]\\d{0,128})"}; }

}  // namespace

std::vector<PutRecordsRequestEntry> request_entries(const RecordBatch& batch) {
  std::vector<PutRecordsRequestEntry> entries;
  entries.reserve(batch.records.size());
  for (const stream::PutView& record : batch.records) {
    PutRecordsRequestEntry& entry = entries.emplace_back();
    entry.data.bytes = record.data;
    entry.partition_key = record.partition_key;
    if (record.explicit_hash_key) entry.explicit_hash_key = *record.explicit_hash_key;
  }
  return entries;
}

PutFailure put_failure(const Error& error) {
  if (error.kind == ErrorKind::throttled) return {.code = std::string(kThroughputExceeded), .message = error.message};
  return {.code = "InternalFailure", .message = "Internal Service Failure: " + error.message};
}

std::vector<PutRecordsResultEntry> result_entries(const stream::PutReceipt& receipt) {
  std::vector<PutRecordsResultEntry> entries;
  entries.reserve(receipt.group_of.size());
  for (stream::ReceiptReader reader(receipt); reader.more();) {
    reader.next();
    PutRecordsResultEntry& entry = entries.emplace_back();
    const stream::PutReceipt::Group& group = receipt.groups[reader.group()];
    if (reader.is_stored()) {
      entry.sequence_number = reader.sequence_number();
      entry.shard_id = stream::format_shard_id(group.shard);
      continue;
    }
    PutFailure failure = put_failure(group.appended.error());
    entry.error_code = std::move(failure.code);
    entry.error_message = std::move(failure.message);
  }
  return entries;
}

const Shape& describe(const PutRecordInput*) {
  static const Shape shape =
      stream_shape<PutRecordInput>("PutRecordInput")
          .field("Data", &PutRecordInput::data, data_rules())
          .field("PartitionKey", &PutRecordInput::partition_key, partition_key_rules())
          .field("ExplicitHashKey", &PutRecordInput::explicit_hash_key, hash_key_rules())
          .field("SequenceNumberForOrdering", &PutRecordInput::sequence_number_for_ordering, sequence_number_rules())
          .field("DryRun", &PutRecordInput::dry_run)
          .build();
  return shape;
}

const Shape& describe(const PutRecordOutput*) {
  static const Shape shape = ShapeBuilder<PutRecordOutput>("PutRecordOutput")
                                 .field("ShardId", &PutRecordOutput::shard_id)
                                 .field("SequenceNumber", &PutRecordOutput::sequence_number)
                                 .field("EncryptionType", &PutRecordOutput::encryption_type)
                                 .build();
  return shape;
}

const Shape& describe(const PutRecordsRequestEntry*) {
  static const Shape shape = ShapeBuilder<PutRecordsRequestEntry>("PutRecordsRequestEntry")
                                 .field("Data", &PutRecordsRequestEntry::data, data_rules())
                                 .field("ExplicitHashKey", &PutRecordsRequestEntry::explicit_hash_key, hash_key_rules())
                                 .field("PartitionKey", &PutRecordsRequestEntry::partition_key, partition_key_rules())
                                 .build();
  return shape;
}

const Shape& describe(const PutRecordsInput*) {
  static const Shape shape = stream_shape<PutRecordsInput>("PutRecordsInput")
                                 .field("Records", &PutRecordsInput::records, {.required = true, .length = {1, 500}})
                                 .field("DryRun", &PutRecordsInput::dry_run)
                                 .build();
  return shape;
}

const Shape& describe(const PutRecordsResultEntry*) {
  static const Shape shape = ShapeBuilder<PutRecordsResultEntry>("PutRecordsResultEntry")
                                 .field("SequenceNumber", &PutRecordsResultEntry::sequence_number)
                                 .field("ShardId", &PutRecordsResultEntry::shard_id)
                                 .field("ErrorCode", &PutRecordsResultEntry::error_code)
                                 .field("ErrorMessage", &PutRecordsResultEntry::error_message)
                                 .build();
  return shape;
}

const Shape& describe(const PutRecordsOutput*) {
  static const Shape shape = ShapeBuilder<PutRecordsOutput>("PutRecordsOutput")
                                 .field("FailedRecordCount", &PutRecordsOutput::failed_record_count)
                                 .field("Records", &PutRecordsOutput::records)
                                 .field("EncryptionType", &PutRecordsOutput::encryption_type)
                                 .build();
  return shape;
}

const Shape& describe(const GetShardIteratorInput*) {
  static const Shape shape =
      stream_shape<GetShardIteratorInput>("GetShardIteratorInput")
          .field("ShardId", &GetShardIteratorInput::shard_id, name_rules(true))
          .field("ShardIteratorType", &GetShardIteratorInput::shard_iterator_type,
                 {.required = true,
                  .one_of = {"AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"}})
          .field("StartingSequenceNumber", &GetShardIteratorInput::starting_sequence_number, sequence_number_rules())
          .field("Timestamp", &GetShardIteratorInput::timestamp)
          .field("DryRun", &GetShardIteratorInput::dry_run)
          .build();
  return shape;
}

const Shape& describe(const GetShardIteratorOutput*) {
  static const Shape shape = ShapeBuilder<GetShardIteratorOutput>("GetShardIteratorOutput")
                                 .field("ShardIterator", &GetShardIteratorOutput::shard_iterator)
                                 .build();
  return shape;
}

const Shape& describe(const GetRecordsInput*) {
  static const Shape shape =
      ShapeBuilder<GetRecordsInput>("GetRecordsInput")
          .field("ShardIterator", &GetRecordsInput::shard_iterator, {.required = true, .length = {1, 512}})
          .field("Limit", &GetRecordsInput::limit, {.range = {1, 10000}})
          .field("StreamARN", &GetRecordsInput::stream_arn, arn_rules())
          .field("StreamId", &GetRecordsInput::stream_id, stream_id_rules())
          .field("DryRun", &GetRecordsInput::dry_run)
          .build();
  return shape;
}

const Shape& describe(const RecordOutput*) {
  static const Shape shape = ShapeBuilder<RecordOutput>("Record")
                                 .field("SequenceNumber", &RecordOutput::sequence_number)
                                 .field("ApproximateArrivalTimestamp", &RecordOutput::approximate_arrival_timestamp)
                                 .field("Data", &RecordOutput::data)
                                 .field("PartitionKey", &RecordOutput::partition_key)
                                 .field("EncryptionType", &RecordOutput::encryption_type)
                                 .build();
  return shape;
}

const Shape& describe(const ChildShard*) {
  static const Shape shape = ShapeBuilder<ChildShard>("ChildShard")
                                 .field("ShardId", &ChildShard::shard_id)
                                 .field("ParentShards", &ChildShard::parent_shards)
                                 .field("HashKeyRange", &ChildShard::hash_key_range)
                                 .build();
  return shape;
}

const Shape& describe(const GetRecordsOutput*) {
  static const Shape shape = ShapeBuilder<GetRecordsOutput>("GetRecordsOutput")
                                 .field("Records", &GetRecordsOutput::records)
                                 .field("NextShardIterator", &GetRecordsOutput::next_shard_iterator)
                                 .field("MillisBehindLatest", &GetRecordsOutput::millis_behind_latest)
                                 .field("ChildShards", &GetRecordsOutput::child_shards)
                                 .build();
  return shape;
}

}  // namespace penstock::services::kinesis
