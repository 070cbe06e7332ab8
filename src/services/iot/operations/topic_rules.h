#pragma once
/// Topic rules: made, replaced, read, switched, deleted. What a rule may hold is topic_rule.h's business.
/// Source: AWS IoT API Reference, CreateTopicRule, ReplaceTopicRule, GetTopicRule, ListTopicRules, EnableTopicRule,
///         DisableTopicRule, DeleteTopicRule.

#include "services/iot/api_types.h"
#include "services/iot/topic_rule.h"

namespace penstock::services::iot {

struct CreateTopicRuleInput {
  std::string rule_name{};
  TopicRulePayload topic_rule_payload{};
  std::optional<std::string> tags{};  ///< "k=v&k2=v2"
};
const codec::Shape& describe(const CreateTopicRuleInput*);
Task<ApiResult<Empty>> create_topic_rule(CallContext& call, CreateTopicRuleInput input);

struct ReplaceTopicRuleInput {
  std::string rule_name{};
  TopicRulePayload topic_rule_payload{};
};
const codec::Shape& describe(const ReplaceTopicRuleInput*);
Task<ApiResult<Empty>> replace_topic_rule(CallContext& call, ReplaceTopicRuleInput input);

/// Of GetTopicRule, EnableTopicRule, DisableTopicRule and DeleteTopicRule.
struct RuleNameInput {
  std::string rule_name{};
};
struct GetTopicRuleOutput {
  std::string rule_arn{};
  TopicRule rule{};
};
const codec::Shape& describe(const RuleNameInput*);
const codec::Shape& describe(const GetTopicRuleOutput*);
Task<ApiResult<GetTopicRuleOutput>> get_topic_rule(CallContext& call, RuleNameInput input);
Task<ApiResult<Empty>> enable_topic_rule(CallContext& call, RuleNameInput input);
Task<ApiResult<Empty>> disable_topic_rule(CallContext& call, RuleNameInput input);
Task<ApiResult<Empty>> delete_topic_rule(CallContext& call, RuleNameInput input);

struct ListTopicRulesInput {
  std::optional<std::string> topic{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> next_token{};
  std::optional<bool> rule_disabled{};
};
struct TopicRuleListItem {
  std::string rule_arn{};
  std::string rule_name{};
  std::string topic_pattern{};
  Timestamp created_at{};
  bool rule_disabled = false;
};
struct ListTopicRulesOutput {
  std::vector<TopicRuleListItem> rules{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListTopicRulesInput*);
const codec::Shape& describe(const TopicRuleListItem*);
const codec::Shape& describe(const ListTopicRulesOutput*);
Task<ApiResult<ListTopicRulesOutput>> list_topic_rules(CallContext& call, ListTopicRulesInput input);

/// The tags of header x-amz-tagging. Values come as they are or percent-encoded.
[[nodiscard]] TagList parse_tagging(const std::optional<std::string>& header);
[[nodiscard]] Touched touch_new_rule(const CallContext& call, const void* input);

}  // namespace penstock::services::iot
