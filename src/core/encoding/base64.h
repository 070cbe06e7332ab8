#pragma once
/// Standard base64 (RFC 4648 section 4) with padding; decoding is strict: no white space, padding required and
/// canonical length. Pure. Uses the widest vector instructions that the processor has.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t byte_count) { return (byte_count + 2) / 3 * 4; }
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Appends to `out`; no allocation beyond growing it.
void base64_append(std::string_view bytes, std::string& out);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
/// Appends the decoded bytes; false (and `out` as it was) when the text is not base64.
[[nodiscard]] bool base64_decode_append(std::string_view text, std::string& out);

}  // namespace penstock
