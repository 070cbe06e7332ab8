#include "services/kinesis/stream_shapes.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

codec::Rules positive() { return {.range = {.min = 1}}; }
codec::Rules range(std::int64_t min, std::int64_t max) { return {.range = {min, max}}; }
codec::Rules tag_map(std::int64_t count_min) {
  return {.required = true, .length = {count_min, 200}, .element_length = {0, 256}, .key_length = {1, 128}};
}
codec::Rules encryption_type_rules() { return {.required = true, .one_of = {"NONE", "KMS"}}; }
codec::Rules key_id_rules() { return {.required = true, .length = {1, 2048}}; }
codec::Rules tag_keys() { return {.required = true, .length = {1, 50}, .element_length = {1, 128}}; }

}  // namespace

const Shape& describe(const StreamModeDetails*) {
  static const Shape shape = ShapeBuilder<StreamModeDetails>("StreamModeDetails")
                                 .field("StreamMode", &StreamModeDetails::stream_mode,
                                        {.required = true, .one_of = {"PROVISIONED", "ON_DEMAND"}})
                                 .build();
  return shape;
}

const Shape& describe(const CreateStreamInput*) {
  static const Shape shape =
      ShapeBuilder<CreateStreamInput>("CreateStreamInput")
          .field("StreamName", &CreateStreamInput::stream_name, name_rules(true))
          .field("ShardCount", &CreateStreamInput::shard_count, positive())
          .field("StreamModeDetails", &CreateStreamInput::stream_mode_details)
          .field("Tags", &CreateStreamInput::tags,
                 {.length = {1, 200}, .element_length = {0, 256}, .key_length = {1, 128}})
          .field("WarmThroughputMiBps", &CreateStreamInput::warm_throughput_mibps, {.range = {.min = 0}})
          .field("RecordDistributionStrategy", &CreateStreamInput::record_distribution_strategy,
                 {.one_of = {"AUTO", "USER_PARTITION_KEY"}})
          .field("MaxRecordSizeInKiB", &CreateStreamInput::max_record_size_in_kib, range(1024, 10240))
          .build();
  return shape;
}

const Shape& describe(const DeleteStreamInput*) {
  static const Shape shape = stream_shape<DeleteStreamInput>("DeleteStreamInput")
                                 .field("EnforceConsumerDeletion", &DeleteStreamInput::enforce_consumer_deletion)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeStreamInput*) {
  static const Shape shape =
      stream_shape<DescribeStreamInput>("DescribeStreamInput")
          .field("Limit", &DescribeStreamInput::limit, range(1, 10000))
          .field("ExclusiveStartShardId", &DescribeStreamInput::exclusive_start_shard_id, name_rules())
          .build();
  return shape;
}

const Shape& describe(const HashKeyRange*) {
  static const Shape shape = ShapeBuilder<HashKeyRange>("HashKeyRange")
                                 .field("StartingHashKey", &HashKeyRange::starting_hash_key)
                                 .field("EndingHashKey", &HashKeyRange::ending_hash_key)
                                 .build();
  return shape;
}

const Shape& describe(const SequenceNumberRange*) {
  static const Shape shape = ShapeBuilder<SequenceNumberRange>("SequenceNumberRange")
                                 .field("StartingSequenceNumber", &SequenceNumberRange::starting_sequence_number)
                                 .field("EndingSequenceNumber", &SequenceNumberRange::ending_sequence_number)
                                 .build();
  return shape;
}

const Shape& describe(const ShardOutput*) {
  static const Shape shape = ShapeBuilder<ShardOutput>("Shard")
                                 .field("ShardId", &ShardOutput::shard_id)
                                 .field("ParentShardId", &ShardOutput::parent_shard_id)
                                 .field("AdjacentParentShardId", &ShardOutput::adjacent_parent_shard_id)
                                 .field("HashKeyRange", &ShardOutput::hash_key_range)
                                 .field("SequenceNumberRange", &ShardOutput::sequence_number_range)
                                 .build();
  return shape;
}

const Shape& describe(const EnhancedMetrics*) {
  static const Shape shape = ShapeBuilder<EnhancedMetrics>("EnhancedMetrics")
                                 .field("ShardLevelMetrics", &EnhancedMetrics::shard_level_metrics)
                                 .build();
  return shape;
}

