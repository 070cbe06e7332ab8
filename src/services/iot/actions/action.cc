#include "services/iot/actions/action.h"

#include <fmt/format.h>

#include "codec/json_text.h"
#include "core/encoding/base64.h"
#include "services/kinesis/resource_policies.h"

namespace penstock::services::iot {
namespace {

constexpr std::string_view kIotService = "iot.amazonaws.com";
constexpr std::size_t kSessionNameMax = 64;  ///< AssumeRole, RoleSessionName

void append_member(std::string_view name, std::string_view text, std::string& out) {
  if (out.back() != '{') out += ',';
  codec::append_json_string(name, out);
  out += ':';
  codec::append_json_string(text, out);
}

}  // namespace

Task<Result<stream::PutOutcome>> StreamRecordSink::put(std::string stream_name, stream::PutEntry entry) {
  std::vector<stream::PutEntry> entries;
  entries.push_back(std::move(entry));
  auto outcomes = co_await streams_.put(std::move(stream_name), std::move(entries), stream::PutCall::put_record);
  if (outcomes.has_value()) co_return std::move(outcomes->front());
  // The stream's master key is not there: the operator's to put right, and no reason to drop what a device sent.
  if (outcomes.error().kind == ErrorKind::denied) outcomes.error().kind = ErrorKind::unavailable;
  co_return std::unexpected(std::move(outcomes).error());
}

std::string StreamRecordSink::resource_policy(std::string_view stream_name) const {
  return kinesis::resource_policy(streams_, catalog_, {.stream = std::string(stream_name)});
}

rules::EventView event_of(const mqtt::Message& message, Random& random, std::string_view account) {
  return {.topic = message.topic,
          .client_id = message.client_id,
          .payload = message.payload,
          .received = message.received,
          .new_uuid = [&random] { return random.uuid(); },
          .principal = message.publisher != nullptr ? message.publisher->principal() : std::string_view(),
          .account = account};
}

Result<void> authorize_as_role(const ActionParts& parts, const ActionRun& run, std::string_view action,
                               std::string_view resource, std::string_view resource_policy) {
  const std::string session = run.rule->name.substr(0, kSessionNameMax);
  const std::string& role_arn = run.action->role_arn;
  auto principal = parts.authorizer.assume_as_service(role_arn, kIotService, session);
  if (!principal.has_value()) {
    return fail(principal.error().kind,
                fmt::format("Unable to assume role {}: {}", role_arn, principal.error().message));
  }
  iam::Question question{.action = action, .resource = resource};
  if (!resource_policy.empty()) question.resource_policy = resource_policy;
  const iam::Decision decision = parts.authorizer.authorize(*principal, question);
  if (decision.allowed) return {};
  return fail(ErrorKind::denied, fmt::format("User: {} is not authorized to perform: {} on resource: {} {}",
                                             principal->arn, action, resource, decision.reason));
}

std::string error_action_payload(const CompiledRule& rule, const mqtt::Message& message, std::string_view trace_id,
                                 const std::vector<ActionFailure>& failures) {
  std::string out = "{";
  append_member("ruleName", rule.name, out);
  append_member("topic", message.topic, out);
  append_member("cloudwatchTraceId", trace_id, out);
  append_member("clientId", message.client_id.empty() ? std::string_view("n/a") : message.client_id, out);
  append_member("base64OriginalPayload", base64_encode(message.payload), out);
  out += ",\"failures\":[";
  for (const ActionFailure& failure : failures) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_member("failedAction", failure.action, out);
    append_member("failedResource", failure.resource, out);
    append_member("errorMessage", failure.error.message, out);
    out += '}';
  }
  out += "]}";
  return out;
}

}  // namespace penstock::services::iot
