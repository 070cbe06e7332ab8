#pragma once
/// The structures of the API. Source: CloudWatch Logs API Reference. Times are milliseconds since 1970.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"

namespace penstock::services::logs_api {

using codec::Empty;
using TagMap = std::map<std::string, std::string>;

struct CreateLogGroupInput {
  std::string group;
  std::optional<std::string> kms_key_id;
  std::optional<TagMap> tags;
  std::optional<std::string> log_class;
  std::optional<bool> deletion_protection;
};
struct GroupInput {  ///< DeleteLogGroup, DeleteRetentionPolicy, ListTagsLogGroup
  std::string group;
};
struct PutRetentionPolicyInput {
  std::string group;
  std::int32_t days = 0;
};
struct DescribeLogGroupsInput {
  std::optional<std::vector<std::string>> accounts;
  std::optional<std::string> prefix;
  std::optional<std::string> pattern;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
  std::optional<bool> include_linked;
  std::optional<std::string> log_class;
  std::optional<std::vector<std::string>> identifiers;
};
struct LogGroupOutput {
  std::string name;
  std::int64_t created = 0;
  std::optional<std::int32_t> retention_days;
  std::int32_t metric_filters = 0;
  std::string arn;
  std::optional<std::int64_t> stored_bytes;  ///< not when groups are found by a pattern
  std::string log_class;
  std::string group_arn;
  std::optional<bool> deletion_protection;  ///< likewise
};
struct DescribeLogGroupsOutput {
  std::vector<LogGroupOutput> groups;
  std::optional<std::string> next_token;
};

struct StreamInput {  ///< CreateLogStream, DeleteLogStream
  std::string group;
  std::string stream;
};
struct DescribeLogStreamsInput {
  std::optional<std::string> group;
  std::optional<std::string> group_identifier;
  std::optional<std::string> prefix;
  std::optional<std::string> order_by;
  std::optional<bool> descending;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
};
struct LogStreamOutput {
  std::string name;
  std::int64_t created = 0;
  std::optional<std::int64_t> first_event;
  std::optional<std::int64_t> last_event;
  std::optional<std::int64_t> last_ingestion;
  std::string arn;
  std::int64_t stored_bytes = 0;  ///< "always zero" since June 17, 2019
};
struct DescribeLogStreamsOutput {
  std::vector<LogStreamOutput> streams;
  std::optional<std::string> next_token;
};

struct InputEvent {
  std::int64_t timestamp = 0;
  std::string message;
};
struct PutLogEventsInput {
  std::string group;
  std::string stream;
  std::vector<InputEvent> events;
  std::optional<std::string> sequence_token;  ///< "now ignored"
};
struct RejectedEvents {
  std::optional<std::int32_t> too_new_start;
  std::optional<std::int32_t> too_old_end;
  std::optional<std::int32_t> expired_end;
};
struct PutLogEventsOutput {
  std::string next_sequence_token;  ///< "deprecated"; every answer has one
  std::optional<RejectedEvents> rejected;
};

struct GetLogEventsInput {
  std::optional<std::string> group;
  std::optional<std::string> group_identifier;
  std::string stream;
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
  std::optional<bool> from_head;
  std::optional<bool> unmask;
};
struct OutputEvent {
  std::int64_t timestamp = 0;
  std::string message;
  std::int64_t ingestion = 0;
};
struct GetLogEventsOutput {
  std::vector<OutputEvent> events;
  std::string forward_token;
  std::string backward_token;
};

struct FilterLogEventsInput {
  std::optional<std::string> group;
  std::optional<std::string> group_identifier;
  std::optional<std::vector<std::string>> streams;
  std::optional<std::string> stream_prefix;
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
  std::optional<std::string> pattern;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
  std::optional<bool> interleaved;  ///< "ignored": they are
  std::optional<bool> unmask;       ///< there are no data protection policies
};
struct FilteredEvent {
  std::string stream;
  std::int64_t timestamp = 0;
  std::string message;
  std::int64_t ingestion = 0;
  std::string id;
};
struct FilterLogEventsOutput {
  std::vector<FilteredEvent> events;
  std::vector<Empty> searched;  ///< "no longer returned": an empty list
  std::optional<std::string> next_token;
};

struct TagLogGroupInput {
  std::string group;
  TagMap tags;
};
struct UntagLogGroupInput {
  std::string group;
  std::vector<std::string> keys;
};
struct TagResourceInput {
  std::string arn;
  TagMap tags;
};
struct UntagResourceInput {
  std::string arn;
  std::vector<std::string> keys;
};
struct ListTagsForResourceInput {
  std::string arn;
};
struct TagsOutput {
  TagMap tags;
};

const codec::Shape& describe(const CreateLogGroupInput*);
const codec::Shape& describe(const GroupInput*);
const codec::Shape& describe(const PutRetentionPolicyInput*);
const codec::Shape& describe(const DescribeLogGroupsInput*);
const codec::Shape& describe(const LogGroupOutput*);
const codec::Shape& describe(const DescribeLogGroupsOutput*);
const codec::Shape& describe(const StreamInput*);
const codec::Shape& describe(const DescribeLogStreamsInput*);
const codec::Shape& describe(const LogStreamOutput*);
const codec::Shape& describe(const DescribeLogStreamsOutput*);
const codec::Shape& describe(const InputEvent*);
const codec::Shape& describe(const PutLogEventsInput*);
const codec::Shape& describe(const RejectedEvents*);
const codec::Shape& describe(const PutLogEventsOutput*);
const codec::Shape& describe(const GetLogEventsInput*);
const codec::Shape& describe(const OutputEvent*);
const codec::Shape& describe(const GetLogEventsOutput*);
const codec::Shape& describe(const FilterLogEventsInput*);
const codec::Shape& describe(const FilteredEvent*);
const codec::Shape& describe(const FilterLogEventsOutput*);
const codec::Shape& describe(const TagLogGroupInput*);
const codec::Shape& describe(const UntagLogGroupInput*);
const codec::Shape& describe(const TagResourceInput*);
const codec::Shape& describe(const UntagResourceInput*);
const codec::Shape& describe(const ListTagsForResourceInput*);
const codec::Shape& describe(const TagsOutput*);

}  // namespace penstock::services::logs_api