const Shape& describe(const StreamDescription*) {
  static const Shape shape = ShapeBuilder<StreamDescription>("StreamDescription")
                                 .field("StreamName", &StreamDescription::stream_name)
                                 .field("StreamARN", &StreamDescription::stream_arn)
                                 .field("StreamStatus", &StreamDescription::stream_status)
                                 .field("StreamModeDetails", &StreamDescription::stream_mode_details)
                                 .field("Shards", &StreamDescription::shards)
                                 .field("HasMoreShards", &StreamDescription::has_more_shards)
                                 .field("RetentionPeriodHours", &StreamDescription::retention_period_hours)
                                 .field("StreamCreationTimestamp", &StreamDescription::stream_creation_timestamp)
                                 .field("EnhancedMonitoring", &StreamDescription::enhanced_monitoring)
                                 .field("EncryptionType", &StreamDescription::encryption_type)
                                 .field("KeyId", &StreamDescription::key_id)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeStreamOutput*) {
  static const Shape shape = ShapeBuilder<DescribeStreamOutput>("DescribeStreamOutput")
                                 .field("StreamDescription", &DescribeStreamOutput::stream_description)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeStreamSummaryInput*) {
  static const Shape shape = stream_shape<DescribeStreamSummaryInput>("DescribeStreamSummaryInput").build();
  return shape;
}

const Shape& describe(const WarmThroughputObject*) {
  static const Shape shape = ShapeBuilder<WarmThroughputObject>("WarmThroughputObject")
                                 .field("TargetMiBps", &WarmThroughputObject::target_mibps)
                                 .field("CurrentMiBps", &WarmThroughputObject::current_mibps)
                                 .build();
  return shape;
}

const Shape& describe(const StreamDescriptionSummary*) {
  static const Shape shape =
      ShapeBuilder<StreamDescriptionSummary>("StreamDescriptionSummary")
          .field("StreamName", &StreamDescriptionSummary::stream_name)
          .field("StreamARN", &StreamDescriptionSummary::stream_arn)
          .field("StreamStatus", &StreamDescriptionSummary::stream_status)
          .field("StreamModeDetails", &StreamDescriptionSummary::stream_mode_details)
          .field("RetentionPeriodHours", &StreamDescriptionSummary::retention_period_hours)
          .field("StreamCreationTimestamp", &StreamDescriptionSummary::stream_creation_timestamp)
          .field("EnhancedMonitoring", &StreamDescriptionSummary::enhanced_monitoring)
          .field("EncryptionType", &StreamDescriptionSummary::encryption_type)
          .field("KeyId", &StreamDescriptionSummary::key_id)
          .field("OpenShardCount", &StreamDescriptionSummary::open_shard_count)
          .field("ConsumerCount", &StreamDescriptionSummary::consumer_count)
          .field("MaxRecordSizeInKiB", &StreamDescriptionSummary::max_record_size_in_kib)
          .field("WarmThroughput", &StreamDescriptionSummary::warm_throughput)
          .field("RecordDistributionStrategy", &StreamDescriptionSummary::record_distribution_strategy)
          .build();
  return shape;
}

const Shape& describe(const DescribeStreamSummaryOutput*) {
  static const Shape shape =
      ShapeBuilder<DescribeStreamSummaryOutput>("DescribeStreamSummaryOutput")
          .field("StreamDescriptionSummary", &DescribeStreamSummaryOutput::stream_description_summary)
          .build();
  return shape;
}

const Shape& describe(const DescribeLimitsOutput*) {
  static const Shape shape = ShapeBuilder<DescribeLimitsOutput>("DescribeLimitsOutput")
                                 .field("ShardLimit", &DescribeLimitsOutput::shard_limit)
                                 .field("OpenShardCount", &DescribeLimitsOutput::open_shard_count)
                                 .field("OnDemandStreamCount", &DescribeLimitsOutput::on_demand_stream_count)
                                 .field("OnDemandStreamCountLimit", &DescribeLimitsOutput::on_demand_stream_count_limit)
                                 .build();
  return shape;
}

const Shape& describe(const ListStreamsInput*) {
  static const Shape shape =
      ShapeBuilder<ListStreamsInput>("ListStreamsInput")
          .field("Limit", &ListStreamsInput::limit, range(1, 10000))
          .field("ExclusiveStartStreamName", &ListStreamsInput::exclusive_start_stream_name, name_rules())
          .field("NextToken", &ListStreamsInput::next_token, {.length = {1, 1048576}})
          .build();
  return shape;
}

