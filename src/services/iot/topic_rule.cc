#include "services/iot/topic_rule.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "codec/codec.h"
#include "rules/rule_sql.h"

namespace penstock::services::iot {
namespace {

constexpr std::int32_t kTopicRuleFormat = 1;

/// TopicRule with the number that says how its document is laid out.
struct TopicRuleDocument {
  std::int32_t format = kTopicRuleFormat;
  TopicRule rule;
};

const codec::Shape& describe(const TopicRuleDocument*) {
  static const codec::Shape shape = codec::ShapeBuilder<TopicRuleDocument>("TopicRuleDocument")
                                        .field("format", &TopicRuleDocument::format, {.required = true})
                                        .field("rule", &TopicRuleDocument::rule, {.required = true})
                                        .build();
  return shape;
}

struct UnbuiltAction {
  std::string_view name;
  std::optional<codec::JsonText> Action::* member;
};

/// Actions that AWS has and Penstock does not.
constexpr std::array kUnbuiltActions = {
    UnbuiltAction{"cloudwatchAlarm", &Action::cloudwatch_alarm},
    UnbuiltAction{"cloudwatchLogs", &Action::cloudwatch_logs},
    UnbuiltAction{"cloudwatchMetric", &Action::cloudwatch_metric},
    UnbuiltAction{"dynamoDB", &Action::dynamo_db},
    UnbuiltAction{"dynamoDBv2", &Action::dynamo_db_v2},
    UnbuiltAction{"elasticsearch", &Action::elasticsearch},
    UnbuiltAction{"firehose", &Action::firehose},
    UnbuiltAction{"http", &Action::http},
    UnbuiltAction{"iotAnalytics", &Action::iot_analytics},
    UnbuiltAction{"iotEvents", &Action::iot_events},
    UnbuiltAction{"iotSiteWise", &Action::iot_site_wise},
    UnbuiltAction{"kafka", &Action::kafka},
    UnbuiltAction{"lambda", &Action::lambda},
    UnbuiltAction{"location", &Action::location},
    UnbuiltAction{"openSearch", &Action::open_search},
    UnbuiltAction{"s3", &Action::s3},
    UnbuiltAction{"salesforce", &Action::salesforce},
    UnbuiltAction{"sns", &Action::sns},
    UnbuiltAction{"sqs", &Action::sqs},
    UnbuiltAction{"stepFunctions", &Action::step_functions},
    UnbuiltAction{"timestream", &Action::timestream},
};

std::unexpected<ApiError> invalid_request(std::string message) {
  return api_fail("InvalidRequestException", std::move(message));
}

ApiResult<void> check_template(std::string_view text, std::string_view what) {
  auto compiled = rules::compile_template(text);
  if (compiled.has_value()) return {};
  return invalid_request(
      fmt::format("The {} is not a valid substitution template: {}", what, compiled.error().message));
}

ApiResult<void> check_kinesis(const KinesisAction& action) {
  if (action.role_arn.empty()) return invalid_request("The kinesis action needs a roleArn.");
  if (action.stream_name.empty()) return invalid_request("The kinesis action needs a streamName.");
  PENSTOCK_TRY_VOID(check_template(action.stream_name, "kinesis action's streamName"));
  if (!action.partition_key.has_value()) return {};
  if (action.partition_key->empty()) return invalid_request("The kinesis action's partitionKey must not be empty.");
  return check_template(*action.partition_key, "kinesis action's partitionKey");
}

ApiResult<void> check_republish(const RepublishAction& action) {
  if (action.role_arn.empty()) return invalid_request("The republish action needs a roleArn.");
  if (action.topic.empty()) return invalid_request("The republish action needs a topic.");
  const std::int32_t qos = action.qos.value_or(0);
  if (qos != 0 && qos != 1) return invalid_request("The republish action's qos must be 0 or 1.");
  if (action.headers.has_value()) {
    return invalid_request("The republish action's headers are not implemented by Penstock (they need MQTT 5).");
  }
  return check_template(action.topic, "republish action's topic");
}

ApiResult<void> check_action(const Action& action) {
  for (const UnbuiltAction& unbuilt : kUnbuiltActions) {
    if (!(action.*(unbuilt.member)).has_value()) continue;
    return invalid_request(fmt::format("The rule action {} is not implemented by Penstock.", unbuilt.name));
  }
  if (action.kinesis.has_value() == action.republish.has_value()) {
    return invalid_request("An action must have exactly one known action type.");
  }
  return action.kinesis.has_value() ? check_kinesis(*action.kinesis) : check_republish(*action.republish);
}

}  // namespace

const codec::Shape& describe(const KinesisAction*) {
  static const codec::Shape shape = codec::ShapeBuilder<KinesisAction>("KinesisAction")
                                        .field("roleArn", &KinesisAction::role_arn, {.required = true})
                                        .field("streamName", &KinesisAction::stream_name, {.required = true})
                                        .field("partitionKey", &KinesisAction::partition_key)
                                        .build();
  return shape;
}

const codec::Shape& describe(const RepublishAction*) {
  static const codec::Shape shape = codec::ShapeBuilder<RepublishAction>("RepublishAction")
                                        .field("roleArn", &RepublishAction::role_arn, {.required = true})
                                        .field("topic", &RepublishAction::topic, {.required = true})
                                        .field("qos", &RepublishAction::qos, {.range = {0, 1}})
                                        .field("headers", &RepublishAction::headers)
                                        .build();
  return shape;
}

const codec::Shape& describe(const Action*) {
  static const codec::Shape shape = [] {
    codec::ShapeBuilder<Action> builder("Action");
    builder.field("kinesis", &Action::kinesis).field("republish", &Action::republish);
    for (const UnbuiltAction& unbuilt : kUnbuiltActions) builder.field(unbuilt.name, unbuilt.member);
    return std::move(builder).build();
  }();
  return shape;
}

const codec::Shape& describe(const TopicRulePayload*) {
  static const codec::Shape shape =
      codec::ShapeBuilder<TopicRulePayload>("TopicRulePayload")
          .field("sql", &TopicRulePayload::sql, {.required = true})
          .field("description", &TopicRulePayload::description)
          .field("actions", &TopicRulePayload::actions, {.required = true, .length = {0, kActionsMax}})
          .field("ruleDisabled", &TopicRulePayload::rule_disabled)
          .field("awsIotSqlVersion", &TopicRulePayload::aws_iot_sql_version)
          .field("errorAction", &TopicRulePayload::error_action)
          .build();
  return shape;
}

const codec::Shape& describe(const TopicRule*) {
  static const codec::Shape shape = codec::ShapeBuilder<TopicRule>("TopicRule")
                                        .field("ruleName", &TopicRule::rule_name, {.required = true})
                                        .field("sql", &TopicRule::sql, {.required = true})
                                        .field("description", &TopicRule::description)
                                        .field("createdAt", &TopicRule::created_at)
                                        .field("actions", &TopicRule::actions)
                                        .field("ruleDisabled", &TopicRule::rule_disabled)
                                        .field("awsIotSqlVersion", &TopicRule::aws_iot_sql_version)
                                        .field("errorAction", &TopicRule::error_action)
                                        .build();
  return shape;
}

TopicRule make_topic_rule(std::string rule_name, TopicRulePayload payload, Timestamp created_at) {
  return {.rule_name = std::move(rule_name),
          .sql = std::move(payload.sql),
          .description = std::move(payload.description),
          .created_at = created_at,
          .actions = std::move(payload.actions),
          .rule_disabled = payload.rule_disabled.value_or(false),
          .aws_iot_sql_version = std::move(payload.aws_iot_sql_version).value_or(std::string(kDefaultSqlVersion)),
          .error_action = std::move(payload.error_action)};
}

ApiResult<void> check_topic_rule(const TopicRulePayload& payload) {
  const std::string version = payload.aws_iot_sql_version.value_or(std::string(kDefaultSqlVersion));
  if (version != "2015-10-08" && version != "2016-03-23" && version != "beta") {
    return invalid_request(fmt::format("The SQL version {} is not known.", version));
  }
  auto statement = rules::compile(payload.sql, version);
  if (!statement.has_value()) return api_fail("SqlParseException", statement.error().message);
  if (payload.actions.size() > kActionsMax) {
    return invalid_request(fmt::format("A rule may have at most {} actions.", kActionsMax));
  }
  for (const Action& action : payload.actions) PENSTOCK_TRY_VOID(check_action(action));
  if (payload.error_action.has_value()) return check_action(*payload.error_action);
  return {};
}

std::string topic_pattern_of(const TopicRule& rule) {
  auto statement = rules::compile(rule.sql, rule.aws_iot_sql_version);
  return statement.has_value() ? (*statement)->topic_filter() : std::string();
}

std::string topic_rule_key(std::string_view rule_name) { return fmt::format("{}{}", kTopicRulePrefix, rule_name); }

std::string encode_topic_rule(const TopicRule& rule) {
  const TopicRuleDocument document{.format = kTopicRuleFormat, .rule = rule};
  return codec::encode_json(codec::shape_of<TopicRuleDocument>(), &document);
}

Result<TopicRule> decode_topic_rule(std::string_view bytes) {
  TopicRuleDocument document;
  auto decoded = codec::decode_json(bytes, codec::shape_of<TopicRuleDocument>(), &document);
  if (!decoded.has_value()) return fail(ErrorKind::corrupt, "topic rule document: " + decoded.error().message);
  if (document.format != kTopicRuleFormat) {
    return fail(ErrorKind::corrupt, fmt::format("topic rule document: format {} is not known", document.format));
  }
  return std::move(document.rule);
}

}  // namespace penstock::services::iot
