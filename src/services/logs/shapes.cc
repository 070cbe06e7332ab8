#include "services/logs/shapes.h"

namespace penstock::services::logs_api {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

// Of names the upper bound is told in words of its own: check_name_length.
codec::Rules group_name(bool required) {
  return {.required = required, .length = {.min = 1}, .pattern = "[\\.\\-_/#A-Za-z0-9]+"};
}
codec::Rules group_prefix() { return {.length = {1, 512}, .pattern = "[\\.\\-_/#A-Za-z0-9]+"}; }
codec::Rules stream_name(bool required) { return {.required = required, .length = {.min = 1}, .pattern = "[^:*]*"}; }
codec::Rules stream_prefix() { return {.length = {1, 512}, .pattern = "[^:*]*"}; }
codec::Rules identifier() { return {.length = {1, 2048}, .pattern = "[\\w#+=/:,.@-]*"}; }
codec::Rules resource_arn() { return {.required = true, .length = {1, 1011}, .pattern = "[\\w+=/:,.@\\-\\*]*"}; }
codec::Rules token() { return {.length = {.min = 1}}; }
codec::Rules time() { return {.range = {.min = 0}}; }
codec::Rules page_limit(std::int64_t max) { return {.range = {1, max}}; }
codec::Rules log_class() { return {.one_of = {"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}}; }
codec::Rules tag_map(bool required) {
  return {.required = required,
          .length = {1, 50},
          .element_length = {0, 256},
          .key_length = {1, 128},
          .key_pattern = "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)"};
}
codec::Rules tag_keys() { return {.required = true, .length = {0, 50}, .element_length = {1, 128}}; }

}  // namespace

const Shape& describe(const CreateLogGroupInput*) {
  static const Shape shape = ShapeBuilder<CreateLogGroupInput>("CreateLogGroupRequest")
                                 .field("logGroupName", &CreateLogGroupInput::group, group_name(true))
                                 .field("kmsKeyId", &CreateLogGroupInput::kms_key_id, {.length = {0, 256}})
                                 .field("tags", &CreateLogGroupInput::tags, tag_map(false))
                                 .field("logGroupClass", &CreateLogGroupInput::log_class, log_class())
                                 .field("deletionProtectionEnabled", &CreateLogGroupInput::deletion_protection)
                                 .build();
  return shape;
}

const Shape& describe(const GroupInput*) {
  static const Shape shape =
      ShapeBuilder<GroupInput>("LogGroupRequest").field("logGroupName", &GroupInput::group, group_name(true)).build();
  return shape;
}

const Shape& describe(const PutRetentionPolicyInput*) {
  static const Shape shape = ShapeBuilder<PutRetentionPolicyInput>("PutRetentionPolicyRequest")
                                 .field("logGroupName", &PutRetentionPolicyInput::group, group_name(true))
                                 .field("retentionInDays", &PutRetentionPolicyInput::days, {.required = true})
                                 .build();
  return shape;
}

const Shape& describe(const DescribeLogGroupsInput*) {
  static const Shape shape = ShapeBuilder<DescribeLogGroupsInput>("DescribeLogGroupsRequest")
                                 .field("accountIdentifiers", &DescribeLogGroupsInput::accounts, {.length = {0, 20}})
                                 .field("logGroupNamePrefix", &DescribeLogGroupsInput::prefix, group_prefix())
                                 .field("logGroupNamePattern", &DescribeLogGroupsInput::pattern,
                                        {.length = {0, 512}, .pattern = "[\\.\\-_/#A-Za-z0-9]*"})
                                 .field("nextToken", &DescribeLogGroupsInput::next_token, token())
                                 .field("limit", &DescribeLogGroupsInput::limit, page_limit(50))
                                 .field("includeLinkedAccounts", &DescribeLogGroupsInput::include_linked)
                                 .field("logGroupClass", &DescribeLogGroupsInput::log_class, log_class())
                                 .field("logGroupIdentifiers", &DescribeLogGroupsInput::identifiers,
                                        {.length = {1, 50}, .element_length = {1, 2048}})
                                 .build();
  return shape;
}

const Shape& describe(const LogGroupOutput*) {
  static const Shape shape = ShapeBuilder<LogGroupOutput>("LogGroup")
                                 .field("logGroupName", &LogGroupOutput::name)
                                 .field("creationTime", &LogGroupOutput::created)
                                 .field("retentionInDays", &LogGroupOutput::retention_days)
                                 .field("metricFilterCount", &LogGroupOutput::metric_filters)
                                 .field("arn", &LogGroupOutput::arn)
                                 .field("storedBytes", &LogGroupOutput::stored_bytes)
                                 .field("logGroupClass", &LogGroupOutput::log_class)
                                 .field("logGroupArn", &LogGroupOutput::group_arn)
                                 .field("deletionProtectionEnabled", &LogGroupOutput::deletion_protection)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeLogGroupsOutput*) {
  static const Shape shape = ShapeBuilder<DescribeLogGroupsOutput>("DescribeLogGroupsResponse")
                                 .field("logGroups", &DescribeLogGroupsOutput::groups)
                                 .field("nextToken", &DescribeLogGroupsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const StreamInput*) {
  static const Shape shape = ShapeBuilder<StreamInput>("LogStreamRequest")
                                 .field("logGroupName", &StreamInput::group, group_name(true))
                                 .field("logStreamName", &StreamInput::stream, stream_name(true))
                                 .build();
  return shape;
}

const Shape& describe(const DescribeLogStreamsInput*) {
  static const Shape shape =
      ShapeBuilder<DescribeLogStreamsInput>("DescribeLogStreamsRequest")
          .field("logGroupName", &DescribeLogStreamsInput::group, group_name(false))
          .field("logGroupIdentifier", &DescribeLogStreamsInput::group_identifier, identifier())
          .field("logStreamNamePrefix", &DescribeLogStreamsInput::prefix, stream_prefix())
          .field("orderBy", &DescribeLogStreamsInput::order_by, {.one_of = {"LogStreamName", "LastEventTime"}})
          .field("descending", &DescribeLogStreamsInput::descending)
          .field("nextToken", &DescribeLogStreamsInput::next_token, token())
          .field("limit", &DescribeLogStreamsInput::limit, page_limit(50))
          .build();
  return shape;
}

const Shape& describe(const LogStreamOutput*) {
  static const Shape shape = ShapeBuilder<LogStreamOutput>("LogStream")
                                 .field("logStreamName", &LogStreamOutput::name)
                                 .field("creationTime", &LogStreamOutput::created)
                                 .field("firstEventTimestamp", &LogStreamOutput::first_event)
                                 .field("lastEventTimestamp", &LogStreamOutput::last_event)
                                 .field("lastIngestionTime", &LogStreamOutput::last_ingestion)
                                 .field("arn", &LogStreamOutput::arn)
                                 .field("storedBytes", &LogStreamOutput::stored_bytes)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeLogStreamsOutput*) {
  static const Shape shape = ShapeBuilder<DescribeLogStreamsOutput>("DescribeLogStreamsResponse")
                                 .field("logStreams", &DescribeLogStreamsOutput::streams)
                                 .field("nextToken", &DescribeLogStreamsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const InputEvent*) {
  static const Shape shape = ShapeBuilder<InputEvent>("InputLogEvent")
                                 .field("timestamp", &InputEvent::timestamp, {.required = true, .range = {.min = 0}})
                                 .field("message", &InputEvent::message, {.required = true, .length = {.min = 1}})
                                 .build();
  return shape;
}

const Shape& describe(const PutLogEventsInput*) {
  static const Shape shape =
      ShapeBuilder<PutLogEventsInput>("PutLogEventsRequest")
          .field("logGroupName", &PutLogEventsInput::group, group_name(true))
          .field("logStreamName", &PutLogEventsInput::stream, stream_name(true))
          .field("logEvents", &PutLogEventsInput::events, {.required = true, .length = {1, 10000}})
          .field("sequenceToken", &PutLogEventsInput::sequence_token, token())
          .build();
  return shape;
}

const Shape& describe(const RejectedEvents*) {
  static const Shape shape = ShapeBuilder<RejectedEvents>("RejectedLogEventsInfo")
                                 .field("tooNewLogEventStartIndex", &RejectedEvents::too_new_start)
                                 .field("tooOldLogEventEndIndex", &RejectedEvents::too_old_end)
                                 .field("expiredLogEventEndIndex", &RejectedEvents::expired_end)
                                 .build();
  return shape;
}

const Shape& describe(const PutLogEventsOutput*) {
  static const Shape shape = ShapeBuilder<PutLogEventsOutput>("PutLogEventsResponse")
                                 .field("nextSequenceToken", &PutLogEventsOutput::next_sequence_token)
                                 .field("rejectedLogEventsInfo", &PutLogEventsOutput::rejected)
                                 .build();
  return shape;
}

const Shape& describe(const GetLogEventsInput*) {
  static const Shape shape = ShapeBuilder<GetLogEventsInput>("GetLogEventsRequest")
                                 .field("logGroupName", &GetLogEventsInput::group, group_name(false))
                                 .field("logGroupIdentifier", &GetLogEventsInput::group_identifier, identifier())
                                 .field("logStreamName", &GetLogEventsInput::stream, stream_name(true))
                                 .field("startTime", &GetLogEventsInput::start, time())
                                 .field("endTime", &GetLogEventsInput::end, time())
                                 .field("nextToken", &GetLogEventsInput::next_token, token())
                                 .field("limit", &GetLogEventsInput::limit, page_limit(10000))
                                 .field("startFromHead", &GetLogEventsInput::from_head)
                                 .field("unmask", &GetLogEventsInput::unmask)
                                 .build();
  return shape;
}

const Shape& describe(const OutputEvent*) {
  static const Shape shape = ShapeBuilder<OutputEvent>("OutputLogEvent")
                                 .field("timestamp", &OutputEvent::timestamp)
                                 .field("message", &OutputEvent::message)
                                 .field("ingestionTime", &OutputEvent::ingestion)
                                 .build();
  return shape;
}

const Shape& describe(const GetLogEventsOutput*) {
  static const Shape shape = ShapeBuilder<GetLogEventsOutput>("GetLogEventsResponse")
                                 .field("events", &GetLogEventsOutput::events)
                                 .field("nextForwardToken", &GetLogEventsOutput::forward_token)
                                 .field("nextBackwardToken", &GetLogEventsOutput::backward_token)
                                 .build();
  return shape;
}

const Shape& describe(const FilterLogEventsInput*) {
  static const Shape shape = ShapeBuilder<FilterLogEventsInput>("FilterLogEventsRequest")
                                 .field("logGroupName", &FilterLogEventsInput::group, group_name(false))
                                 .field("logGroupIdentifier", &FilterLogEventsInput::group_identifier, identifier())
                                 .field("logStreamNames", &FilterLogEventsInput::streams,
                                        {.length = {1, 100}, .element_length = {1, 512}, .element_pattern = "[^:*]*"})
                                 .field("logStreamNamePrefix", &FilterLogEventsInput::stream_prefix, stream_prefix())
                                 .field("startTime", &FilterLogEventsInput::start, time())
                                 .field("endTime", &FilterLogEventsInput::end, time())
                                 .field("filterPattern", &FilterLogEventsInput::pattern, {.length = {0, 1024}})
                                 .field("nextToken", &FilterLogEventsInput::next_token, token())
                                 .field("limit", &FilterLogEventsInput::limit, page_limit(10000))
                                 .field("interleaved", &FilterLogEventsInput::interleaved)
                                 .field("unmask", &FilterLogEventsInput::unmask)
                                 .build();
  return shape;
}

const Shape& describe(const FilteredEvent*) {
  static const Shape shape = ShapeBuilder<FilteredEvent>("FilteredLogEvent")
                                 .field("logStreamName", &FilteredEvent::stream)
                                 .field("timestamp", &FilteredEvent::timestamp)
                                 .field("message", &FilteredEvent::message)
                                 .field("ingestionTime", &FilteredEvent::ingestion)
                                 .field("eventId", &FilteredEvent::id)
                                 .build();
  return shape;
}

const Shape& describe(const FilterLogEventsOutput*) {
  static const Shape shape = ShapeBuilder<FilterLogEventsOutput>("FilterLogEventsResponse")
                                 .field("events", &FilterLogEventsOutput::events)
                                 .field("searchedLogStreams", &FilterLogEventsOutput::searched)
                                 .field("nextToken", &FilterLogEventsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const TagLogGroupInput*) {
  static const Shape shape = ShapeBuilder<TagLogGroupInput>("TagLogGroupRequest")
                                 .field("logGroupName", &TagLogGroupInput::group, group_name(true))
                                 .field("tags", &TagLogGroupInput::tags, tag_map(true))
                                 .build();
  return shape;
}

const Shape& describe(const UntagLogGroupInput*) {
  static const Shape shape = ShapeBuilder<UntagLogGroupInput>("UntagLogGroupRequest")
                                 .field("logGroupName", &UntagLogGroupInput::group, group_name(true))
                                 .field("tags", &UntagLogGroupInput::keys, tag_keys())
                                 .build();
  return shape;
}

const Shape& describe(const TagResourceInput*) {
  static const Shape shape = ShapeBuilder<TagResourceInput>("TagResourceRequest")
                                 .field("resourceArn", &TagResourceInput::arn, resource_arn())
                                 .field("tags", &TagResourceInput::tags, tag_map(true))
                                 .build();
  return shape;
}

const Shape& describe(const UntagResourceInput*) {
  static const Shape shape = ShapeBuilder<UntagResourceInput>("UntagResourceRequest")
                                 .field("resourceArn", &UntagResourceInput::arn, resource_arn())
                                 .field("tagKeys", &UntagResourceInput::keys, tag_keys())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsForResourceInput*) {
  static const Shape shape = ShapeBuilder<ListTagsForResourceInput>("ListTagsForResourceRequest")
                                 .field("resourceArn", &ListTagsForResourceInput::arn, resource_arn())
                                 .build();
  return shape;
}

const Shape& describe(const TagsOutput*) {
  static const Shape shape =
      ShapeBuilder<TagsOutput>("ListTagsForResourceResponse").field("tags", &TagsOutput::tags).build();
  return shape;
}

}  // namespace penstock::services::logs_api
