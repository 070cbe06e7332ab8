#pragma once
/// IoT SQL's functions: one table row each.
/// Source: AWS IoT Developer Guide, "Functions". Arguments of a wrong type give Undefined, as documented there; a wrong
///         number of arguments is refused when the statement is compiled.

#include <span>
#include <string_view>

#include "rules/rule_sql.h"
#include "rules/value.h"

namespace penstock::rules {

/// What a function may ask while a statement is evaluated.
struct Evaluation;

struct Function {
  std::string_view name;  ///< lower case
  int arguments_min;
  int arguments_max;  ///< kAnyNumber: no bound of its own
  SqlVersion since;
  Value (*call)(Evaluation& evaluation, std::span<const Value> arguments);
  bool takes_star = false;  ///< `*` may stand for its first argument
};
inline constexpr int kAnyNumber = 1000;

/// Without case; null when there is none.
[[nodiscard]] const Function* find_function(std::string_view name);
/// AWS has it and Penstock does not.
[[nodiscard]] bool is_unbuilt_function(std::string_view name);

}  // namespace penstock::rules