const Shape& describe(const StreamSummary*) {
  static const Shape shape = ShapeBuilder<StreamSummary>("StreamSummary")
                                 .field("StreamName", &StreamSummary::stream_name)
                                 .field("StreamARN", &StreamSummary::stream_arn)
                                 .field("StreamStatus", &StreamSummary::stream_status)
                                 .field("StreamModeDetails", &StreamSummary::stream_mode_details)
                                 .field("StreamCreationTimestamp", &StreamSummary::stream_creation_timestamp)
                                 .build();
  return shape;
}

const Shape& describe(const ListStreamsOutput*) {
  static const Shape shape = ShapeBuilder<ListStreamsOutput>("ListStreamsOutput")
                                 .field("StreamNames", &ListStreamsOutput::stream_names)
                                 .field("HasMoreStreams", &ListStreamsOutput::has_more_streams)
                                 .field("NextToken", &ListStreamsOutput::next_token)
                                 .field("StreamSummaries", &ListStreamsOutput::stream_summaries)
                                 .build();
  return shape;
}

const Shape& describe(const ShardFilter*) {
  static const Shape shape = ShapeBuilder<ShardFilter>("ShardFilter")
                                 .field("Type", &ShardFilter::type,
                                        {.required = true,
                                         .one_of = {"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON",
                                                    "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"}})
                                 .field("ShardId", &ShardFilter::shard_id, name_rules())
                                 .field("Timestamp", &ShardFilter::timestamp)
                                 .build();
  return shape;
}

const Shape& describe(const ListShardsInput*) {
  static const Shape shape =
      stream_shape<ListShardsInput>("ListShardsInput")
          .field("NextToken", &ListShardsInput::next_token, {.length = {1, 1048576}})
          .field("ExclusiveStartShardId", &ListShardsInput::exclusive_start_shard_id, name_rules())
          .field("MaxResults", &ListShardsInput::max_results, range(1, 10000))
          .field("StreamCreationTimestamp", &ListShardsInput::stream_creation_timestamp)
          .field("ShardFilter", &ListShardsInput::shard_filter)
          .build();
  return shape;
}

