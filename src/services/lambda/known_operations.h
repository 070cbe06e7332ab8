#pragma once
/// What AWS Lambda has and Penstock does not: answered by name. Whoever builds one moves its row to service.cc.

#include <span>
#include <string_view>

#include "services/operation.h"

namespace penstock::services::lambda {

/// Sorted.
[[nodiscard]] std::span<const std::string_view> known_operations();
/// Where they lie, in the same order.
[[nodiscard]] std::span<const HttpBinding> known_bindings();

}  // namespace penstock::services::lambda
