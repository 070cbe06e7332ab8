#pragma once
/// How much code an account may store: the zips of functions, of their versions and of layers, each as often as it is
/// referred to. Source: AWS Lambda Developer Guide, "Lambda quotas" (storage for uploaded functions: 75 GB), "Best
/// practices for managing code storage" (Operator Guide).

#include "services/lambda/change.h"

namespace penstock::services::lambda {

[[nodiscard]] std::int64_t stored_code_bytes(const FunctionRegistry& registry);

/// CodeStorageExceededException when `more` bytes would be too much. What makes it no more is always allowed.
[[nodiscard]] ApiResult<void> check_code_storage(const CallContext& call, const FunctionRegistry& registry,
                                                 std::int64_t more);

}  // namespace penstock::services::lambda
