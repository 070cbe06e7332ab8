#pragma once
/// What policies are attached to; and the deprecated operations that say "principal" for "target".
/// Source: AWS IoT API Reference, AttachPolicy, DetachPolicy, ListAttachedPolicies, ListTargetsForPolicy,
///         AttachPrincipalPolicy, DetachPrincipalPolicy, ListPrincipalPolicies, ListPolicyPrincipals.

#include "services/iot/api_types.h"
#include "services/iot/operations/policies.h"

namespace penstock::services::iot {

/// AWS IoT Core quotas: policies attached to one certificate or Cognito identity, and to one thing group.
inline constexpr std::size_t kPoliciesPerPrincipalMax = 10;
inline constexpr std::size_t kPoliciesPerGroupMax = 2;

/// Also the input of DetachPolicy.
struct AttachPolicyInput {
  std::string policy_name{};
  std::string target{};
};
const codec::Shape& describe(const AttachPolicyInput*);
Task<ApiResult<Empty>> attach_policy(CallContext& call, AttachPolicyInput input);
Task<ApiResult<Empty>> detach_policy(CallContext& call, AttachPolicyInput input);

/// Also the input of DetachPrincipalPolicy.
struct AttachPrincipalPolicyInput {
  std::string policy_name{};
  std::string principal{};
};
const codec::Shape& describe(const AttachPrincipalPolicyInput*);
Task<ApiResult<Empty>> attach_principal_policy(CallContext& call, AttachPrincipalPolicyInput input);
Task<ApiResult<Empty>> detach_principal_policy(CallContext& call, AttachPrincipalPolicyInput input);

struct ListAttachedPoliciesInput {
  std::string target{};
  std::optional<bool> recursive{};
  std::optional<std::string> marker{};
  std::optional<std::int32_t> page_size{};
};
const codec::Shape& describe(const ListAttachedPoliciesInput*);
Task<ApiResult<ListPoliciesOutput>> list_attached_policies(CallContext& call, ListAttachedPoliciesInput input);

struct ListPrincipalPoliciesInput {
  std::string principal{};
  std::optional<std::string> marker{};
  std::optional<std::int32_t> page_size{};
  std::optional<bool> ascending_order{};
};
const codec::Shape& describe(const ListPrincipalPoliciesInput*);
Task<ApiResult<ListPoliciesOutput>> list_principal_policies(CallContext& call, ListPrincipalPoliciesInput input);

struct ListTargetsForPolicyInput {
  std::string policy_name{};
  std::optional<std::string> marker{};
  std::optional<std::int32_t> page_size{};
};
struct ListTargetsForPolicyOutput {
  std::vector<std::string> targets{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const ListTargetsForPolicyInput*);
const codec::Shape& describe(const ListTargetsForPolicyOutput*);
Task<ApiResult<ListTargetsForPolicyOutput>> list_targets_for_policy(CallContext& call, ListTargetsForPolicyInput input);

struct ListPolicyPrincipalsInput {
  std::string policy_name{};
  std::optional<std::string> marker{};
  std::optional<std::int32_t> page_size{};
  std::optional<bool> ascending_order{};
};
struct ListPolicyPrincipalsOutput {
  std::vector<std::string> principals{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const ListPolicyPrincipalsInput*);
const codec::Shape& describe(const ListPolicyPrincipalsOutput*);
Task<ApiResult<ListPolicyPrincipalsOutput>> list_policy_principals(CallContext& call, ListPolicyPrincipalsInput input);

/// What these operations are authorised on is the target itself, an ARN or a Cognito identity.
template <auto member>
[[nodiscard]] Touched touch_target(const CallContext& /*call*/, const void* input) {
  const auto target_of = []<class Input>(std::string Input::* pointer, const void* from) -> const std::string& {
    return static_cast<const Input*>(from)->*pointer;
  };
  return {.resources = {target_of(member, input)}, .conditions = {}, .resource_policies = {}};
}

}  // namespace penstock::services::iot
