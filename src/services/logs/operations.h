#pragma once
/// The handlers, a file for each family, and what they share.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logs/log_store.h"
#include "services/logs/errors.h"
#include "services/logs/shapes.h"
#include "services/operation.h"

namespace penstock::services::logs_api {

template <class Output>
using Answer = Task<ApiResult<Output>>;

[[nodiscard]] penstock::logs::LogStore& store(const CallContext& call);

/// "arn:aws:logs:<region>:<account>:log-group:<name>"
[[nodiscard]] std::string group_arn(const CallContext& call, std::string_view group);
/// What policies speak of: the group as "...:log-stream:", as AWS does.
[[nodiscard]] std::string policy_arn(const CallContext& call, std::string_view group, std::string_view stream = {});
/// The group's name in an ARN of this house, with or without ":*" behind it. Errors: InvalidParameterException.
[[nodiscard]] ApiResult<std::string> group_in_arn(const CallContext& call, std::string_view arn);
/// Of the two ways of naming a group exactly one is used. Errors: ValidationException, InvalidParameterException.
[[nodiscard]] ApiResult<std::string> named_group(const CallContext& call, const std::optional<std::string>& name,
                                                 const std::optional<std::string>& identifier);
[[nodiscard]] ApiResult<std::shared_ptr<penstock::logs::LogGroup>> find_group(const CallContext& call,
                                                                              std::string_view name);

/// Page tokens: what the next page begins behind, as base64. Errors: InvalidParameterException.
[[nodiscard]] std::string make_token(std::string_view after);
[[nodiscard]] ApiResult<std::string> read_token(const std::optional<std::string>& token);

// groups.cc
Answer<Empty> create_log_group(CallContext& call, CreateLogGroupInput input);
Answer<Empty> delete_log_group(CallContext& call, GroupInput input);
Answer<DescribeLogGroupsOutput> describe_log_groups(CallContext& call, DescribeLogGroupsInput input);
Answer<Empty> put_retention_policy(CallContext& call, PutRetentionPolicyInput input);
Answer<Empty> delete_retention_policy(CallContext& call, GroupInput input);
// streams.cc
Answer<Empty> create_log_stream(CallContext& call, StreamInput input);
Answer<Empty> delete_log_stream(CallContext& call, StreamInput input);
Answer<DescribeLogStreamsOutput> describe_log_streams(CallContext& call, DescribeLogStreamsInput input);
// events.cc
Answer<PutLogEventsOutput> put_log_events(CallContext& call, PutLogEventsInput input);
Answer<GetLogEventsOutput> get_log_events(CallContext& call, GetLogEventsInput input);
Answer<FilterLogEventsOutput> filter_log_events(CallContext& call, FilterLogEventsInput input);
// tags.cc
Answer<Empty> tag_log_group(CallContext& call, TagLogGroupInput input);
Answer<Empty> untag_log_group(CallContext& call, UntagLogGroupInput input);
Answer<TagsOutput> list_tags_log_group(CallContext& call, GroupInput input);
Answer<Empty> tag_resource(CallContext& call, TagResourceInput input);
Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input);
Answer<TagsOutput> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input);

}  // namespace penstock::services::logs_api
