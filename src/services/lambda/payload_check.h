#pragma once
/// Whether bytes are one JSON value: looked at without building it. Pure. Bounds: nesting kPayloadDepthMax.

#include <string>
#include <string_view>

namespace penstock::services::lambda {

inline constexpr std::size_t kPayloadDepthMax = 512;

[[nodiscard]] bool is_json(std::string_view text);

/// What keeps `text` from being JSON and where, as Lambda (Jackson's parser there) says it: the two texts recorded from
/// AWS, 2025-11, are met to the letter, the others follow Jackson. Never holds more of `text` than kTokenShownMax.
inline constexpr std::size_t kTokenShownMax = 256;
[[nodiscard]] std::string json_problem(std::string_view text);

}  // namespace penstock::services::lambda
