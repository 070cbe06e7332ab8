#pragma once
/// Whoever gives a role to a function must be allowed to pass it, and Lambda must be able to take it.
/// Source: Lambda Developer Guide, "Defining Lambda function permissions with an execution role".
/// Errors: AccessDeniedException (iam:PassRole), InvalidParameterValueException (Lambda's message, which Terraform
/// waits
///         on, when the role does not exist or does not trust lambda.amazonaws.com).

#include <string_view>

#include "services/operation.h"

namespace penstock::services::lambda {

inline constexpr std::string_view kLambdaService = "lambda.amazonaws.com";

[[nodiscard]] ApiResult<void> check_role(const CallContext& call, std::string_view role_arn);

}  // namespace penstock::services::lambda
