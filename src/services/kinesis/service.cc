#include "services/kinesis/service.h"

#include <algorithm>

#include "services/kinesis/fast_cbor.h"
#include "services/kinesis/fast_json.h"
#include "services/kinesis/operations.h"

namespace penstock::services::kinesis {
namespace {

Touched any_resource(const CallContext& /*call*/, const void* /*input*/) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

Touched new_stream(const CallContext& call, const void* input) {
  return {.resources = {stream_arn(call, static_cast<const CreateStreamInput*>(input)->stream_name)},
          .conditions = {},
          .resource_policies = {}};
}

template <class Input, std::string Input::* arn>
Touched named_by_arn(const CallContext& /*call*/, const void* input) {
  return {.resources = {static_cast<const Input*>(input)->*arn}, .conditions = {}, .resource_policies = {}};
}

struct FastCodec {
  bool (*decode)(std::string_view, void*);
  std::string (*encode)(const void*);
};

constexpr Operation with_fast_codecs(Operation row, FastCodec json, FastCodec cbor) {
  row.fast_decode = json.decode;
  row.fast_encode = json.encode;
  row.fast_decode_cbor = cbor.decode;
  row.fast_encode_cbor = cbor.encode;
  return row;
}

// Actions and resources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Kinesis
// Data Streams".
constexpr Operation kOperations[] = {
    operation<&add_tags_to_stream>("AddTagsToStream", "kinesis:AddTagsToStream",
                                   &stream_resource<AddTagsToStreamInput>),
    operation<&create_stream>("CreateStream", "kinesis:CreateStream", &new_stream),
    operation<&decrease_stream_retention_period>("DecreaseStreamRetentionPeriod",
                                                 "kinesis:DecreaseStreamRetentionPeriod",
                                                 &stream_resource<DecreaseStreamRetentionPeriodInput>),
    operation<&delete_stream>("DeleteStream", "kinesis:DeleteStream", &stream_resource<DeleteStreamInput>),
    operation<&describe_limits>("DescribeLimits", "kinesis:DescribeLimits", &any_resource),
    operation<&describe_stream>("DescribeStream", "kinesis:DescribeStream", &stream_resource<DescribeStreamInput>),
    operation<&describe_stream_summary>("DescribeStreamSummary", "kinesis:DescribeStreamSummary",
                                        &stream_resource<DescribeStreamSummaryInput>),
    with_fast_codecs(operation<&get_records>("GetRecords", "kinesis:GetRecords", &get_records_resource),
                     {nullptr, &fast_encode_get_records}, {nullptr, &fast_encode_cbor_get_records}),
    operation<&get_shard_iterator>("GetShardIterator", "kinesis:GetShardIterator",
                                   &stream_resource<GetShardIteratorInput>),
    operation<&increase_stream_retention_period>("IncreaseStreamRetentionPeriod",
                                                 "kinesis:IncreaseStreamRetentionPeriod",
                                                 &stream_resource<IncreaseStreamRetentionPeriodInput>),
    operation<&list_shards>("ListShards", "kinesis:ListShards", &list_shards_resource),
    operation<&list_streams>("ListStreams", "kinesis:ListStreams", &any_resource),
    operation<&list_tags_for_resource>(
        "ListTagsForResource", "kinesis:ListTagsForResource",
        &named_by_arn<ListTagsForResourceInput, &ListTagsForResourceInput::resource_arn>),
    operation<&list_tags_for_stream>("ListTagsForStream", "kinesis:ListTagsForStream",
                                     &stream_resource<ListTagsForStreamInput>),
    with_fast_codecs(operation<&put_record>("PutRecord", "kinesis:PutRecord", &stream_resource<PutRecordInput>),
                     {&fast_decode_put_record, &fast_encode_put_record}, {&fast_decode_cbor_put_record, nullptr}),
    with_fast_codecs(operation<&put_records>("PutRecords", "kinesis:PutRecords", &stream_resource<PutRecordsInput>),
                     {&fast_decode_put_records, &fast_encode_put_records},
                     {&fast_decode_cbor_put_records, &fast_encode_cbor_put_records}),
    operation<&remove_tags_from_stream>("RemoveTagsFromStream", "kinesis:RemoveTagsFromStream",
                                        &stream_resource<RemoveTagsFromStreamInput>),
    operation<&tag_resource>("TagResource", "kinesis:TagResource",
                             &named_by_arn<TagResourceInput, &TagResourceInput::resource_arn>),
    operation<&untag_resource>("UntagResource", "kinesis:UntagResource",
                               &named_by_arn<UntagResourceInput, &UntagResourceInput::resource_arn>),
    operation<&update_max_record_size>("UpdateMaxRecordSize", "kinesis:UpdateMaxRecordSize",
                                       &named_by_arn<UpdateMaxRecordSizeInput, &UpdateMaxRecordSizeInput::stream_arn>),
    operation<&update_shard_count>("UpdateShardCount", "kinesis:UpdateShardCount",
                                   &stream_resource<UpdateShardCountInput>),
};
static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

constexpr std::string_view kKnownOperations[] = {
    "DeleteResourcePolicy",   "DeregisterStreamConsumer",  "DescribeAccountSettings",
    "DescribeStreamConsumer", "DisableEnhancedMonitoring", "EnableEnhancedMonitoring",
    "GetResourcePolicy",      "ListStreamConsumers",       "MergeShards",
    "PutResourcePolicy",      "RegisterStreamConsumer",    "SplitShard",
    "StartStreamEncryption",  "StopStreamEncryption",      "SubscribeToShard",
    "UpdateAccountSettings",  "UpdateStreamMode",          "UpdateStreamWarmThroughput",
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
