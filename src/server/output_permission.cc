#include "server/output_permission.h"

#include <fmt/format.h>

#include "telemetry/log.h"

namespace penstock::server {

namespace {

constexpr std::string_view kLambdaService = "lambda.amazonaws.com";
constexpr std::string_view kSessionName = "awslambda_output";

}  // namespace

bool OutputPermission::ask(std::string_view role_arn, std::string_view group, std::string_view stream) const {
  const auto who = parts_.identities.assume_as_service(role_arn, kLambdaService, kSessionName);
  if (!who.has_value()) return false;
  const auto present = parts_.outputs.find_group(group);
  iam::Conditions conditions;
  if (present != nullptr) {
    const logs::GroupRecord record = present->record();
    for (const auto& [key, value] : record.tags) conditions["aws:ResourceTag/" + key] = {value};
  }
  const auto may = [&](std::string_view action, std::string_view of_stream) {
    const std::string resource =
        fmt::format("arn:aws:logs:{}:{}:log-group:{}:log-stream:{}", parts_.region, parts_.account, group, of_stream);
    return parts_.identities.authorize(*who, {.action = action, .resource = resource, .conditions = &conditions})
        .allowed;
  };
  return (present != nullptr || may("logs:CreateLogGroup", "")) && may("logs:CreateLogStream", stream) &&
         may("logs:PutLogEvents", stream);
}

bool OutputPermission::may_write(std::string_view role_arn, std::string_view group, std::string_view stream) {
  const SteadyTime now = parts_.clock.steady();
  const std::pair<std::string, std::string> key{role_arn, group};
  bool was_allowed = true;
  {
    const MutexLock lock(mutex_);
    const auto known = answers_.find(key);
    if (known != answers_.end()) {
      if (now < known->second.until) return known->second.allowed;
      was_allowed = known->second.allowed;
    }
  }
  const bool allowed = ask(role_arn, group, stream);
  if (!allowed && was_allowed) {
    telemetry::log(telemetry::Level::warn, "the output of a function is not logged: its role may not write it",
                   {{"role", role_arn}, {"group", group}});
  }
  const MutexLock lock(mutex_);
  if (answers_.size() >= kRemembered) answers_.clear();
  answers_[key] = {.allowed = allowed, .until = now + kMemory};
  return allowed;
}

}  // namespace penstock::server
