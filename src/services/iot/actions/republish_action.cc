#include <fmt/format.h>

#include "services/iot/actions/action.h"

namespace penstock::services::iot {
namespace {

constexpr std::size_t kTopicBytesMax = 256;  ///< "AWS IoT Core message broker limits": UTF-8 bytes of a topic

/// The topic to publish on. "$$" at the front stands for "$" ("Republish", Parameters).
Result<std::string> topic_of(const ActionParts& parts, const ActionRun& run) {
  PENSTOCK_TRY(std::string topic, run.action->target->render(event_of(*run.message, parts.random, parts.account)));
  if (topic.starts_with("$$")) {
    topic.erase(0, 1);
  } else if (topic.starts_with('$')) {
    return fail(ErrorKind::invalid, "a topic that begins with '$' is written with '$$' in a republish action");
  }
  if (topic.empty() || topic.size() > kTopicBytesMax ||
      topic.find_first_of(std::string_view("+#\0", 3)) != topic.npos) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a topic to publish on", topic.substr(0, kTopicBytesMax)));
  }
  return topic;
}

ActionFailure failure(const ActionRun& run, std::string topic, Error error) {
  error.message = fmt::format(
      "Failed to republish. The error received was {}. Message arrived on: {}, Action: "
      "republish, topic: {}",
      error.message, run.message->topic, topic);
  return {.action = "RepublishAction", .resource = std::move(topic), .error = std::move(error)};
}

}  // namespace

Task<std::optional<ActionFailure>> run_republish_action(const ActionParts& parts, ActionRun run) {
  auto topic = topic_of(parts, run);
  if (!topic.has_value()) co_return failure(run, {}, std::move(topic).error());
  const std::string arn = fmt::format("arn:aws:iot:{}:{}:topic/{}", parts.region, parts.account, *topic);
  if (auto allowed = authorize_as_role(parts, run, "iot:Publish", arn); !allowed.has_value()) {
    co_return failure(run, *topic, std::move(allowed).error());
  }
  Journey next = run.journey;
  if (++next.depth > kRepublishDepthMax || next.republished->fetch_add(1) >= kRepublishedMax) {
    co_return failure(run, *topic,
                      {.kind = ErrorKind::invalid, .message = "the rules republish in a loop; it was ended here"});
  }
  auto message = std::make_shared<mqtt::Message>();
  message->topic = *topic;
  message->payload = *run.payload;
  message->qos = run.action->qos;
  message->received = parts.clock.now();
  auto published = co_await parts.republisher.republish(std::move(message), std::move(next));
  // At QoS 0 nothing is promised about what the message sets off.
  if (published.has_value() || run.action->qos == 0) co_return std::nullopt;
  co_return failure(run, *topic, std::move(published).error());
}

}  // namespace penstock::services::iot
