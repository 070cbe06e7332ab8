#include "services/iot/operations/topic_rules.h"

#include <fmt/format.h>

#include <set>

#include "core/encoding/percent.h"
#include "rules/rule_sql.h"
#include "services/iot/pass_role.h"

namespace penstock::services::iot {

using codec::Place;
using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kRuleNamePattern = "^[a-zA-Z0-9_]+$";
constexpr std::int32_t kRulesPageMax = 10'000;
constexpr std::string_view kIotService = "iot.amazonaws.com";

codec::Rules rule_in_path() { return name_in_path("ruleName", kRuleNamePattern); }

/// AWS says so, with 401, of a rule that is not there.
ApiError no_such_rule(std::string_view name) {
  return unauthorized(fmt::format("Access to topic rule '{}' was denied", name));
}

std::set<std::string> roles_of(const TopicRulePayload& payload) {
  std::set<std::string> roles;
  const auto add = [&roles](const Action& action) {
    if (action.kinesis.has_value()) roles.insert(action.kinesis->role_arn);
    if (action.republish.has_value()) roles.insert(action.republish->role_arn);
  };
  for (const Action& action : payload.actions) add(action);
  if (payload.error_action.has_value()) add(*payload.error_action);
  return roles;
}

ApiResult<void> check_payload(const CallContext& call, const TopicRulePayload& payload) {
  PENSTOCK_TRY_VOID(check_topic_rule(payload));
  for (const std::string& role : roles_of(payload)) PENSTOCK_TRY_VOID(check_pass_role(call, role, kIotService));
  return {};
}

Changes put_rule(const Registry& registry, const TopicRule& rule) {
  return {{.key = topic_rule_key(rule.rule_name),
           .expected = registry.topic_rules().version(rule.rule_name),
           .bytes = encode_topic_rule(rule)}};
}

Task<ApiResult<Empty>> set_disabled(IotCore& core, std::string name, bool disabled) {
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    const auto old = registry.topic_rules().find(name);
    if (old == nullptr) return std::unexpected(no_such_rule(name));
    if (old->rule_disabled == disabled) return Changes{};
    TopicRule rule = *old;
    rule.rule_disabled = disabled;
    return put_rule(registry, rule);
  }));
  co_return Empty{};
}

bool wanted(const TopicRule& rule, const ListTopicRulesInput& input, std::string_view pattern) {
  if (input.rule_disabled.has_value() && rule.rule_disabled != *input.rule_disabled) return false;
  return !input.topic.has_value() || pattern == *input.topic || rules::topic_matches(pattern, *input.topic);
}

}  // namespace

TagList parse_tagging(const std::optional<std::string>& header) {
  if (!header.has_value() || header->empty()) return std::nullopt;
  const auto decode = [](std::string_view text) { return percent_decode(text).value_or(std::string(text)); };
  std::vector<Tag> tags;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    tags.push_back({.key = decode(pair.substr(0, equals)), .value = decode(value)});
  }
  return tags;
}

Touched touch_new_rule(const CallContext& call, const void* input) {
  const auto& rule = *static_cast<const CreateTopicRuleInput*>(input);
  return {.resources = {call.house.iot.arn("rule/" + rule.rule_name)},
          .conditions = tag_conditions(parse_tagging(rule.tags)),
          .resource_policies = {}};
}

Task<ApiResult<Empty>> create_topic_rule(CallContext& call, CreateTopicRuleInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_payload(call, input.topic_rule_payload));
  PENSTOCK_CO_TRY(const Changes tags, tag_changes("rule/" + input.rule_name, parse_tagging(input.tags)));
  const TopicRule rule = make_topic_rule(input.rule_name, std::move(input.topic_rule_payload), core.now());
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (registry.topic_rules().find(rule.rule_name) != nullptr) {
      return std::unexpected(already_exists(fmt::format("Rule with given name already exists: {}", rule.rule_name)));
    }
    Changes changes = put_rule(registry, rule);
    changes.insert(changes.end(), tags.begin(), tags.end());
    return changes;
  }));
  co_return Empty{};
}

Task<ApiResult<Empty>> replace_topic_rule(CallContext& call, ReplaceTopicRuleInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_payload(call, input.topic_rule_payload));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    const auto old = registry.topic_rules().find(input.rule_name);
    if (old == nullptr) return std::unexpected(no_such_rule(input.rule_name));
    return put_rule(registry, make_topic_rule(input.rule_name, input.topic_rule_payload, old->created_at));
  }));
  co_return Empty{};
}

Task<ApiResult<GetTopicRuleOutput>> get_topic_rule(CallContext& call, RuleNameInput input) {
  IotCore& core = call.house.iot;
  const auto rule = core.read([&](const Registry& registry) { return registry.topic_rules().find(input.rule_name); });
  if (rule == nullptr) co_return std::unexpected(no_such_rule(input.rule_name));
  co_return GetTopicRuleOutput{.rule_arn = core.arn("rule/" + rule->rule_name), .rule = *rule};
}

