#pragma once
/// Standard base64 (RFC 4648 section 4) with padding; decoding is strict: no white space, padding required and
/// canonical: the bits that padding leaves over are zero, so that each text has one encoding (AWS's services refuse
/// others too). Pure. Uses AVX2 where the processor has it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t byte_count) { return (byte_count + 2) / 3 * 4; }
/// Room that decoding needs; padding makes the result up to two bytes shorter.
[[nodiscard]] constexpr std::size_t base64_decoded_size_max(std::size_t char_count) { return char_count / 4 * 3; }

/// Into the caller's buffer, for those who copy nothing. `out` has room for base64_encoded_size(bytes.size()); returns
/// the end of what was written.
char* base64_encode_to(std::string_view bytes, char* out);
/// `out` has room for base64_decoded_size_max(text.size()), all of which may be overwritten. The number of bytes, or
/// nullopt when the text is not base64. May decode in place (out == text.data()).
[[nodiscard]] std::optional<std::size_t> base64_decode_to(std::string_view text, char* out);

[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Appends to `out`; no allocation beyond growing it.
void base64_append(std::string_view bytes, std::string& out);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
/// Appends the decoded bytes; false (and `out` as it was) when the text is not base64.
[[nodiscard]] bool base64_decode_append(std::string_view text, std::string& out);

}  // namespace penstock
