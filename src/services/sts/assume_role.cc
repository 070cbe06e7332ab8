#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "iam/identity_store.h"
#include "iam/pattern.h"
#include "iam/policy.h"
#include "services/house.h"
#include "services/sts/operations.h"

namespace penstock::services::sts_api {
namespace {

constexpr std::int32_t kChainedSecondsMax = 3600;
constexpr std::int32_t kDefaultSeconds = 3600;
constexpr std::size_t kSessionPoliciesBytesMax = 2048;

std::unexpected<ApiError> denied(std::string message) { return api_fail("AccessDenied", std::move(message), 403); }

std::unexpected<ApiError> not_authorized(const CallContext& call, std::string_view action, std::string_view role_arn) {
  return denied(
      fmt::format("User: {} is not authorized to perform: {} on resource: {}", call.principal.arn, action, role_arn));
}

/// Session policies: the inline one, then the managed ones. The session may do what at least one of them allows.
ApiResult<std::vector<std::string>> session_policies(const CallContext& call, const AssumeRoleInput& input) {
  std::vector<std::string> out;
  if (input.policy) {
    const auto compiled = iam::compile(*input.policy, iam::PolicyKind::identity);
    if (!compiled.has_value()) return api_fail("MalformedPolicyDocument", compiled.error().message);
    out.push_back(*input.policy);
  }
  for (const PolicyArnData& one : input.policy_arns) {
    const auto policy = one.arn ? call.house.iam.find_policy(*one.arn) : nullptr;
    if (!policy) {
      return api_fail("NoSuchEntity", fmt::format("Policy {} was not found.", one.arn.value_or("")), 404);
    }
    out.push_back(policy->find(policy->default_version)->document);
  }
  std::size_t bytes = 0;
  for (const std::string& policy : out) bytes += policy.size();
  // The token carries them, so they are bounded here too.
  if (bytes > kSessionPoliciesBytesMax * 4) {
    return api_fail("PackedPolicyTooLarge",
                    "Packed policy consumes more than 100% of allotted space, please use "
                    "smaller policy.");
  }
  return out;
}

ApiResult<std::map<std::string, std::string>> session_tags(const AssumeRoleInput& input) {
  std::map<std::string, std::string> tags;
  std::vector<std::string> seen;
  for (const SessionTagData& tag : input.tags) {
    const std::string key = iam::lower_case(tag.key);
    if (std::ranges::find(seen, key) != seen.end()) {
      return api_fail("InvalidParameterValue",
                      "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    seen.push_back(key);
    tags.emplace(tag.key, tag.value);
  }
  return tags;
}

ApiResult<std::int32_t> duration(const CallContext& call, const iam::Role& role, const AssumeRoleInput& input) {
  const std::int32_t seconds = input.duration_seconds.value_or(kDefaultSeconds);
  if (call.principal.kind == iam::PrincipalKind::assumed_role && seconds > kChainedSecondsMax) {
    return api_fail("ValidationError",
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
                    "chaining");
  }
  if (seconds > role.max_session_seconds) {
    return api_fail("ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return seconds;
}

iam::Conditions conditions_of(const CallContext& call, const AssumeRoleInput& input) {
  iam::Conditions conditions;
  conditions["aws:SourceIp"] = {call.source_ip};
  conditions["aws:SecureTransport"] = {call.secure ? "true" : "false"};
  conditions["aws:RequestedRegion"] = {call.region};
  conditions["sts:RoleSessionName"] = {input.role_session_name};
  if (input.external_id) conditions["sts:ExternalId"] = {*input.external_id};
  for (const SessionTagData& tag : input.tags) {
    conditions["aws:RequestTag/" + tag.key] = {tag.value};
    conditions["aws:TagKeys"].push_back(tag.key);
  }
  if (!input.transitive_tag_keys.empty()) conditions["sts:TransitiveTagKeys"] = input.transitive_tag_keys;
  return conditions;
}

/// What is not built is refused by name, never accepted and ignored.
ApiResult<void> refuse_unbuilt(const AssumeRoleInput& input) {
  std::string_view name;
  if (input.source_identity) name = "SourceIdentity";
  if (!input.transitive_tag_keys.empty()) name = "TransitiveTagKeys";
  if (input.serial_number || input.token_code) name = "SerialNumber and TokenCode (MFA)";
  if (name.empty()) return {};
  return api_fail("NotImplemented", fmt::format("Penstock does not implement AssumeRole with {} yet.", name), 501);
}

}  // namespace

Task<ApiResult<AssumeRoleOutput>> assume_role(CallContext& call, AssumeRoleInput input) {
  PENSTOCK_CO_TRY_VOID(refuse_unbuilt(input));
  const iam::IdentityStore& store = call.house.iam;
  const auto arn = iam::split_arn(input.role_arn);
  if (!arn || (*arn)[0] != "arn" || (*arn)[2] != "iam" || !(*arn)[5].starts_with("role/")) {
    co_return api_fail("ValidationError", fmt::format("{} is invalid", input.role_arn));
  }
  if (call.principal.kind == iam::PrincipalKind::root) {
    co_return denied("Roles may not be assumed by root accounts.");
  }
  // Whether the role exists is not told to whoever may not assume it.
  const auto role = store.find<iam::Role>(std::string_view(input.role_arn).substr(input.role_arn.rfind('/') + 1));
  if (!role || role->arn != input.role_arn) co_return not_authorized(call, "sts:AssumeRole", input.role_arn);
  const iam::Conditions conditions = conditions_of(call, input);
  if (!store.authorize_assume_role(call.principal, *role, "sts:AssumeRole", conditions).allowed) {
    co_return not_authorized(call, "sts:AssumeRole", input.role_arn);
  }
  if (!input.tags.empty() &&
      !store.authorize_assume_role(call.principal, *role, "sts:TagSession", conditions).allowed) {
    co_return not_authorized(call, "sts:TagSession", input.role_arn);
  }
  PENSTOCK_CO_TRY(const std::int32_t seconds, duration(call, *role, input));
  iam::SessionRequest request;
  request.principal = store.session_of(*role, input.role_session_name);
  PENSTOCK_CO_TRY(request.principal.session_policies, session_policies(call, input));
  PENSTOCK_CO_TRY(request.principal.session_tags, session_tags(input));
  request.expires = std::chrono::ceil<std::chrono::seconds>(call.house.clock.now()) + std::chrono::seconds(seconds);
  const iam::SessionCredential session = store.new_session(request);
  AssumeRoleOutput out;
  out.credentials = {.access_key_id = session.key.access_key_id,
                     .secret_access_key = session.key.secret_access_key,
                     .session_token = session.session_token,
                     .expiration = session.expires};
  out.assumed_role_user = {.assumed_role_id = request.principal.user_id, .arn = request.principal.arn};
  if (input.policy || !input.policy_arns.empty() || !input.tags.empty()) {
    std::size_t bytes = 0;
    for (const std::string& policy : request.principal.session_policies) bytes += policy.size();
    for (const auto& [key, value] : request.principal.session_tags) bytes += key.size() + value.size();
    out.packed_policy_size =
        static_cast<std::int32_t>(std::min<std::size_t>(100, bytes * 100 / (kSessionPoliciesBytesMax * 4) + 1));
  }
  co_return out;
}

}  // namespace penstock::services::sts_api
