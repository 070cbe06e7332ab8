#pragma once
/// What single elements of a policy must look like. Each gives AWS's message, or "" when all is well.

#include <string>
#include <string_view>

#include "iam/policy.h"
#include "iam/policy_model.h"

namespace penstock::iam {

/// What AWS says of some ARNs, of Condition values and of "Effect": "allow".
inline constexpr std::string_view kLegacyParsing = "The policy failed legacy parsing";

[[nodiscard]] std::string check_action(std::string_view action, PolicyKind kind);
[[nodiscard]] std::string check_resource(std::string_view resource);
[[nodiscard]] std::string check_principal(const PrincipalName& principal);

}  // namespace penstock::iam
