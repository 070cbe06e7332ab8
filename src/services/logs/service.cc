#include "services/logs/service.h"

#include <algorithm>

#include "services/house.h"
#include "services/logs/operations.h"

namespace penstock::services::logs_api {
namespace {

void add_resource_tags(const CallContext& call, std::string_view group, Touched& touched) {
  const auto found = store(call).find_group(group);
  if (found == nullptr) return;
  for (const auto& [key, value] : found->record().tags) touched.conditions["aws:ResourceTag/" + key] = {value};
}

/// AWS finds out what is named before it checks the other members, and words this refusal in its own way.
void check_name_length(std::string_view name, Touched& touched) {
  constexpr std::size_t kNameMax = 512;
  if (name.size() <= kNameMax) return;
  touched.failure =
      invalid_parameter("Invalid LogGroup or LogStream, both must have length less than or equal to 512.").error();
}

Touched touch(const CallContext& call, std::string_view group, std::string arn) {
  Touched touched{.resources = {std::move(arn)}, .conditions = {}, .resource_policies = {}};
  check_name_length(group, touched);
  add_resource_tags(call, group, touched);
  return touched;
}

void add_request_tags(const TagMap& tags, Touched& touched) {
  for (const auto& [key, value] : tags) {
    touched.conditions["aws:RequestTag/" + key] = {value};
    touched.conditions["aws:TagKeys"].push_back(key);
  }
}

Touched every_group(const CallContext& call, const void* /*input*/) {
  return {.resources = {policy_arn(call, "")}, .conditions = {}, .resource_policies = {}};
}

template <class Input>
Touched of_group(const CallContext& call, const void* input) {
  const auto& group = static_cast<const Input*>(input)->group;
  return touch(call, group, policy_arn(call, group));
}

template <class Input>
Touched of_stream(const CallContext& call, const void* input) {
  const auto& in = *static_cast<const Input*>(input);
  Touched touched = touch(call, in.group, policy_arn(call, in.group, in.stream));
  check_name_length(in.stream, touched);
  return touched;
}

/// A group that is named in one of two ways; what names none is refused by the handler.
template <class Input>
ApiResult<std::string> either(const CallContext& call, const Input& input) {
  return named_group(call, input.group, input.group_identifier);
}

template <class Input>
Touched of_either(const CallContext& call, const void* input) {
  const auto name = either(call, *static_cast<const Input*>(input));
  if (!name) return {.resources = {"*"}, .conditions = {}, .resource_policies = {}, .failure = name.error()};
  return touch(call, *name, policy_arn(call, *name));
}

Touched of_read_stream(const CallContext& call, const void* input) {
  const auto& in = *static_cast<const GetLogEventsInput*>(input);
  const auto name = either(call, in);
  if (!name) return {.resources = {"*"}, .conditions = {}, .resource_policies = {}, .failure = name.error()};
  Touched touched = touch(call, *name, policy_arn(call, *name, in.stream));
  check_name_length(in.stream, touched);
  return touched;
}

Touched new_group(const CallContext& call, const void* input) {
  const auto& in = *static_cast<const CreateLogGroupInput*>(input);
  Touched touched{.resources = {policy_arn(call, in.group)}, .conditions = {}, .resource_policies = {}};
  check_name_length(in.group, touched);
  if (in.tags && !in.tags->empty()) {
    add_request_tags(*in.tags, touched);
    touched.more_actions = {"logs:TagResource"};
  }
  return touched;
}

Touched tagged_group(const CallContext& call, const void* input) {
  Touched touched = of_group<TagLogGroupInput>(call, input);
  add_request_tags(static_cast<const TagLogGroupInput*>(input)->tags, touched);
  return touched;
}

Touched untagged_group(const CallContext& call, const void* input) {
  Touched touched = of_group<UntagLogGroupInput>(call, input);
  touched.conditions["aws:TagKeys"] = static_cast<const UntagLogGroupInput*>(input)->keys;
  return touched;
}

/// Tags are given and taken by the ARN without ":*".
Touched of_arn(const CallContext& call, const std::string& arn) {
  const auto name = group_in_arn(call, arn);
  if (!name) return {.resources = {"*"}, .conditions = {}, .resource_policies = {}, .failure = name.error()};
  return touch(call, *name, group_arn(call, *name));
}

Touched tagged_resource(const CallContext& call, const void* input) {
  const auto& in = *static_cast<const TagResourceInput*>(input);
  Touched touched = of_arn(call, in.arn);
  add_request_tags(in.tags, touched);
  return touched;
}

Touched untagged_resource(const CallContext& call, const void* input) {
  const auto& in = *static_cast<const UntagResourceInput*>(input);
  Touched touched = of_arn(call, in.arn);
  touched.conditions["aws:TagKeys"] = in.keys;
  return touched;
}

Touched listed_resource(const CallContext& call, const void* input) {
  return of_arn(call, static_cast<const ListTagsForResourceInput*>(input)->arn);
}

// Actions and resources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch
// Logs".
constexpr Operation kOperations[] = {
    operation<&create_log_group>("CreateLogGroup", "logs:CreateLogGroup", &new_group),
    operation<&create_log_stream>("CreateLogStream", "logs:CreateLogStream", &of_stream<StreamInput>),
    operation<&delete_log_group>("DeleteLogGroup", "logs:DeleteLogGroup", &of_group<GroupInput>),
    operation<&delete_log_stream>("DeleteLogStream", "logs:DeleteLogStream", &of_stream<StreamInput>),
    operation<&delete_retention_policy>("DeleteRetentionPolicy", "logs:DeleteRetentionPolicy", &of_group<GroupInput>),
    operation<&describe_log_groups>("DescribeLogGroups", "logs:DescribeLogGroups", &every_group),
    operation<&describe_log_streams>("DescribeLogStreams", "logs:DescribeLogStreams",
                                     &of_either<DescribeLogStreamsInput>),
    operation<&filter_log_events>("FilterLogEvents", "logs:FilterLogEvents", &of_either<FilterLogEventsInput>),
    operation<&get_log_events>("GetLogEvents", "logs:GetLogEvents", &of_read_stream),
    operation<&list_tags_for_resource>("ListTagsForResource", "logs:ListTagsForResource", &listed_resource),
    operation<&list_tags_log_group>("ListTagsLogGroup", "logs:ListTagsLogGroup", &of_group<GroupInput>),
    operation<&put_log_events>("PutLogEvents", "logs:PutLogEvents", &of_stream<PutLogEventsInput>),
    operation<&put_retention_policy>("PutRetentionPolicy", "logs:PutRetentionPolicy",
                                     &of_group<PutRetentionPolicyInput>),
    operation<&tag_log_group>("TagLogGroup", "logs:TagLogGroup", &tagged_group),
    operation<&tag_resource>("TagResource", "logs:TagResource", &tagged_resource),
    operation<&untag_log_group>("UntagLogGroup", "logs:UntagLogGroup", &untagged_group),
    operation<&untag_resource>("UntagResource", "logs:UntagResource", &untagged_resource),
};
static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

constexpr std::string_view kKnownOperations[] = {
    "AssociateKmsKey",
    "CancelExportTask",
    "CreateDelivery",
    "CreateExportTask",
    "CreateLogAnomalyDetector",
    "DeleteAccountPolicy",
    "DeleteDataProtectionPolicy",
    "DeleteDelivery",
    "DeleteDeliveryDestination",
    "DeleteDeliveryDestinationPolicy",
    "DeleteDeliverySource",
    "DeleteDestination",
    "DeleteIndexPolicy",
    "DeleteIntegration",
    "DeleteLogAnomalyDetector",
    "DeleteMetricFilter",
    "DeleteQueryDefinition",
    "DeleteResourcePolicy",
    "DeleteSubscriptionFilter",
    "DeleteTransformer",
    "DescribeAccountPolicies",
    "DescribeConfigurationTemplates",
    "DescribeDeliveries",
    "DescribeDeliveryDestinations",
    "DescribeDeliverySources",
    "DescribeDestinations",
    "DescribeExportTasks",
    "DescribeFieldIndexes",
    "DescribeIndexPolicies",
    "DescribeMetricFilters",
    "DescribeQueries",
    "DescribeQueryDefinitions",
    "DescribeResourcePolicies",
    "DescribeSubscriptionFilters",
    "DisassociateKmsKey",
    "GetDataProtectionPolicy",
    "GetDelivery",
    "GetDeliveryDestination",
    "GetDeliveryDestinationPolicy",
    "GetDeliverySource",
    "GetIntegration",
    "GetLogAnomalyDetector",
    "GetLogGroupFields",
    "GetLogObject",
    "GetLogRecord",
    "GetQueryResults",
    "GetTransformer",
    "ListAnomalies",
    "ListIntegrations",
    "ListLogAnomalyDetectors",
    "ListLogGroups",
    "ListLogGroupsForQuery",
    "PutAccountPolicy",
    "PutDataProtectionPolicy",
    "PutDeliveryDestination",
    "PutDeliveryDestinationPolicy",
    "PutDeliverySource",
    "PutDestination",
    "PutDestinationPolicy",
    "PutIndexPolicy",
    "PutIntegration",
    "PutLogGroupDeletionProtection",
    "PutMetricFilter",
    "PutQueryDefinition",
    "PutResourcePolicy",
    "PutSubscriptionFilter",
    "PutTransformer",
    "StartLiveTail",
    "StartQuery",
    "StopQuery",
    "TestMetricFilter",
    "TestTransformer",
    "UpdateAnomaly",
    "UpdateDeliveryConfiguration",
    "UpdateLogAnomalyDetector",
};
static_assert(std::ranges::is_sorted(kKnownOperations));

}  // namespace

const Service& service() {
  static const Service service{.name = "logs",
                               .protocol = Protocol::json11,
                               .target_prefix = "Logs_20140328",
                               .api_version = "2014-03-28",
                               .xml_namespace = {},
                               .operations = kOperations,
                               .known_operations = kKnownOperations,
                               .malformed_code = "SerializationException",
                               .validation_code = "InvalidParameterException",
                               .denied_code = "AccessDeniedException",
                               .denied_status = 400};
  return service;
}

}  // namespace penstock::services::logs_api
