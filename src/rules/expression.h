#pragma once
/// The checked form of an IoT SQL expression and of a SELECT. Immutable once parsed.
/// Bounds: a tree is at most kExpressionDepthMax deep and a statement holds at most kExpressionNodesMax nodes, so that
///         evaluation needs little stack and bounded time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/value.h"

namespace penstock::rules {

inline constexpr int kExpressionDepthMax = 100;
inline constexpr int kExpressionNodesMax = 10'000;

struct Function;  // functions.h
struct Select;

enum class ExpressionKind : std::uint8_t {
  literal,  ///< value
  star,     ///< the whole payload
  name,     ///< a member of the payload (or of the element that a nested SELECT looks at)
  member,   ///< operands[0] . name
  index,    ///< operands[0] [ operands[1] ]
  negate,   ///< - operands[0]
  logical_not,
  binary,    ///< operands[0] op operands[1]
  call,      ///< function(operands...)
  cast,      ///< cast(operands[0] AS cast_type)
  choice,    ///< CASE operands[0] WHEN [1] THEN [2] ... ; has_else: the last is ELSE's
  array,     ///< [operands...]
  object,    ///< {keys[i]: operands[i]}
  subquery,  ///< (SELECT ... FROM operands[0] WHERE ...)
};

enum class Operator : std::uint8_t {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  plus,
  minus,
  times,
  divide,
  remainder
};

enum class CastType : std::uint8_t { string, integer, decimal, double_precision, boolean };

struct Expression {
  ExpressionKind kind = ExpressionKind::literal;
  int depth = 1;
  Value value;                    ///< literal; never a View
  std::string name;               ///< name, member
  Operator op = Operator::equal;  ///< binary
  CastType cast_type = CastType::string;
  const Function* function = nullptr;
  bool has_else = false;
  std::vector<std::string> keys;
  std::vector<std::unique_ptr<const Expression>> operands;
  std::unique_ptr<const Select> select;  ///< subquery
};
using ExpressionPtr = std::unique_ptr<const Expression>;

struct SelectItem {
  ExpressionPtr expression;  ///< null for a bare `*`
  std::string alias;
};

struct Select {
  bool value_only = false;  ///< SELECT VALUE expression
  std::vector<SelectItem> items;
  ExpressionPtr where;  ///< null: always
};

/// A whole statement.
struct Query {
  Select select;
  std::string topic_filter;
};

}  // namespace penstock::rules
