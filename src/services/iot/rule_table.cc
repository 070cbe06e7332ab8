#include "services/iot/rule_table.h"

#include <functional>
#include <unordered_map>
#include <utility>

namespace penstock::services::iot {
namespace {

struct LevelHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view level) const { return std::hash<std::string_view>{}(level); }
};

Result<CompiledAction> compile_action(const Action& action) {
  if (action.kinesis.has_value()) {
    const KinesisAction& kinesis = *action.kinesis;
    CompiledAction out{.kind = ActionKind::kinesis, .role_arn = kinesis.role_arn, .target = {}, .partition_key = {}};
    PENSTOCK_TRY(out.target, rules::compile_template(kinesis.stream_name));
    if (kinesis.partition_key.has_value()) {
      PENSTOCK_TRY(out.partition_key, rules::compile_template(*kinesis.partition_key));
    }
    return out;
  }
  if (action.republish.has_value()) {
    const RepublishAction& republish = *action.republish;
    CompiledAction out{
        .kind = ActionKind::republish, .role_arn = republish.role_arn, .target = {}, .partition_key = {}};
    out.qos = republish.qos.value_or(0) == 1 ? 1 : 0;
    PENSTOCK_TRY(out.target, rules::compile_template(republish.topic));
    return out;
  }
  return fail(ErrorKind::invalid, "an action that is not implemented");
}

}  // namespace

std::optional<std::uint64_t> LogGate::pass(Timestamp now) const {
  std::int64_t next = next_ms_.load();
  if (to_unix_ms(now) >= next && next_ms_.compare_exchange_strong(next, to_unix_ms(now) + 1000)) {
    return held_back_.exchange(0);
  }
  ++held_back_;
  return std::nullopt;
}

Result<RulePtr> compile_rule(const TopicRule& rule) {
  auto out = std::make_shared<CompiledRule>();
  out->name = rule.rule_name;
  PENSTOCK_TRY(out->statement, rules::compile(rule.sql, rule.aws_iot_sql_version));
  for (const Action& action : rule.actions) {
    PENSTOCK_TRY(CompiledAction compiled, compile_action(action));
    out->actions.push_back(std::move(compiled));
  }
  if (rule.error_action.has_value()) {
    PENSTOCK_TRY(out->error_action, compile_action(*rule.error_action));
  }
  return RulePtr(std::move(out));
}

/// One level of the filters; the path from the root is the filter so far.
struct RuleTable::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, LevelHash, std::equal_to<>> levels;
  std::unique_ptr<Node> any;        ///< '+'
  std::vector<RulePtr> here;        ///< filters that end here
  std::vector<RulePtr> everything;  ///< filters that end here with '#'

  Node& below(std::string_view level) {
    std::unique_ptr<Node>& child = level == "+" ? any : levels[std::string(level)];
    if (child == nullptr) child = std::make_unique<Node>();
    return *child;
  }

  /// `rest` is nullopt behind the last level.
  void collect(std::optional<std::string_view> rest, bool is_first, std::vector<RulePtr>& out) const {
    const bool hidden = is_first && rest.has_value() && rest->starts_with('$');
    if (!hidden) out.insert(out.end(), everything.begin(), everything.end());
    if (!rest.has_value()) {
      out.insert(out.end(), here.begin(), here.end());
      return;
    }
    const std::size_t slash = rest->find('/');
    const std::string_view level = rest->substr(0, slash);
    std::optional<std::string_view> next;
    if (slash != std::string_view::npos) next = rest->substr(slash + 1);
    if (const auto child = levels.find(level); child != levels.end()) child->second->collect(next, false, out);
    if (any != nullptr && !hidden) any->collect(next, false, out);
  }
};

RuleTable::RuleTable() : root_(std::make_unique<Node>()) {}
RuleTable::~RuleTable() = default;

RuleTable::RuleTable(const std::map<std::string, RulePtr, std::less<>>& rules) : RuleTable() {
  size_ = rules.size();
  for (const auto& [name, rule] : rules) {
    std::string_view filter = rule->statement->topic_filter();
    Node* at = root_.get();
    for (;;) {
      const std::size_t slash = filter.find('/');
      const std::string_view level = filter.substr(0, slash);
      if (level == "#") {
        at->everything.push_back(rule);
        break;
      }
      at = &at->below(level);
      if (slash == std::string_view::npos) {
        at->here.push_back(rule);
        break;
      }
      filter.remove_prefix(slash + 1);
    }
  }
}

std::vector<RulePtr> RuleTable::match(std::string_view topic) const {
  std::vector<RulePtr> out;
  root_->collect(topic, true, out);
  return out;
}

}  // namespace penstock::services::iot
