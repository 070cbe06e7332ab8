#pragma once
/// Percent-encoding as RFC 3986 and AWS use it: unreserved = A-Z a-z 0-9 - _ . ~ ; everything else becomes %XX
/// (upper case), a space %20. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// `keep_slash` leaves '/' as it is (URI paths).
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slash = false);
/// nullopt when a '%' is not followed by two hex digits. `plus_is_space` for form bodies.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace penstock
