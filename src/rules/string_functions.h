#pragma once
/// IoT SQL's functions on strings. Positions count characters (code points).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rules/value.h"

namespace penstock::rules {

struct Evaluation;

[[nodiscard]] bool is_utf8(std::string_view text);
/// The character at that position, empty when there is none.
[[nodiscard]] std::string character_of(std::string_view text, std::uint64_t index);

namespace functions {

using Arguments = std::span<const Value>;

Value chr(Evaluation& evaluation, Arguments arguments);
Value concat(Evaluation& evaluation, Arguments arguments);
Value endswith(Evaluation& evaluation, Arguments arguments);
Value indexof(Evaluation& evaluation, Arguments arguments);
Value length(Evaluation& evaluation, Arguments arguments);
Value lower(Evaluation& evaluation, Arguments arguments);
Value lpad(Evaluation& evaluation, Arguments arguments);
Value ltrim(Evaluation& evaluation, Arguments arguments);
Value numbytes(Evaluation& evaluation, Arguments arguments);
Value replace(Evaluation& evaluation, Arguments arguments);
Value rpad(Evaluation& evaluation, Arguments arguments);
Value rtrim(Evaluation& evaluation, Arguments arguments);
Value startswith(Evaluation& evaluation, Arguments arguments);
Value substring(Evaluation& evaluation, Arguments arguments);
Value trim(Evaluation& evaluation, Arguments arguments);
Value upper(Evaluation& evaluation, Arguments arguments);

}  // namespace functions
}  // namespace penstock::rules
