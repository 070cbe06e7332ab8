#pragma once
/// Compiled constraint patterns. RE2: linear time and bounded memory whatever the input (std::regex recurses).

#include <string_view>

namespace penstock::codec {

/// matches_pattern: whether the whole of `text` matches. A pattern that does not compile is a bug in a shape and ends
/// the process. Threads: any; each distinct pattern is compiled once. Bounds: patterns come from shapes only, never
/// from input.
[[nodiscard]] bool pattern_compiles(std::string_view pattern);
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace penstock::codec
