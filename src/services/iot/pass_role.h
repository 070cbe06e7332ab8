#pragma once
/// Whoever gives a role to AWS IoT must be allowed to pass it, and the service must be able to take it.
/// Source: AWS IoT Developer Guide, "Passing role permissions", "Granting an AWS IoT rule the access it requires".
/// Errors: AccessDeniedException (iam:PassRole), InvalidRequestException (the role does not exist, or its trust policy
///         does not name the service; AWS's message, which Terraform waits on).

#include <string_view>

#include "services/operation.h"

namespace penstock::services::iot {

[[nodiscard]] ApiResult<void> check_pass_role(const CallContext& call, std::string_view role_arn,
                                              std::string_view service);

}  // namespace penstock::services::iot
