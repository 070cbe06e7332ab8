#pragma once
/// Topic rules made ready to run, and which of them a topic calls.
/// Threads: all immutable once built.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "rules/rule_sql.h"
#include "services/iot/topic_rule.h"

namespace penstock::services::iot {

enum class ActionKind : std::uint8_t { kinesis, republish };

struct CompiledAction {
  ActionKind kind;
  std::string role_arn;
  std::shared_ptr<const rules::Template> target;         ///< stream name or topic
  std::shared_ptr<const rules::Template> partition_key;  ///< kinesis; null: a random key for each record
  std::uint8_t qos = 0;                                  ///< republish
};

/// Lets one line a second through, so that a failing rule under load does not flood the log.
class LogGate {
 public:
  /// How many lines were held back since the last one let through, or nullopt: hold this one back too.
  [[nodiscard]] std::optional<std::uint64_t> pass(Timestamp now) const;

 private:
  mutable std::atomic<std::int64_t> next_ms_ = 0;
  mutable std::atomic<std::uint64_t> held_back_ = 0;
};

struct CompiledRule {
  std::string name;
  std::shared_ptr<const rules::Statement> statement;
  std::vector<CompiledAction> actions;
  std::optional<CompiledAction> error_action;
  LogGate log_gate;
};
using RulePtr = std::shared_ptr<const CompiledRule>;

/// Errors: invalid (a statement or template that does not compile, an action that is not implemented).
[[nodiscard]] Result<RulePtr> compile_rule(const TopicRule& rule);

class RuleTable {
 public:
  RuleTable();
  ~RuleTable();
  explicit RuleTable(const std::map<std::string, RulePtr, std::less<>>& rules);

  /// Every rule whose filter matches (MQTT 3.1.1, section 4.7), each once.
  [[nodiscard]] std::vector<RulePtr> match(std::string_view topic) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::size_t size_ = 0;
};

}  // namespace penstock::services::iot
