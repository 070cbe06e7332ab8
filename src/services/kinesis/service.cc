#include "services/kinesis/service.h"

#include <algorithm>

#include "services/kinesis/call_rates.h"
#include "services/kinesis/fast_cbor.h"
#include "services/kinesis/fast_json.h"
#include "services/kinesis/operations.h"

namespace penstock::services::kinesis {
namespace {

Touched any_resource(const CallContext& /*call*/, const void* /*input*/) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

Touched new_stream(const CallContext& call, const void* input) {
  const auto& create = *static_cast<const CreateStreamInput*>(input);
  Touched touched{.resources = {stream_arn(call, create.stream_name)}, .conditions = {}, .resource_policies = {}};
  if (create.tags && !create.tags->empty()) {
    add_request_tags(*create.tags, touched);
    touched.more_actions = {"kinesis:AddTagsToStream"};
  }
  return touched;
}

template <class Input, std::string Input::* arn>
Touched named_by_arn(const CallContext& call, const void* input) {
  return touch_arns(call, {static_cast<const Input*>(input)->*arn});
}

Touched tagged_stream(const CallContext& call, const void* input) {
  const auto& add = *static_cast<const AddTagsToStreamInput*>(input);
  Touched touched = touch(call, add);
  add_request_tags(add.tags, touched);
  return touched;
}

Touched untagged_stream(const CallContext& call, const void* input) {
  const auto& remove = *static_cast<const RemoveTagsFromStreamInput*>(input);
  Touched touched = touch(call, remove);
  add_request_tag_keys(remove.tag_keys, touched);
  return touched;
}

Touched tagged_resource(const CallContext& call, const void* input) {
  const auto& tag = *static_cast<const TagResourceInput*>(input);
  Touched touched = touch_arns(call, {tag.resource_arn});
  add_request_tags(tag.tags, touched);
  return touched;
}

Touched untagged_resource(const CallContext& call, const void* input) {
  const auto& untag = *static_cast<const UntagResourceInput*>(input);
  Touched touched = touch_arns(call, {untag.resource_arn});
  add_request_tag_keys(untag.tag_keys, touched);
  return touched;
}

Touched new_consumer(const CallContext& call, const void* input) {
  const auto& registration = *static_cast<const RegisterStreamConsumerInput*>(input);
  Touched touched = touch_arns(call, {registration.stream_arn});
  if (registration.tags && !registration.tags->empty()) {
    add_request_tags(*registration.tags, touched);
    touched.more_actions = {"kinesis:TagResource"};
  }
  return touched;
}

struct FastCodec {
  bool (*decode)(std::string_view, void*);
  std::string (*encode)(const void*);
};

constexpr Operation with_fast_codecs(Operation row, FastCodec json, FastCodec cbor) {
  row.fast_is_valid = true;
  row.fast_decode = json.decode;
  row.fast_encode = json.encode;
  row.fast_decode_cbor = cbor.decode;
  row.fast_encode_cbor = cbor.encode;
  return row;
}

constexpr Operation with_events(Operation row) {
  row.event_stream = true;
  return row;
}

// Actions and resources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Kinesis
// Data Streams".
constexpr Operation kOperations[] = {
    control<&add_tags_to_stream>("AddTagsToStream", "kinesis:AddTagsToStream", &tagged_stream),
    control<&create_stream>("CreateStream", "kinesis:CreateStream", &new_stream),
    control<&decrease_stream_retention_period>("DecreaseStreamRetentionPeriod", "kinesis:DecreaseStreamRetentionPeriod",
                                               &stream_resource<DecreaseStreamRetentionPeriodInput>),
    control<&delete_resource_policy>(
        "DeleteResourcePolicy", "kinesis:DeleteResourcePolicy",
        &named_by_arn<DeleteResourcePolicyInput, &DeleteResourcePolicyInput::resource_arn>),
    control<&delete_stream>("DeleteStream", "kinesis:DeleteStream", &stream_resource<DeleteStreamInput>),
    control<&deregister_stream_consumer>("DeregisterStreamConsumer", "kinesis:DeregisterStreamConsumer",
                                         &consumer_resource<DeregisterStreamConsumerInput>),
    control<&describe_account_settings>("DescribeAccountSettings", "kinesis:DescribeAccountSettings", &any_resource),
    control<&describe_limits>("DescribeLimits", "kinesis:DescribeLimits", &any_resource),
    control<&describe_stream>("DescribeStream", "kinesis:DescribeStream", &stream_resource<DescribeStreamInput>),
    control<&describe_stream_consumer>("DescribeStreamConsumer", "kinesis:DescribeStreamConsumer",
                                       &consumer_resource<DescribeStreamConsumerInput>),
    control<&describe_stream_summary>("DescribeStreamSummary", "kinesis:DescribeStreamSummary",
                                      &stream_resource<DescribeStreamSummaryInput>),
    control<&disable_enhanced_monitoring>("DisableEnhancedMonitoring", "kinesis:DisableEnhancedMonitoring",
                                          &stream_resource<EnhancedMonitoringInput>),
    control<&enable_enhanced_monitoring>("EnableEnhancedMonitoring", "kinesis:EnableEnhancedMonitoring",
                                         &stream_resource<EnhancedMonitoringInput>),
    with_fast_codecs(operation<&get_records>("GetRecords", "kinesis:GetRecords", &get_records_resource),
                     {nullptr, &fast_encode_get_records}, {nullptr, &fast_encode_cbor_get_records}),
    control<&get_resource_policy>("GetResourcePolicy", "kinesis:GetResourcePolicy",
                                  &named_by_arn<GetResourcePolicyInput, &GetResourcePolicyInput::resource_arn>),
    operation<&get_shard_iterator>("GetShardIterator", "kinesis:GetShardIterator",
                                   &stream_resource<GetShardIteratorInput>),
    control<&increase_stream_retention_period>("IncreaseStreamRetentionPeriod", "kinesis:IncreaseStreamRetentionPeriod",
                                               &stream_resource<IncreaseStreamRetentionPeriodInput>),
    control<&list_shards>("ListShards", "kinesis:ListShards", &list_shards_resource),
    control<&list_stream_consumers>("ListStreamConsumers", "kinesis:ListStreamConsumers",
                                    &named_by_arn<ListStreamConsumersInput, &ListStreamConsumersInput::stream_arn>),
    control<&list_streams>("ListStreams", "kinesis:ListStreams", &any_resource),
    control<&list_tags_for_resource>("ListTagsForResource", "kinesis:ListTagsForResource",
                                     &named_by_arn<ListTagsForResourceInput, &ListTagsForResourceInput::resource_arn>),
    control<&list_tags_for_stream>("ListTagsForStream", "kinesis:ListTagsForStream",
                                   &stream_resource<ListTagsForStreamInput>),
    control<&merge_shards>("MergeShards", "kinesis:MergeShards", &stream_resource<MergeShardsInput>),
    with_fast_codecs(operation<&put_record>("PutRecord", "kinesis:PutRecord", &stream_resource<PutRecordInput>),
                     {&fast_decode_put_record, &fast_encode_put_record}, {&fast_decode_cbor_put_record, nullptr}),
    with_fast_codecs(operation<&put_records>("PutRecords", "kinesis:PutRecords", &stream_resource<PutRecordsInput>),
                     {&fast_decode_put_records, &fast_encode_put_records},
                     {&fast_decode_cbor_put_records, &fast_encode_cbor_put_records}),
    control<&put_resource_policy>("PutResourcePolicy", "kinesis:PutResourcePolicy",
                                  &named_by_arn<PutResourcePolicyInput, &PutResourcePolicyInput::resource_arn>),
    control<&register_stream_consumer>("RegisterStreamConsumer", "kinesis:RegisterStreamConsumer", &new_consumer),
    control<&remove_tags_from_stream>("RemoveTagsFromStream", "kinesis:RemoveTagsFromStream", &untagged_stream),
    control<&split_shard>("SplitShard", "kinesis:SplitShard", &stream_resource<SplitShardInput>),
    control<&start_stream_encryption>("StartStreamEncryption", "kinesis:StartStreamEncryption",
                                      &stream_resource<StartStreamEncryptionInput>),
    control<&stop_stream_encryption>("StopStreamEncryption", "kinesis:StopStreamEncryption",
                                     &stream_resource<StopStreamEncryptionInput>),
    with_events(control<&subscribe_to_shard>("SubscribeToShard", "kinesis:SubscribeToShard", &subscribe_resource)),
    control<&tag_resource>("TagResource", "kinesis:TagResource", &tagged_resource),
    control<&untag_resource>("UntagResource", "kinesis:UntagResource", &untagged_resource),
    control<&update_account_settings>("UpdateAccountSettings", "kinesis:UpdateAccountSettings", &any_resource),
    control<&update_max_record_size>("UpdateMaxRecordSize", "kinesis:UpdateMaxRecordSize",
                                     &stream_resource<UpdateMaxRecordSizeInput>),
    control<&update_shard_count>("UpdateShardCount", "kinesis:UpdateShardCount",
                                 &stream_resource<UpdateShardCountInput>),
    control<&update_stream_mode>("UpdateStreamMode", "kinesis:UpdateStreamMode",
                                 &stream_resource<UpdateStreamModeInput>),
    control<&update_stream_warm_throughput>("UpdateStreamWarmThroughput", "kinesis:UpdateStreamWarmThroughput",
                                            &stream_resource<UpdateStreamWarmThroughputInput>),
};
static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

constexpr std::string_view kKnownOperations[] = {
    "CreateChannel", "DeleteChannel", "DescribeChannel",
    "ListChannels",  "UpdateChannel", "UpdateStreamRecordDistributionStrategy",
};
static_assert(std::ranges::is_sorted(kKnownOperations));

}  // namespace

const Service& service() {
  static const Service service{.name = "kinesis",
                               .protocol = Protocol::json11,
                               .target_prefix = "Kinesis_20131202",
                               .api_version = "2013-12-02",
                               .xml_namespace = {},
                               .operations = kOperations,
                               .known_operations = kKnownOperations,
                               .malformed_code = "SerializationException",
                               .validation_code = "ValidationException",
                               .denied_code = "AccessDeniedException",
                               .denied_status = 400};
  return service;
}

}  // namespace penstock::services::kinesis
