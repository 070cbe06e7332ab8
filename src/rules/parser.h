#pragma once
/// From text to checked expressions.
/// Errors: invalid, with line, column and what was found; what AWS has and Penstock does not is named.
/// Bounds: kSqlBytesMax, kExpressionDepthMax, kExpressionNodesMax.

#include <string_view>

#include "core/result.h"
#include "rules/expression.h"
#include "rules/value.h"

namespace penstock::rules {

[[nodiscard]] Result<Query> parse_query(std::string_view sql, SqlVersion version);

/// The expression that starts at `offset` and ends before a '}', as in "${...}"; moves `offset` behind that '}'.
[[nodiscard]] Result<ExpressionPtr> parse_substitution(std::string_view text, std::size_t& offset, SqlVersion version);

}  // namespace penstock::rules