Task<ApiResult<Empty>> enable_topic_rule(CallContext& call, RuleNameInput input) {
  co_return co_await set_disabled(call.house.iot, std::move(input.rule_name), false);
}

Task<ApiResult<Empty>> disable_topic_rule(CallContext& call, RuleNameInput input) {
  co_return co_await set_disabled(call.house.iot, std::move(input.rule_name), true);
}

Task<ApiResult<Empty>> delete_topic_rule(CallContext& call, RuleNameInput input) {
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) -> ApiResult<Changes> {
    const catalog::Version version = registry.topic_rules().version(input.rule_name);
    if (version == 0) return std::unexpected(no_such_rule(input.rule_name));
    return Changes{{.key = topic_rule_key(input.rule_name), .expected = version, .bytes = std::nullopt},
                   {.key = key::tags("rule/" + input.rule_name), .expected = std::nullopt, .bytes = std::nullopt}};
  }));
  co_return Empty{};
}

Task<ApiResult<ListTopicRulesOutput>> list_topic_rules(CallContext& call, ListTopicRulesInput input) {
  const IotCore& core = call.house.iot;
  ListTopicRulesOutput output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) {
    return page_by_name(registry.topic_rules().rows(), input.next_token, input.max_results, [&](const auto& row) {
      const TopicRule& rule = *row.second.record;
      std::string pattern = topic_pattern_of(rule);
      if (!wanted(rule, input, pattern)) return false;
      output.rules.push_back({.rule_arn = core.arn("rule/" + rule.rule_name),
                              .rule_name = rule.rule_name,
                              .topic_pattern = std::move(pattern),
                              .created_at = rule.created_at,
                              .rule_disabled = rule.rule_disabled});
      return true;
    });
  }));
  co_return output;
}

// ---- Shapes

const Shape& describe(const CreateTopicRuleInput*) {
  using Input = CreateTopicRuleInput;
  static const Shape shape =
      ShapeBuilder<Input>("CreateTopicRuleRequest")
          .field("ruleName", &Input::rule_name, rule_in_path())
          .field("topicRulePayload", &Input::topic_rule_payload, {.required = true, .place = Place::payload})
          .field("tags", &Input::tags, {.place = Place::header, .location = "x-amz-tagging"})
          .build();
  return shape;
}

const Shape& describe(const ReplaceTopicRuleInput*) {
  using Input = ReplaceTopicRuleInput;
  static const Shape shape =
      ShapeBuilder<Input>("ReplaceTopicRuleRequest")
          .field("ruleName", &Input::rule_name, rule_in_path())
          .field("topicRulePayload", &Input::topic_rule_payload, {.required = true, .place = Place::payload})
          .build();
  return shape;
}

const Shape& describe(const RuleNameInput*) {
  static const Shape shape = ShapeBuilder<RuleNameInput>("TopicRuleRequest")
                                 .field("ruleName", &RuleNameInput::rule_name, rule_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const GetTopicRuleOutput*) {
  static const Shape shape = ShapeBuilder<GetTopicRuleOutput>("GetTopicRuleResponse")
                                 .field("ruleArn", &GetTopicRuleOutput::rule_arn)
                                 .field("rule", &GetTopicRuleOutput::rule)
                                 .build();
  return shape;
}

const Shape& describe(const ListTopicRulesInput*) {
  using Input = ListTopicRulesInput;
  static const Shape shape =
      ShapeBuilder<Input>("ListTopicRulesRequest")
          .field("topic", &Input::topic, in_query("topic"))
          .field("maxResults", &Input::max_results,
                 {.range = {.min = 1, .max = kRulesPageMax}, .place = Place::query, .location = "maxResults"})
          .field("nextToken", &Input::next_token, in_query("nextToken"))
          .field("ruleDisabled", &Input::rule_disabled, in_query("ruleDisabled"))
          .build();
  return shape;
}

const Shape& describe(const TopicRuleListItem*) {
  static const Shape shape = ShapeBuilder<TopicRuleListItem>("TopicRuleListItem")
                                 .field("ruleArn", &TopicRuleListItem::rule_arn)
                                 .field("ruleName", &TopicRuleListItem::rule_name)
                                 .field("topicPattern", &TopicRuleListItem::topic_pattern)
                                 .field("createdAt", &TopicRuleListItem::created_at)
                                 .field("ruleDisabled", &TopicRuleListItem::rule_disabled)
                                 .build();
  return shape;
}

const Shape& describe(const ListTopicRulesOutput*) {
  static const Shape shape = ShapeBuilder<ListTopicRulesOutput>("ListTopicRulesResponse")
                                 .field("rules", &ListTopicRulesOutput::rules)
                                 .field("nextToken", &ListTopicRulesOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