const Shape& describe(const ListShardsOutput*) {
  static const Shape shape = ShapeBuilder<ListShardsOutput>("ListShardsOutput")
                                 .field("Shards", &ListShardsOutput::shards)
                                 .field("NextToken", &ListShardsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const Tag*) {
  static const Shape shape = ShapeBuilder<Tag>("Tag").field("Key", &Tag::key).field("Value", &Tag::value).build();
  return shape;
}

const Shape& describe(const AddTagsToStreamInput*) {
  static const Shape shape = stream_shape<AddTagsToStreamInput>("AddTagsToStreamInput")
                                 .field("Tags", &AddTagsToStreamInput::tags, tag_map(1))
                                 .build();
  return shape;
}

const Shape& describe(const RemoveTagsFromStreamInput*) {
  static const Shape shape = stream_shape<RemoveTagsFromStreamInput>("RemoveTagsFromStreamInput")
                                 .field("TagKeys", &RemoveTagsFromStreamInput::tag_keys, tag_keys())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsForStreamInput*) {
  static const Shape shape =
      stream_shape<ListTagsForStreamInput>("ListTagsForStreamInput")
          .field("ExclusiveStartTagKey", &ListTagsForStreamInput::exclusive_start_tag_key, {.length = {1, 128}})
          .field("Limit", &ListTagsForStreamInput::limit, range(1, 50))
          .build();
  return shape;
}

const Shape& describe(const ListTagsForStreamOutput*) {
  static const Shape shape = ShapeBuilder<ListTagsForStreamOutput>("ListTagsForStreamOutput")
                                 .field("Tags", &ListTagsForStreamOutput::tags)
                                 .field("HasMoreTags", &ListTagsForStreamOutput::has_more_tags)
                                 .build();
  return shape;
}

const Shape& describe(const TagResourceInput*) {
  static const Shape shape = ShapeBuilder<TagResourceInput>("TagResourceInput")
                                 .field("Tags", &TagResourceInput::tags, tag_map(1))
                                 .field("ResourceARN", &TagResourceInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &TagResourceInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const UntagResourceInput*) {
  static const Shape shape = ShapeBuilder<UntagResourceInput>("UntagResourceInput")
                                 .field("TagKeys", &UntagResourceInput::tag_keys, tag_keys())
                                 .field("ResourceARN", &UntagResourceInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &UntagResourceInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsForResourceInput*) {
  static const Shape shape = ShapeBuilder<ListTagsForResourceInput>("ListTagsForResourceInput")
                                 .field("ResourceARN", &ListTagsForResourceInput::resource_arn, resource_arn_rules())
                                 .field("StreamId", &ListTagsForResourceInput::stream_id, stream_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsForResourceOutput*) {
  static const Shape shape = ShapeBuilder<ListTagsForResourceOutput>("ListTagsForResourceOutput")
                                 .field("Tags", &ListTagsForResourceOutput::tags)
                                 .build();
  return shape;
}

const Shape& describe(const IncreaseStreamRetentionPeriodInput*) {
  static const Shape shape =
      stream_shape<IncreaseStreamRetentionPeriodInput>("IncreaseStreamRetentionPeriodInput")
          .field("RetentionPeriodHours", &IncreaseStreamRetentionPeriodInput::retention_period_hours,
                 {.required = true, .range = {.min = 1}})
          .build();
  return shape;
}

const Shape& describe(const DecreaseStreamRetentionPeriodInput*) {
  static const Shape shape =
      stream_shape<DecreaseStreamRetentionPeriodInput>("DecreaseStreamRetentionPeriodInput")
          .field("RetentionPeriodHours", &DecreaseStreamRetentionPeriodInput::retention_period_hours,
                 {.required = true, .range = {.min = 1}})
          .build();
  return shape;
}

const Shape& describe(const UpdateShardCountInput*) {
  static const Shape shape =
      stream_shape<UpdateShardCountInput>("UpdateShardCountInput")
          .field("TargetShardCount", &UpdateShardCountInput::target_shard_count,
                 {.required = true, .range = {.min = 1}})
          .field("ScalingType", &UpdateShardCountInput::scaling_type, {.required = true, .one_of = {"UNIFORM_SCALING"}})
          .build();
  return shape;
}

const Shape& describe(const UpdateShardCountOutput*) {
  static const Shape shape = ShapeBuilder<UpdateShardCountOutput>("UpdateShardCountOutput")
                                 .field("StreamName", &UpdateShardCountOutput::stream_name)
                                 .field("CurrentShardCount", &UpdateShardCountOutput::current_shard_count)
                                 .field("TargetShardCount", &UpdateShardCountOutput::target_shard_count)
                                 .field("StreamARN", &UpdateShardCountOutput::stream_arn)
                                 .build();
  return shape;
}

const Shape& describe(const SplitShardInput*) {
  static const Shape shape = stream_shape<SplitShardInput>("SplitShardInput")
                                 .field("ShardToSplit", &SplitShardInput::shard_to_split, name_rules(true))
                                 .field("NewStartingHashKey", &SplitShardInput::new_starting_hash_key,
                                        {.required = true, .pattern = "0|([1-9]\\d{0,38})"})
                                 .build();
  return shape;
}

const Shape& describe(const MergeShardsInput*) {
  static const Shape shape =
      stream_shape<MergeShardsInput>("MergeShardsInput")
          .field("ShardToMerge", &MergeShardsInput::shard_to_merge, name_rules(true))
          .field("AdjacentShardToMerge", &MergeShardsInput::adjacent_shard_to_merge, name_rules(true))
          .build();
  return shape;
}

const Shape& describe(const StartStreamEncryptionInput*) {
  static const Shape shape =
      stream_shape<StartStreamEncryptionInput>("StartStreamEncryptionInput")
          .field("EncryptionType", &StartStreamEncryptionInput::encryption_type, encryption_type_rules())
          .field("KeyId", &StartStreamEncryptionInput::key_id, key_id_rules())
          .build();
  return shape;
}

const Shape& describe(const StopStreamEncryptionInput*) {
  static const Shape shape =
      stream_shape<StopStreamEncryptionInput>("StopStreamEncryptionInput")
          .field("EncryptionType", &StopStreamEncryptionInput::encryption_type, encryption_type_rules())
          .field("KeyId", &StopStreamEncryptionInput::key_id, key_id_rules())
          .build();
  return shape;
}

const Shape& describe(const UpdateMaxRecordSizeInput*) {
  static const Shape shape = arn_shape<UpdateMaxRecordSizeInput>("UpdateMaxRecordSizeInput")
                                 .field("MaxRecordSizeInKiB", &UpdateMaxRecordSizeInput::max_record_size_in_kib,
                                        {.required = true, .range = {1024, 10240}})
                                 .build();
  return shape;
}

}  // namespace penstock::services::kinesis
