#pragma once
/// Rule actions: what happens with a rule's outgoing payload, under the rule's role.
/// Every action asks the Authorizer anew for each message, so a change of policy holds at once.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/task.h"
#include "core/timers.h"
#include "iam/authorizer.h"
#include "mqtt/hooks.h"
#include "services/iot/rule_table.h"
#include "stream/streams.h"

namespace penstock::services::iot {

inline constexpr int kRepublishDepthMax = 10;
inline constexpr int kRepublishedMax = 100;

/// How far a message is from the one that a device sent. Rules may set off rules by republishing; a loop ends here.
struct Journey {
  int depth = 0;
  std::shared_ptr<std::atomic<int>> republished = std::make_shared<std::atomic<int>>(0);
};

/// Where kinesis actions put their records.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// Completes when the record is durable. Errors: as stream::put_records.
  virtual Task<Result<stream::PutOutcome>> put(std::string stream_name, stream::PutEntry entry) = 0;
  /// The stream's resource policy; "" when it has none.
  [[nodiscard]] virtual std::string resource_policy(std::string_view stream_name) const = 0;
};

/// The streams themselves.
class StreamRecordSink final : public RecordSink {
 public:
  StreamRecordSink(stream::Streams& streams, const catalog::Catalog& catalog) : streams_(streams), catalog_(catalog) {}
  Task<Result<stream::PutOutcome>> put(std::string stream_name, stream::PutEntry entry) override;
  [[nodiscard]] std::string resource_policy(std::string_view stream_name) const override;

 private:
  stream::Streams& streams_;
  const catalog::Catalog& catalog_;
};

/// Where republish actions go: the subscribers, and the rules again.
class Republisher {
 public:
  virtual ~Republisher() = default;
  virtual Task<Result<void>> republish(mqtt::MessagePtr message, Journey journey) = 0;
};

struct ActionParts {
  const iam::Authorizer& authorizer;
  RecordSink& records;
  Republisher& republisher;
  const Clock& clock;
  Random& random;
  Timers& timers;
  std::string account;
  std::string region;
};

/// One run of an action. Shared parts stay alive until it ends.
struct ActionRun {
  RulePtr rule;
  const CompiledAction* action;  ///< of `rule`
  mqtt::MessagePtr message;      ///< the one that came in: templates are evaluated on it
  std::shared_ptr<const std::string> payload;
  Journey journey;
};

struct ActionFailure {
  std::string action;    ///< "KinesisAction"
  std::string resource;  ///< stream name or topic; as written in the rule when its template failed
  Error error;
};

/// Trying again cannot help.
[[nodiscard]] constexpr bool is_permanent(ErrorKind kind) {
  return kind == ErrorKind::invalid || kind == ErrorKind::missing || kind == ErrorKind::denied;
}

/// The message as SQL and templates see it; a view into `message`.
[[nodiscard]] rules::EventView event_of(const mqtt::Message& message, Random& random, std::string_view account);

/// Whether the rule's role may do `action` on `resource`, which may have a policy of its own. Errors: missing (no such
/// role), denied.
[[nodiscard]] Result<void> authorize_as_role(const ActionParts& parts, const ActionRun& run, std::string_view action,
                                             std::string_view resource, std::string_view resource_policy = {});

// nullopt: done, and durable if the action promises that.
Task<std::optional<ActionFailure>> run_kinesis_action(const ActionParts& parts, ActionRun run);
Task<std::optional<ActionFailure>> run_republish_action(const ActionParts& parts, ActionRun run);

/// What an errorAction gets ("Error handling (error action)", Error action message format).
[[nodiscard]] std::string error_action_payload(const CompiledRule& rule, const mqtt::Message& message,
                                               std::string_view trace_id, const std::vector<ActionFailure>& failures);

}  // namespace penstock::services::iot
