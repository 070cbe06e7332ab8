#pragma once
/// Requests and answers about streams. Source: Kinesis API Reference, the actions and data types of the same names.

#include <map>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/kinesis/stream_reference.h"

namespace penstock::services::kinesis {

struct StreamModeDetails {
  std::string stream_mode{};
};

struct CreateStreamInput {
  std::string stream_name{};
  std::optional<std::int32_t> shard_count{};
  std::optional<StreamModeDetails> stream_mode_details{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<std::int32_t> max_record_size_in_kib{};
  std::optional<std::int32_t> warm_throughput_mibps{};
  std::optional<std::string> record_distribution_strategy{};
};

struct DeleteStreamInput : StreamReference {
  std::optional<bool> enforce_consumer_deletion{};
};

struct DescribeStreamInput : StreamReference {
  std::optional<std::int32_t> limit{};
  std::optional<std::string> exclusive_start_shard_id{};
};

struct HashKeyRange {
  std::string starting_hash_key{};
  std::string ending_hash_key{};
};

struct SequenceNumberRange {
  std::string starting_sequence_number{};
  std::optional<std::string> ending_sequence_number{};
};

struct ShardOutput {
  std::string shard_id{};
  std::optional<std::string> parent_shard_id{};
  std::optional<std::string> adjacent_parent_shard_id{};
  HashKeyRange hash_key_range{};
  SequenceNumberRange sequence_number_range{};
};

struct EnhancedMetrics {
  std::vector<std::string> shard_level_metrics{};
};

struct StreamDescription {
  std::string stream_name{};
  std::string stream_arn{};
  std::string stream_status{};
  StreamModeDetails stream_mode_details{};
  std::vector<ShardOutput> shards{};
  bool has_more_shards = false;
  std::int32_t retention_period_hours = 0;
  Timestamp stream_creation_timestamp{};
  std::vector<EnhancedMetrics> enhanced_monitoring{};
  std::string encryption_type{};
  std::optional<std::string> key_id{};
};

struct DescribeStreamOutput {
  StreamDescription stream_description{};
};

struct DescribeStreamSummaryInput : StreamReference {};

struct WarmThroughputObject {
  std::int32_t target_mibps = 0;
  std::int32_t current_mibps = 0;
};

struct StreamDescriptionSummary {
  std::string stream_name{};
  std::string stream_arn{};
  std::string stream_status{};
  StreamModeDetails stream_mode_details{};
  std::int32_t retention_period_hours = 0;
  Timestamp stream_creation_timestamp{};
  std::vector<EnhancedMetrics> enhanced_monitoring{};
  std::string encryption_type{};
  std::optional<std::string> key_id{};
  std::int32_t open_shard_count = 0;
  std::int32_t consumer_count = 0;
  std::int32_t max_record_size_in_kib = 0;
  std::optional<WarmThroughputObject> warm_throughput{};
  std::optional<std::string> record_distribution_strategy{};
};

struct DescribeStreamSummaryOutput {
  StreamDescriptionSummary stream_description_summary{};
};

struct DescribeLimitsOutput {
  std::int32_t shard_limit = 0;
  std::int32_t open_shard_count = 0;
  std::int32_t on_demand_stream_count = 0;
  std::int32_t on_demand_stream_count_limit = 0;
};

struct ListStreamsInput {
  std::optional<std::int32_t> limit{};
  std::optional<std::string> exclusive_start_stream_name{};
  std::optional<std::string> next_token{};
};

struct StreamSummary {
  std::string stream_name{};
  std::string stream_arn{};
  std::string stream_status{};
  StreamModeDetails stream_mode_details{};
  Timestamp stream_creation_timestamp{};
};

struct ListStreamsOutput {
  std::vector<std::string> stream_names{};
  bool has_more_streams = false;
  std::optional<std::string> next_token{};
  std::vector<StreamSummary> stream_summaries{};
};

struct ShardFilter {
  std::string type{};
  std::optional<std::string> shard_id{};
  std::optional<Timestamp> timestamp{};
};

struct ListShardsInput : StreamReference {
  std::optional<std::string> next_token{};
  std::optional<std::string> exclusive_start_shard_id{};
  std::optional<std::int32_t> max_results{};
  std::optional<Timestamp> stream_creation_timestamp{};
  std::optional<ShardFilter> shard_filter{};
};

struct ListShardsOutput {
  std::vector<ShardOutput> shards{};
  std::optional<std::string> next_token{};
};

struct Tag {
  std::string key{};
  std::optional<std::string> value{};
};

struct AddTagsToStreamInput : StreamReference {
  std::map<std::string, std::string> tags{};
};

struct RemoveTagsFromStreamInput : StreamReference {
  std::vector<std::string> tag_keys{};
};

struct ListTagsForStreamInput : StreamReference {
  std::optional<std::string> exclusive_start_tag_key{};
  std::optional<std::int32_t> limit{};
};

struct ListTagsForStreamOutput {
  std::vector<Tag> tags{};
  bool has_more_tags = false;
};

struct TagResourceInput {
  std::map<std::string, std::string> tags{};
  std::string resource_arn{};
  std::optional<std::string> stream_id{};
};

struct UntagResourceInput {
  std::vector<std::string> tag_keys{};
  std::string resource_arn{};
  std::optional<std::string> stream_id{};
};

struct ListTagsForResourceInput {
  std::string resource_arn{};
  std::optional<std::string> stream_id{};
};

struct ListTagsForResourceOutput {
  std::vector<Tag> tags{};
};

struct IncreaseStreamRetentionPeriodInput : StreamReference {
  std::int32_t retention_period_hours = 0;
};

struct DecreaseStreamRetentionPeriodInput : StreamReference {
  std::int32_t retention_period_hours = 0;
};

struct UpdateShardCountInput : StreamReference {
  std::int32_t target_shard_count = 0;
  std::string scaling_type{};
};

struct UpdateShardCountOutput {
  std::string stream_name{};
  std::int32_t current_shard_count = 0;
  std::int32_t target_shard_count = 0;
  std::string stream_arn{};
};

struct SplitShardInput : StreamReference {
  std::string shard_to_split{};
  std::string new_starting_hash_key{};
};

struct MergeShardsInput : StreamReference {
  std::string shard_to_merge{};
  std::string adjacent_shard_to_merge{};
};

struct StartStreamEncryptionInput : StreamReference {
  std::string encryption_type{};
  std::string key_id{};
};

struct StopStreamEncryptionInput : StreamReference {
  std::string encryption_type{};
  std::string key_id{};
};

struct UpdateMaxRecordSizeInput : StreamReference {
  std::int32_t max_record_size_in_kib = 0;
};

const codec::Shape& describe(const StreamModeDetails*);
const codec::Shape& describe(const CreateStreamInput*);
const codec::Shape& describe(const DeleteStreamInput*);
const codec::Shape& describe(const DescribeStreamInput*);
const codec::Shape& describe(const HashKeyRange*);
const codec::Shape& describe(const SequenceNumberRange*);
const codec::Shape& describe(const ShardOutput*);
const codec::Shape& describe(const EnhancedMetrics*);
const codec::Shape& describe(const StreamDescription*);
const codec::Shape& describe(const DescribeStreamOutput*);
const codec::Shape& describe(const DescribeStreamSummaryInput*);
const codec::Shape& describe(const WarmThroughputObject*);
const codec::Shape& describe(const StreamDescriptionSummary*);
const codec::Shape& describe(const DescribeStreamSummaryOutput*);
const codec::Shape& describe(const DescribeLimitsOutput*);
const codec::Shape& describe(const ListStreamsInput*);
const codec::Shape& describe(const StreamSummary*);
const codec::Shape& describe(const ListStreamsOutput*);
const codec::Shape& describe(const ShardFilter*);
const codec::Shape& describe(const ListShardsInput*);
const codec::Shape& describe(const ListShardsOutput*);
const codec::Shape& describe(const Tag*);
const codec::Shape& describe(const AddTagsToStreamInput*);
const codec::Shape& describe(const RemoveTagsFromStreamInput*);
const codec::Shape& describe(const ListTagsForStreamInput*);
const codec::Shape& describe(const ListTagsForStreamOutput*);
const codec::Shape& describe(const TagResourceInput*);
const codec::Shape& describe(const UntagResourceInput*);
const codec::Shape& describe(const ListTagsForResourceInput*);
const codec::Shape& describe(const ListTagsForResourceOutput*);
const codec::Shape& describe(const IncreaseStreamRetentionPeriodInput*);
const codec::Shape& describe(const DecreaseStreamRetentionPeriodInput*);
const codec::Shape& describe(const UpdateShardCountInput*);
const codec::Shape& describe(const UpdateShardCountOutput*);
const codec::Shape& describe(const SplitShardInput*);
const codec::Shape& describe(const MergeShardsInput*);
const codec::Shape& describe(const StartStreamEncryptionInput*);
const codec::Shape& describe(const StopStreamEncryptionInput*);
const codec::Shape& describe(const UpdateMaxRecordSizeInput*);

}  // namespace penstock::services::kinesis
