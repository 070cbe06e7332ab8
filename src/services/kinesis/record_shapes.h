#pragma once
/// Requests and answers about records. Source: Kinesis API Reference, the actions and data types of the same names.

#include <memory>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/kinesis/record_batch.h"
#include "services/kinesis/stream_reference.h"
#include "services/kinesis/stream_shapes.h"

namespace penstock::services::kinesis {

struct PutRecordInput : StreamReference {
  codec::Blob data{};
  std::string partition_key{};
  std::optional<std::string> explicit_hash_key{};
  std::optional<std::string> sequence_number_for_ordering{};
  std::optional<bool> dry_run{};
};

struct PutRecordOutput {
  std::string shard_id{};
  std::string sequence_number{};
  std::optional<std::string> encryption_type{};  ///< "KMS", or absent: AWS does not send NONE
};

struct PutRecordsRequestEntry {
  codec::Blob data{};
  std::optional<std::string> explicit_hash_key{};
  std::string partition_key{};
};

struct PutRecordsInput : StreamReference {
  std::vector<PutRecordsRequestEntry> records{};
  std::optional<bool> dry_run{};
  std::shared_ptr<const RecordBatch> batch{};  ///< not described: set by the fast decoders in place of `records`
};

struct PutRecordsResultEntry {
  std::optional<std::string> sequence_number{};
  std::optional<std::string> shard_id{};
  std::optional<std::string> error_code{};
  std::optional<std::string> error_message{};
};

struct PutRecordsOutput {
  std::int32_t failed_record_count = 0;
  std::vector<PutRecordsResultEntry> records{};
  std::optional<std::string> encryption_type{};
  /// Not described: the outcomes, which the fast encoders write in place of `records`.
  std::optional<stream::PutReceipt> receipt{};
};

struct GetShardIteratorInput : StreamReference {
  std::string shard_id{};
  std::string shard_iterator_type{};
  std::optional<std::string> starting_sequence_number{};
  std::optional<Timestamp> timestamp{};
  std::optional<bool> dry_run{};
};

struct GetShardIteratorOutput {
  std::string shard_iterator{};
};

struct GetRecordsInput {
  std::string shard_iterator{};
  std::optional<std::int32_t> limit{};
  std::optional<std::string> stream_arn{};
  std::optional<std::string> stream_id{};
  std::optional<bool> dry_run{};
};

struct RecordOutput {
  std::string sequence_number{};
  Timestamp approximate_arrival_timestamp{};
  codec::Blob data{};
  std::string partition_key{};
  std::optional<std::string> encryption_type{};  ///< as it was when the record was put
};

struct ChildShard {
  std::string shard_id{};
  std::vector<std::string> parent_shards{};
  HashKeyRange hash_key_range{};
};

struct GetRecordsOutput {
  std::vector<RecordOutput> records{};
  std::optional<std::string> next_shard_iterator{};
  std::int64_t millis_behind_latest = 0;
  std::optional<std::vector<ChildShard>> child_shards{};
  /// Not described: the records, which the fast encoders write in place of `records`.
  std::shared_ptr<const stream::RecordPage> page{};
};

/// What the members that are not described hold, as described ones.
[[nodiscard]] std::vector<PutRecordsRequestEntry> request_entries(const RecordBatch& batch);
[[nodiscard]] std::vector<PutRecordsResultEntry> result_entries(const stream::PutReceipt& receipt);
/// How the answer tells that a record was not stored.
struct PutFailure {
  std::string code;
  std::string message;
};
[[nodiscard]] PutFailure put_failure(const Error& error);

const codec::Shape& describe(const PutRecordInput*);
const codec::Shape& describe(const PutRecordOutput*);
const codec::Shape& describe(const PutRecordsRequestEntry*);
const codec::Shape& describe(const PutRecordsInput*);
const codec::Shape& describe(const PutRecordsResultEntry*);
const codec::Shape& describe(const PutRecordsOutput*);
const codec::Shape& describe(const GetShardIteratorInput*);
const codec::Shape& describe(const GetShardIteratorOutput*);
const codec::Shape& describe(const GetRecordsInput*);
const codec::Shape& describe(const RecordOutput*);
const codec::Shape& describe(const ChildShard*);
const codec::Shape& describe(const GetRecordsOutput*);

}  // namespace penstock::services::kinesis
