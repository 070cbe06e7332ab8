#include "services/iot/rule_engine.h"

#include <fmt/format.h>

#include <utility>

#include "telemetry/log.h"

namespace penstock::services::iot {
namespace {

/// Gives the bytes of a message back when its work is done.
class InFlight {
 public:
  InFlight(std::atomic<std::size_t>& total, std::size_t bytes) : total_(total), bytes_(bytes) {
    fits_ = total_.fetch_add(bytes_) + bytes_ <= kBytesInFlightMax;
  }
  ~InFlight() { total_.fetch_sub(bytes_); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  [[nodiscard]] bool fits() const { return fits_; }

 private:
  std::atomic<std::size_t>& total_;
  std::size_t bytes_;
  bool fits_;
};

constexpr std::size_t kMessageOverheadBytes = 1024;  ///< coroutines and copies besides the payload

Result<void> first_error(std::vector<Result<void>> results) {
  for (Result<void>& result : results) {
    if (!result.has_value()) return std::move(result);
  }
  return {};
}

/// Null: the rule is disabled.
Result<RulePtr> ready_rule(const std::string& bytes) {
  PENSTOCK_TRY(const TopicRule rule, decode_topic_rule(bytes));
  if (rule.rule_disabled) return RulePtr();
  return compile_rule(rule);
}

}  // namespace

RuleEngine::RuleEngine(Parts parts)
    : parts_(std::move(parts)),
      action_parts_{.authorizer = parts_.authorizer,
                    .records = parts_.records,
                    .republisher = *this,
                    .clock = parts_.clock,
                    .random = parts_.random,
                    .timers = parts_.timers,
                    .account = parts_.account,
                    .region = parts_.region},
      table_(std::make_shared<const RuleTable>()) {}

RuleEngine::~RuleEngine() = default;

void RuleEngine::start() {
  // Watch first, so that no change falls between; take() goes by versions.
  subscription_ = parts_.catalog.watch(std::string(kTopicRulePrefix), [this](const catalog::Event& event) {
    take(event.key, event.version, event.bytes.get());
  });
  for (const catalog::Document& document : parts_.catalog.list(kTopicRulePrefix)) {
    take(document.key, document.version, document.bytes.get());
  }
  const MutexLock lock(mutex_);
  started_ = true;
  std::erase_if(known_, [](const auto& entry) { return entry.second.deleted; });
}

void RuleEngine::take(const std::string& key, catalog::Version version, const std::string* bytes) {
  RulePtr rule;
  if (bytes != nullptr) {
    Result<RulePtr> ready = ready_rule(*bytes);
    if (ready.has_value()) {
      rule = *std::move(ready);
    } else {
      telemetry::log(telemetry::Level::error, "topic rule not usable, it does not run",
                     {{"key", key}, {"error", ready.error().message}});
    }
  }
  const MutexLock lock(mutex_);
  Known& known = known_[key];
  if (known.version >= version) return;
  known = {.version = version, .rule = std::move(rule), .deleted = bytes == nullptr};
  if (known.deleted && started_) known_.erase(key);
  std::map<std::string, RulePtr, std::less<>> enabled;
  for (const auto& [name, entry] : known_) {
    if (entry.rule != nullptr) enabled.emplace(name, entry.rule);
  }
  table_ = std::make_shared<const RuleTable>(enabled);
}

std::shared_ptr<const RuleTable> RuleEngine::table() const {
  const MutexLock lock(mutex_);
  return table_;
}

RuleEngineStats RuleEngine::stats() const {
  return {.rules_matched = rules_matched_.load(),
          .statements_failed = statements_failed_.load(),
          .actions_succeeded = actions_succeeded_.load(),
          .actions_failed = actions_failed_.load(),
          .error_actions_succeeded = error_actions_succeeded_.load(),
          .error_actions_failed = error_actions_failed_.load(),
          .rules_enabled = table()->size()};
}

Task<Result<void>> RuleEngine::on_publish(mqtt::MessagePtr message) {
  const InFlight in_flight(bytes_in_flight_, message->payload.size() + kMessageOverheadBytes);
  if (!in_flight.fits()) co_return fail(ErrorKind::throttled, "The rules engine has too many messages under way.");
  co_return co_await run_rules(std::move(message), Journey{});
}

Task<Result<void>> RuleEngine::run_rules(mqtt::MessagePtr message, Journey journey) {
  std::vector<RulePtr> rules = table()->match(message->topic);
  rules_matched_ += rules.size();
  if (rules.empty()) co_return Result<void>();
  if (rules.size() == 1) co_return co_await run_rule(std::move(rules[0]), std::move(message), std::move(journey));
  std::vector<Task<Result<void>>> tasks;
  tasks.reserve(rules.size());
  for (RulePtr& rule : rules) tasks.push_back(run_rule(std::move(rule), message, journey));
  co_return first_error(co_await when_all(std::move(tasks)));
}

Task<Result<void>> RuleEngine::run_rule(RulePtr rule, mqtt::MessagePtr message, Journey journey) {
  auto evaluated = rule->statement->evaluate(event_of(*message, parts_.random, parts_.account));
  if (!evaluated.has_value()) {
    // The errorAction is for actions, not for SQL ("Error handling (error action)").
    ++statements_failed_;
    report(*rule, *message, "rule statement failed", evaluated.error());
    co_return Result<void>();
  }
  if (!evaluated->has_value()) co_return Result<void>();
  const auto payload = std::make_shared<const std::string>(**std::move(evaluated));

  std::vector<std::optional<ActionFailure>> outcomes;
  if (rule->actions.size() == 1) {
    outcomes.push_back(co_await run_action(rule, &rule->actions[0], message, payload, journey));
  } else {
    std::vector<Task<std::optional<ActionFailure>>> tasks;
    for (const CompiledAction& action : rule->actions) {
      tasks.push_back(run_action(rule, &action, message, payload, journey));
    }
    outcomes = co_await when_all(std::move(tasks));
  }
  std::vector<ActionFailure> failures;
  for (std::optional<ActionFailure>& outcome : outcomes) {
    if (outcome.has_value()) failures.push_back(*std::move(outcome));
  }
  actions_succeeded_ += outcomes.size() - failures.size();
  if (failures.empty()) co_return Result<void>();
  actions_failed_ += failures.size();
  co_return co_await run_error_action(std::move(rule), std::move(message), std::move(journey), std::move(failures));
}

Task<Result<void>> RuleEngine::run_error_action(RulePtr rule, mqtt::MessagePtr message, Journey journey,
                                                std::vector<ActionFailure> failures) {
  for (const ActionFailure& failure : failures) report(*rule, *message, "rule action failed", failure.error);
  if (rule->error_action.has_value()) {
    auto payload =
        std::make_shared<const std::string>(error_action_payload(*rule, *message, parts_.random.uuid(), failures));
    auto failed = co_await run_action(rule, &*rule->error_action, message, std::move(payload), std::move(journey));
    if (!failed.has_value()) {
      ++error_actions_succeeded_;
      co_return Result<void>();
    }
    ++error_actions_failed_;
    report(*rule, *message, "rule error action failed", failed->error);
    failures.push_back(*std::move(failed));
  }
  // Sent again, the message may fare better: no acknowledgement. If nothing of it can, acknowledging is all that is
  // left, or the device would send it for ever.
  for (ActionFailure& failure : failures) {
    if (!is_permanent(failure.error.kind)) co_return std::unexpected(std::move(failure.error));
  }
  co_return Result<void>();
}

Task<std::optional<ActionFailure>> RuleEngine::run_action(RulePtr rule, const CompiledAction* action,
                                                          mqtt::MessagePtr message,
                                                          std::shared_ptr<const std::string> payload, Journey journey) {
  ActionRun run{.rule = std::move(rule),
                .action = action,
                .message = std::move(message),
                .payload = std::move(payload),
                .journey = std::move(journey)};
  return action->kind == ActionKind::kinesis ? run_kinesis_action(action_parts_, std::move(run))
                                             : run_republish_action(action_parts_, std::move(run));
}

Task<Result<void>> RuleEngine::republish(mqtt::MessagePtr message, Journey journey) {
  PENSTOCK_ASSERT(publisher_ != nullptr);
  publisher_->deliver(message);
  return run_rules(std::move(message), std::move(journey));
}

void RuleEngine::report(const CompiledRule& rule, const mqtt::Message& message, std::string_view what,
                        const Error& error) {
  const auto held_back = rule.log_gate.pass(parts_.clock.now());
  if (!held_back.has_value()) return;
  telemetry::log(telemetry::Level::error, what,
                 {{"rule", rule.name},
                  {"topic", message.topic},
                  {"client_id", message.client_id},
                  {"kind", to_string(error.kind)},
                  {"error", error.message},
                  {"lines_held_back", static_cast<std::int64_t>(*held_back)}});
}

}  // namespace penstock::services::iot
