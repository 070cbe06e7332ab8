#pragma once
/// Lower-case hexadecimal. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

[[nodiscard]] std::string hex_encode(std::string_view bytes);
/// Accepts both cases; nullopt for anything that is not pairs of hex digits.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

}  // namespace penstock
