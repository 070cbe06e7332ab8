#pragma once
/// Whether bytes are one JSON value: looked at without building it. Pure. Bounds: nesting kPayloadDepthMax.

#include <string_view>

namespace penstock::services::lambda {

inline constexpr std::size_t kPayloadDepthMax = 512;

[[nodiscard]] bool is_json(std::string_view text);

}  // namespace penstock::services::lambda
