#pragma once
/// What AWS IoT has and Penstock does not: answered by name.

#include <iterator>
#include <span>
#include <string_view>

#include "services/operation.h"

namespace penstock::services::iot {

[[nodiscard]] std::span<const std::string_view> known_operations();
[[nodiscard]] std::span<const HttpBinding> known_bindings();

}  // namespace penstock::services::iot
