#pragma once
/// The rules engine: every accepted message is matched against the enabled topic rules, their SQL makes the outgoing
/// payload, and their actions run under their roles.
///
/// Guarantee: on_publish completes with success only when, for every matched rule, each kinesis action's record is
///            durable or the rule's errorAction has done its work; or when the failure is one that trying again cannot
///            help (denied, no such stream, SQL that cannot be evaluated): that is logged and counted
///            (docs/adr/0004-puback-and-rule-failures.md).
/// Order:     rules and actions of one message run side by side; messages of one publisher are started in the order in
///            which on_publish is called.
/// Threads:   any. A rule change holds from the next message on (the catalog tells before the change is acknowledged).
/// Errors:    unavailable, throttled, outcome_unknown: do not acknowledge.
/// Bounds:    kBytesInFlightMax of messages at once (throttled beyond); kRepublishDepthMax and kRepublishedMax for what
///            one message may set off by republishing.
/// Source:    AWS IoT Developer Guide, "Rules for AWS IoT", "Kinesis Data Streams", "Republish", "Error handling".

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/task.h"
#include "core/timers.h"
#include "iam/authorizer.h"
#include "mqtt/hooks.h"
#include "services/iot/actions/action.h"
#include "services/iot/rule_table.h"

namespace penstock::services::iot {

inline constexpr std::size_t kBytesInFlightMax = 256U << 20U;

/// Counts since the start.
struct RuleEngineStats {
  std::uint64_t rules_matched = 0;      ///< a message fitted a rule's FROM
  std::uint64_t statements_failed = 0;  ///< SQL that could not be evaluated for a message
  std::uint64_t actions_succeeded = 0;
  std::uint64_t actions_failed = 0;
  std::uint64_t error_actions_succeeded = 0;
  std::uint64_t error_actions_failed = 0;
  std::uint64_t rules_enabled = 0;  ///< now
};

class RuleEngine final : public mqtt::PublishSink, private Republisher {
 public:
  /// The references outlive the engine.
  struct Parts {
    catalog::Catalog& catalog;
    const iam::Authorizer& authorizer;
    RecordSink& records;
    const Clock& clock;
    Random& random;
    Timers& timers;
    std::string account;
    std::string region;
  };

  explicit RuleEngine(Parts parts);
  ~RuleEngine() override;

  /// Loads the rules and watches for changes. Once, before the first message. A rule that cannot be read or compiled
  /// is logged as an error and does not run.
  void start() EXCLUDES(mutex_);

  /// Where republish actions deliver to (the broker, which needs the engine first). Before the first message.
  void set_publisher(mqtt::Publisher& publisher) { publisher_ = &publisher; }

  Task<Result<void>> on_publish(mqtt::MessagePtr message) override;

  [[nodiscard]] RuleEngineStats stats() const EXCLUDES(mutex_);

 private:
  struct Known {
    catalog::Version version = 0;
    RulePtr rule;  ///< null: deleted, disabled or not usable
    bool deleted = false;
  };

  void take(const std::string& key, catalog::Version version, const std::string* bytes) EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const RuleTable> table() const EXCLUDES(mutex_);

  Task<Result<void>> run_rules(mqtt::MessagePtr message, Journey journey);
  Task<Result<void>> run_rule(RulePtr rule, mqtt::MessagePtr message, Journey journey);
  Task<Result<void>> run_error_action(RulePtr rule, mqtt::MessagePtr message, Journey journey,
                                      std::vector<ActionFailure> failures);
  Task<std::optional<ActionFailure>> run_action(RulePtr rule, const CompiledAction* action, mqtt::MessagePtr message,
                                                std::shared_ptr<const std::string> payload, Journey journey);
  Task<Result<void>> republish(mqtt::MessagePtr message, Journey journey) override;
  void report(const CompiledRule& rule, const mqtt::Message& message, std::string_view what, const Error& error);

  Parts parts_;
  ActionParts action_parts_;
  mqtt::Publisher* publisher_ = nullptr;
  std::atomic<std::size_t> bytes_in_flight_ = 0;
  std::atomic<std::uint64_t> rules_matched_ = 0;
  std::atomic<std::uint64_t> statements_failed_ = 0;
  std::atomic<std::uint64_t> actions_succeeded_ = 0;
  std::atomic<std::uint64_t> actions_failed_ = 0;
  std::atomic<std::uint64_t> error_actions_succeeded_ = 0;
  std::atomic<std::uint64_t> error_actions_failed_ = 0;

  mutable Mutex mutex_;
  std::map<std::string, Known, std::less<>> known_ GUARDED_BY(mutex_);  // by catalog key
  std::shared_ptr<const RuleTable> table_ GUARDED_BY(mutex_);
  /// From then on changes come in order; before, a deletion must be remembered lest the list bring its rule back.
  bool started_ GUARDED_BY(mutex_) = false;

  std::unique_ptr<catalog::Subscription> subscription_;  // last: ends before what it feeds
};

}  // namespace penstock::services::iot
