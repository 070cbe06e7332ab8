#pragma once
/// Topic rules: the structures as the AWS IoT API names them, their checks, and the catalog document that the control
/// plane writes and RuleEngine reads.
/// Source: AWS IoT API Reference, CreateTopicRule, TopicRulePayload, TopicRule, Action, KinesisAction, RepublishAction.
/// Bounds: SQL kSqlBytesMax (rules/rule_sql.h); kActionsMax actions per rule ("AWS IoT Core rules engine limits").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shape.h"
#include "core/clock.h"
#include "core/result.h"
#include "services/operation.h"

namespace penstock::services::iot {

inline constexpr std::size_t kActionsMax = 10;
inline constexpr std::string_view kDefaultSqlVersion = "2015-10-08";  ///< what AWS takes when none is given

struct KinesisAction {
  std::string role_arn;
  std::string stream_name;                   ///< may be a substitution template
  std::optional<std::string> partition_key;  ///< substitution template; absent stays absent (a random key is used)
};
const codec::Shape& describe(const KinesisAction*);

struct RepublishAction {
  std::string role_arn;
  std::string topic;  ///< substitution template; "$$aws/.." stands for "$aws/.."
  std::optional<std::int32_t> qos;
  std::optional<codec::JsonText> headers;  ///< MQTT 5 headers: refused by check_topic_rule until MQTT 5 is built
};
const codec::Shape& describe(const RepublishAction*);

/// One of its members is set. The actions that Penstock does not run are kept as text only so that check_topic_rule
/// can refuse them by name.
struct Action {
  std::optional<KinesisAction> kinesis;
  std::optional<RepublishAction> republish;
  std::optional<codec::JsonText> cloudwatch_alarm;
  std::optional<codec::JsonText> cloudwatch_logs;
  std::optional<codec::JsonText> cloudwatch_metric;
  std::optional<codec::JsonText> dynamo_db;
  std::optional<codec::JsonText> dynamo_db_v2;
  std::optional<codec::JsonText> elasticsearch;
  std::optional<codec::JsonText> firehose;
  std::optional<codec::JsonText> http;
  std::optional<codec::JsonText> iot_analytics;
  std::optional<codec::JsonText> iot_events;
  std::optional<codec::JsonText> iot_site_wise;
  std::optional<codec::JsonText> kafka;
  std::optional<codec::JsonText> lambda;
  std::optional<codec::JsonText> location;
  std::optional<codec::JsonText> open_search;
  std::optional<codec::JsonText> s3;
  std::optional<codec::JsonText> salesforce;
  std::optional<codec::JsonText> sns;
  std::optional<codec::JsonText> sqs;
  std::optional<codec::JsonText> step_functions;
  std::optional<codec::JsonText> timestream;
};
const codec::Shape& describe(const Action*);

/// The body of CreateTopicRule and ReplaceTopicRule (the structure is the whole body).
struct TopicRulePayload {
  std::string sql;
  std::optional<std::string> description;
  std::vector<Action> actions;
  std::optional<bool> rule_disabled;
  std::optional<std::string> aws_iot_sql_version;
  std::optional<Action> error_action;
};
const codec::Shape& describe(const TopicRulePayload*);

/// `rule` in GetTopicRule's answer.
struct TopicRule {
  std::string rule_name;
  std::string sql;
  std::optional<std::string> description;
  Timestamp created_at{};
  std::vector<Action> actions;
  bool rule_disabled = false;
  std::string aws_iot_sql_version{kDefaultSqlVersion};
  std::optional<Action> error_action;
};
const codec::Shape& describe(const TopicRule*);

[[nodiscard]] TopicRule make_topic_rule(std::string rule_name, TopicRulePayload payload, Timestamp created_at);

/// What CreateTopicRule and ReplaceTopicRule must check before they store a rule.
/// Errors: SqlParseException (the SQL, naming line and column); InvalidRequestException (an action that is not
///         implemented, named; an action without a known member or with more than one; a bad template; a bad qos; too
///         many actions; an unknown SQL version).
[[nodiscard]] ApiResult<void> check_topic_rule(const TopicRulePayload& payload);

/// The topic filter after FROM, for TopicRuleListItem.topicPattern. Empty when the SQL does not compile.
[[nodiscard]] std::string topic_pattern_of(const TopicRule& rule);

/// Catalog documents: one per rule, {"format":1,...}. RuleEngine watches kTopicRulePrefix.
inline constexpr std::string_view kTopicRulePrefix = "iot/topic-rule/";
[[nodiscard]] std::string topic_rule_key(std::string_view rule_name);
[[nodiscard]] std::string encode_topic_rule(const TopicRule& rule);
/// Errors: corrupt.
[[nodiscard]] Result<TopicRule> decode_topic_rule(std::string_view bytes);

}  // namespace penstock::services::iot
