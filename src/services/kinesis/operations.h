#pragma once
/// The handlers of the table in service.cc. Each answers errors as its page in the Kinesis API Reference says.

#include "services/kinesis/capacity_shapes.h"
#include "services/kinesis/consumer_shapes.h"
#include "services/kinesis/monitoring_shapes.h"
#include "services/kinesis/record_shapes.h"
#include "services/kinesis/resource_policy_shapes.h"
#include "services/kinesis/stream_shapes.h"
#include "services/kinesis/subscription_shapes.h"
#include "services/operation.h"
#include "stream/stream_info.h"

namespace penstock::services::kinesis {

template <class T>
using Answer = Task<ApiResult<T>>;
using codec::Empty;

Answer<Empty> create_stream(CallContext& call, CreateStreamInput input);
Answer<Empty> delete_stream(CallContext& call, DeleteStreamInput input);
Answer<DescribeStreamOutput> describe_stream(CallContext& call, DescribeStreamInput input);
Answer<DescribeStreamSummaryOutput> describe_stream_summary(CallContext& call, DescribeStreamSummaryInput input);
Answer<DescribeLimitsOutput> describe_limits(CallContext& call, Empty input);
Answer<ListStreamsOutput> list_streams(CallContext& call, ListStreamsInput input);
Answer<ListShardsOutput> list_shards(CallContext& call, ListShardsInput input);

Answer<PutRecordOutput> put_record(CallContext& call, PutRecordInput input);
Answer<PutRecordsOutput> put_records(CallContext& call, PutRecordsInput input);
Answer<GetShardIteratorOutput> get_shard_iterator(CallContext& call, GetShardIteratorInput input);
Answer<GetRecordsOutput> get_records(CallContext& call, GetRecordsInput input);

Answer<RegisterStreamConsumerOutput> register_stream_consumer(CallContext& call, RegisterStreamConsumerInput input);
Answer<Empty> deregister_stream_consumer(CallContext& call, DeregisterStreamConsumerInput input);
Answer<DescribeStreamConsumerOutput> describe_stream_consumer(CallContext& call, DescribeStreamConsumerInput input);
Answer<ListStreamConsumersOutput> list_stream_consumers(CallContext& call, ListStreamConsumersInput input);
/// Sets call.events.
Answer<Empty> subscribe_to_shard(CallContext& call, SubscribeToShardInput input);

Answer<Empty> add_tags_to_stream(CallContext& call, AddTagsToStreamInput input);
Answer<Empty> remove_tags_from_stream(CallContext& call, RemoveTagsFromStreamInput input);
Answer<ListTagsForStreamOutput> list_tags_for_stream(CallContext& call, ListTagsForStreamInput input);
Answer<Empty> tag_resource(CallContext& call, TagResourceInput input);
Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input);
Answer<ListTagsForResourceOutput> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input);

Answer<Empty> put_resource_policy(CallContext& call, PutResourcePolicyInput input);
Answer<GetResourcePolicyOutput> get_resource_policy(CallContext& call, GetResourcePolicyInput input);
Answer<Empty> delete_resource_policy(CallContext& call, DeleteResourcePolicyInput input);

Answer<Empty> increase_stream_retention_period(CallContext& call, IncreaseStreamRetentionPeriodInput input);
Answer<Empty> decrease_stream_retention_period(CallContext& call, DecreaseStreamRetentionPeriodInput input);
Answer<UpdateShardCountOutput> update_shard_count(CallContext& call, UpdateShardCountInput input);
Answer<Empty> update_stream_mode(CallContext& call, UpdateStreamModeInput input);
Answer<UpdateStreamWarmThroughputOutput> update_stream_warm_throughput(CallContext& call,
                                                                       UpdateStreamWarmThroughputInput input);
Answer<AccountSettingsOutput> describe_account_settings(CallContext& call, Empty input);
Answer<AccountSettingsOutput> update_account_settings(CallContext& call, UpdateAccountSettingsInput input);
Answer<Empty> split_shard(CallContext& call, SplitShardInput input);
Answer<Empty> merge_shards(CallContext& call, MergeShardsInput input);
Answer<Empty> start_stream_encryption(CallContext& call, StartStreamEncryptionInput input);
Answer<Empty> stop_stream_encryption(CallContext& call, StopStreamEncryptionInput input);
Answer<Empty> update_max_record_size(CallContext& call, UpdateMaxRecordSizeInput input);
Answer<EnhancedMonitoringOutput> enable_enhanced_monitoring(CallContext& call, EnhancedMonitoringInput input);
Answer<EnhancedMonitoringOutput> disable_enhanced_monitoring(CallContext& call, EnhancedMonitoringInput input);

/// What GetRecords and ListShards touch when the stream is named by a token only.
Touched get_records_resource(const CallContext& call, const void* input);
Touched list_shards_resource(const CallContext& call, const void* input);
Touched subscribe_resource(const CallContext& call, const void* input);

/// "Tokens expire after 300 seconds": Settings::page_token_life. Errors: ExpiredNextTokenException.
[[nodiscard]] ApiResult<void> check_token_age(const CallContext& call, Timestamp made);

/// For operations that only streams of one capacity mode have. Errors: ValidationException, ResourceNotFoundException.
[[nodiscard]] ApiResult<void> check_mode(const CallContext& call, std::string_view name, stream::StreamMode mode,
                                         std::string_view operation);

/// AWS's rules for the characters of tags. Errors: InvalidArgumentException.
[[nodiscard]] ApiResult<void> check_tags(const CallContext& call, std::string_view stream,
                                         const std::map<std::string, std::string>& tags);

}  // namespace penstock::services::kinesis
