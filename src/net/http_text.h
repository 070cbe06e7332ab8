#pragma once
/// The character rules of HTTP/1.1 (RFC 9110 section 5.6, RFC 9112). Pure.

#include <string>
#include <string_view>

namespace penstock::net {

/// ASCII only, as header names and tokens compare.
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);
/// tchar+
[[nodiscard]] bool is_token(std::string_view text);
/// Visible characters, spaces, tabs and obs-text: what a header value may hold.
[[nodiscard]] bool is_field_value(std::string_view text);
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);
/// Whether `token` is in a comma-separated list such as Connection's.
[[nodiscard]] bool list_has(std::string_view list, std::string_view token);
/// ASCII only.
[[nodiscard]] std::string lower_case(std::string_view text);
/// With blanks where control characters were: a line end in a header's value would let its author write headers.
[[nodiscard]] std::string without_controls(std::string_view text);
/// Not 204 and 304 (RFC 9110 section 6.4.1).
[[nodiscard]] bool may_have_body(int status);
/// The reason phrase of a status, "Unknown" for one that has none here.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace penstock::net
