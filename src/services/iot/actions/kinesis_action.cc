#include <fmt/format.h>

#include <array>
#include <chrono>

#include "services/iot/actions/action.h"

namespace penstock::services::iot {
namespace {

/// How long to wait before each further try at a record that could not be written now.
constexpr std::array kRetryDelays = {std::chrono::milliseconds(50), std::chrono::milliseconds(250),
                                     std::chrono::milliseconds(1000)};

struct Target {
  std::string stream_name;
  std::string partition_key;
};

Result<Target> target_of(const ActionParts& parts, const ActionRun& run) {
  const rules::EventView event = event_of(*run.message, parts.random, parts.account);
  Target out;
  PENSTOCK_TRY(out.stream_name, run.action->target->render(event));
  if (run.action->partition_key == nullptr) {
    out.partition_key = parts.random.uuid();
  } else {
    PENSTOCK_TRY(out.partition_key, run.action->partition_key->render(event));
  }
  return out;
}

ActionFailure failure(const ActionRun& run, const Target& target, Error error) {
  error.message = fmt::format(
      "Failed to publish to Kinesis stream. The error received was {}. Message arrived on: {}, Action: kinesis, Name: "
      "{}, PartitionKey: {}",
      error.message, run.message->topic, target.stream_name, target.partition_key);
  return {.action = "KinesisAction", .resource = target.stream_name, .error = std::move(error)};
}

Task<bool> pause(Timers& timers, std::chrono::milliseconds delay) {
  Completion<bool> over;
  timers.after(delay, [over] { over.set(true); });
  co_return co_await over;
}

}  // namespace

Task<std::optional<ActionFailure>> run_kinesis_action(const ActionParts& parts, ActionRun run) {
  auto target = target_of(parts, run);
  if (!target.has_value()) co_return failure(run, {}, std::move(target).error());
  const std::string arn =
      fmt::format("arn:aws:kinesis:{}:{}:stream/{}", parts.region, parts.account, target->stream_name);
  for (std::size_t tries = 0;; ++tries) {
    // Asked anew for each try: a permission may have been taken away while this waited.
    const std::string policy = parts.records.resource_policy(target->stream_name);
    if (auto allowed = authorize_as_role(parts, run, "kinesis:PutRecord", arn, policy); !allowed.has_value()) {
      co_return failure(run, *target, std::move(allowed).error());
    }
    auto put = co_await parts.records.put(
        target->stream_name,
        {.partition_key = target->partition_key, .explicit_hash_key = std::nullopt, .data = *run.payload});
    if (put.has_value()) co_return std::nullopt;
    const ErrorKind kind = put.error().kind;
    // What may have been written is not written again from here: the device decides, by sending again.
    const bool again = kind == ErrorKind::throttled || kind == ErrorKind::unavailable || kind == ErrorKind::conflict;
    if (!again || tries == kRetryDelays.size()) co_return failure(run, *target, std::move(put).error());
    co_await pause(parts.timers, kRetryDelays[tries]);
  }
}

}  // namespace penstock::services::iot
