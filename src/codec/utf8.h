#pragma once
/// UTF-8 as text: is it valid, and how many characters. Pure.

#include <cstddef>
#include <string_view>

namespace penstock::codec {

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Code points in valid UTF-8. AWS's length constraints count them (Smithy specification, length trait: "the number of
/// Unicode scalar values").
[[nodiscard]] std::size_t count_characters(std::string_view utf8);

/// The longest prefix of at most `byte_count_max` bytes that does not cut a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view utf8, std::size_t byte_count_max);

}  // namespace penstock::codec
