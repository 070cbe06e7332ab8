#pragma once
/// The words of filter patterns, and comparisons of a value with one. Used by filter_pattern.cc and its like only.

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace penstock::logs::filter {

[[nodiscard]] std::unexpected<Error> invalid(std::string_view what);
[[nodiscard]] bool is_blank(char c);

/// The characters of a pattern, one word after the other.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  void skip_blanks();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  [[nodiscard]] bool starts_with(std::string_view text) const { return rest_.starts_with(text); }
  /// Takes it if it is next.
  bool take(std::string_view text);
  char take_char();
  /// "...", with \" and \\ in it; the cursor stands on the first quote.
  Result<std::string> take_quoted();
  /// %...%, with \% in it; the cursor stands on the first %.
  Result<std::string> take_regex();
  /// Up to a blank or one of `stops`.
  std::string take_word(std::string_view stops);

 private:
  std::string_view rest_;
};

/// Compiles what stands between the % signs; only what AWS allows there. `count`: how many there were, kRegexMax at
/// most.
[[nodiscard]] Result<std::shared_ptr<const re2::RE2>> compile_regex(std::string_view text, int& count);

enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
/// The operator that is next.
[[nodiscard]] std::optional<Op> take_op(Cursor& cursor);

/// "= 404", "!= "a*"", "= %re%".
struct Comparison {
  Op op = Op::equal;
  std::string text;  ///< '*' stands for anything
  std::optional<double> number;
  std::shared_ptr<const re2::RE2> regex;
};
/// What follows the operator. Errors: invalid.
[[nodiscard]] Result<Comparison> take_comparison(Cursor& cursor, Op op, std::string_view stops, int& regex_count);

[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] bool matches_wildcards(std::string_view pattern, std::string_view text);
[[nodiscard]] bool holds(const Comparison& comparison, std::string_view value);
[[nodiscard]] bool holds(const Comparison& comparison, double value);

/// Conditions joined by && and ||, with parentheses; && binds closer.
struct Node {
  enum class Kind : std::uint8_t { leaf, all, any };
  Kind kind = Kind::leaf;
  std::size_t leaf = 0;
  std::vector<Node> children;
};
template <class Holds>
bool evaluate(const Node& node, const Holds& leaf_holds) {
  if (node.kind == Node::Kind::leaf) return leaf_holds(node.leaf);
  const bool wants_all = node.kind == Node::Kind::all;
  for (const Node& child : node.children) {
    if (evaluate(child, leaf_holds) != wants_all) return !wants_all;
  }
  return wants_all;
}

/// Reads an expression. `take_leaf` reads one condition and gives its number.
class ExpressionReader {
 public:
  explicit ExpressionReader(Cursor& cursor) : cursor_(cursor) {}
  virtual ~ExpressionReader() = default;
  Result<Node> read();

 protected:
  virtual Result<std::size_t> take_leaf(Cursor& cursor) = 0;

 private:
  Result<Node> read_joined(bool is_any);
  Result<Node> read_one();
  Cursor& cursor_;
  std::size_t depth_ = 0;
};

}  // namespace penstock::logs::filter
