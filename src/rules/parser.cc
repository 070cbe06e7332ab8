#include "rules/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rules/functions.h"
#include "rules/lexer.h"
#include "rules/rule_sql.h"

namespace penstock::rules {
namespace {

/// Words that cannot stand for a member of the payload, except behind a dot.
constexpr std::array<std::string_view, 14> kReserved = {"SELECT", "FROM", "WHERE", "AS",   "AND",  "OR",   "NOT",
                                                        "CASE",   "WHEN", "THEN",  "ELSE", "NULL", "TRUE", "FALSE"};
constexpr std::array<std::string_view, 4> kUnbuilt = {"IN", "EXISTS", "SET", "END"};

struct BinaryOperator {
  std::string_view symbol;
  Operator op;
  int precedence;  ///< higher binds tighter
};
constexpr int kNotPrecedence = 3;
constexpr std::array kBinaryOperators = {
    BinaryOperator{"OR", Operator::logical_or, 1}, BinaryOperator{"AND", Operator::logical_and, 2},
    BinaryOperator{"=", Operator::equal, 4},       BinaryOperator{"<>", Operator::not_equal, 4},
    BinaryOperator{"<", Operator::less, 4},        BinaryOperator{"<=", Operator::less_equal, 4},
    BinaryOperator{">", Operator::greater, 4},     BinaryOperator{">=", Operator::greater_equal, 4},
    BinaryOperator{"+", Operator::plus, 5},        BinaryOperator{"-", Operator::minus, 5},
    BinaryOperator{"*", Operator::times, 6},       BinaryOperator{"/", Operator::divide, 6},
    BinaryOperator{"%", Operator::remainder, 6},
};

struct CastName {
  std::string_view name;
  CastType type;
  SqlVersion since;
};
constexpr auto kV1 = SqlVersion::v2015_10_08;
constexpr auto kV2 = SqlVersion::v2016_03_23;
constexpr std::array kCastNames = {
    CastName{"STRING", CastType::string, kV1},   CastName{"NVARCHAR", CastType::string, kV1},
    CastName{"TEXT", CastType::string, kV1},     CastName{"NTEXT", CastType::string, kV1},
    CastName{"VARCHAR", CastType::string, kV1},  CastName{"INT", CastType::integer, kV1},
    CastName{"INTEGER", CastType::integer, kV1}, CastName{"DOUBLE", CastType::double_precision, kV1},
    CastName{"DECIMAL", CastType::decimal, kV2}, CastName{"BOOL", CastType::boolean, kV2},
    CastName{"BOOLEAN", CastType::boolean, kV2},
};

/// A tree under construction.
using Draft = std::unique_ptr<Expression>;

class Parser {
 public:
  Parser(std::string_view text, std::size_t offset, SqlVersion version) : lexer_(text, offset), version_(version) {}

  Result<Query> query() {
    PENSTOCK_TRY_VOID(start());
    if (!at_word("SELECT")) return expected("SELECT");
    Query out;
    PENSTOCK_TRY_VOID(select_list(out.select));
    if (token_.kind == TokenKind::end) {
      return here("FROM is missing; a rule without it is for Basic Ingest, which is not supported");
    }
    if (!at_word("FROM")) return expected("',' or FROM");
    PENSTOCK_TRY_VOID(advance());
    if (token_.kind != TokenKind::string || token_.text.front() != '\'') {
      return expected("a topic filter in single quotes");
    }
    out.topic_filter = token_.unquoted();
    if (!is_topic_filter(out.topic_filter)) {
      return here(fmt::format("'{}' is not a valid topic filter", out.topic_filter));
    }
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY_VOID(where(out.select));
    if (token_.kind != TokenKind::end) return expected("WHERE or the end of the statement");
    return out;
  }

  Result<ExpressionPtr> substitution(std::size_t& offset) {
    PENSTOCK_TRY_VOID(start());
    PENSTOCK_TRY(Draft out, expression(0));
    if (!token_.is_symbol("}")) return expected("'}'");
    offset = token_.offset + 1;
    return ExpressionPtr(std::move(out));
  }

 private:
  // ---- tokens
  Result<void> start() {
    PENSTOCK_TRY(token_, lexer_.next());
    return {};
  }
  Result<void> advance() { return start(); }
  [[nodiscard]] bool at_word(std::string_view upper) const { return token_.is_word(upper); }
  [[nodiscard]] bool at_symbol(std::string_view symbol) const { return token_.is_symbol(symbol); }
  /// The token behind the current one.
  Result<Token> behind() const { return Lexer(lexer_).next(); }

  std::unexpected<Error> here(std::string_view what) const { return error_at(lexer_.text(), token_.offset, what); }
  std::unexpected<Error> expected(std::string_view what) const {
    const bool end = token_.kind == TokenKind::end;
    return here(fmt::format("expected {} but found {}{}{}", what, end ? "" : "'",
                            end ? "the end of the statement" : token_.text.substr(0, 40), end ? "" : "'"));
  }
  Result<void> symbol(std::string_view symbol) {
    if (!at_symbol(symbol)) return expected(fmt::format("'{}'", symbol));
    return advance();
  }
  Result<void> needs_v2(std::string_view what) const {
    if (version_ == kV2) return {};
    return here(fmt::format("{} need SQL version 2016-03-23", what));
  }

  // ---- trees
  Result<Draft> make(ExpressionKind kind, std::vector<ExpressionPtr> operands = {}) {
    if (++nodes_ > kExpressionNodesMax) return here("the statement is too long");
    auto out = std::make_unique<Expression>();
    out->kind = kind;
    for (const ExpressionPtr& operand : operands) out->depth = std::max(out->depth, operand->depth + 1);
    if (out->depth > kExpressionDepthMax) return here("the expression is nested too deeply");
    out->operands = std::move(operands);
    return out;
  }
  Result<Draft> make(ExpressionKind kind, Draft a, Draft b = nullptr) {
    std::vector<ExpressionPtr> operands;
    operands.push_back(std::move(a));
    if (b != nullptr) operands.push_back(std::move(b));
    return make(kind, std::move(operands));
  }
  Result<Draft> make_literal(Value value) {
    PENSTOCK_TRY(Draft out, make(ExpressionKind::literal));
    out->value = std::move(value);
    return out;
  }

  // ---- SELECT
  Result<void> select_list(Select& out) {
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY(out.value_only, at_value_keyword());
    if (out.value_only) {
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft value, at_symbol("*") ? star() : expression(0));
      out.items.push_back({.expression = std::move(value), .alias = {}});
      return {};
    }
    for (;;) {
      PENSTOCK_TRY_VOID(select_item(out));
      if (!at_symbol(",")) return {};
      PENSTOCK_TRY_VOID(advance());
    }
  }

  /// `value` may also be a member of the payload: it is the keyword when an expression follows.
  Result<bool> at_value_keyword() const {
    if (!at_word("VALUE")) return false;
    PENSTOCK_TRY(const Token next, behind());
    switch (next.kind) {
      case TokenKind::end: return false;
      case TokenKind::string:
      case TokenKind::number: return true;
      case TokenKind::word:
        return next.is_word("NOT") || next.is_word("CASE") || next.is_word("NULL") || next.is_word("TRUE") ||
               next.is_word("FALSE") || !std::ranges::any_of(kReserved, [&](auto word) { return next.is_word(word); });
      case TokenKind::symbol: break;
    }
    if (next.text == "(" || next.text == "{") return true;
    if (next.text == "[") return next.after_space;
    if (next.text != "*") return false;
    Lexer ahead = lexer_;
    PENSTOCK_TRY_VOID(ahead.next());
    PENSTOCK_TRY(const Token after_star, ahead.next());
    return after_star.is_word("FROM");
  }

  Result<Draft> star() {
    PENSTOCK_TRY_VOID(advance());
    return make(ExpressionKind::star);
  }

  Result<void> select_item(Select& out) {
    SelectItem item;
    const std::size_t offset = token_.offset;
    if (at_symbol("*")) {
      PENSTOCK_TRY(Draft whole, star());
      if (!at_word("AS")) {
        out.items.push_back({});
        return {};
      }
      item.expression = std::move(whole);
    } else {
      PENSTOCK_TRY(item.expression, expression(0));
    }
    if (at_word("AS")) {
      PENSTOCK_TRY_VOID(advance());
      if (token_.kind != TokenKind::word) return expected("a name after AS");
      item.alias = token_.text;
      PENSTOCK_TRY_VOID(advance());
      if (at_symbol(".")) return here("an alias with a dot is not supported");
    } else {
      item.alias = own_name(*item.expression);
      if (item.alias.empty()) {
        return error_at(lexer_.text(), offset, "this expression has no name of its own; give it one with AS");
      }
    }
    out.items.push_back(std::move(item));
    return {};
  }

  /// What a selected expression without AS is called: its last path segment or its function.
  static std::string own_name(const Expression& expression) {
    switch (expression.kind) {
      case ExpressionKind::name:
      case ExpressionKind::member:
      case ExpressionKind::call:
      case ExpressionKind::cast: return expression.name;
      default: return {};
    }
  }

  Result<void> where(Select& out) {
    if (!at_word("WHERE")) return {};
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY(out.where, expression(0));
    return {};
  }

  // ---- expressions
  [[nodiscard]] const BinaryOperator* binary_operator() const {
    for (const BinaryOperator& candidate : kBinaryOperators) {
      if (at_symbol(candidate.symbol) || at_word(candidate.symbol)) return &candidate;
    }
    return nullptr;
  }

  /// Operators that bind at least as tightly as `precedence`.
  Result<Draft> expression(int precedence) {
    if (++recursion_ > kExpressionDepthMax) return here("the expression is nested too deeply");
    PENSTOCK_TRY(Draft left, unary());
    for (;;) {
      const BinaryOperator* op = binary_operator();
      if (op == nullptr || op->precedence < precedence) break;
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft right, expression(op->precedence + 1));
      PENSTOCK_TRY(left, make(ExpressionKind::binary, std::move(left), std::move(right)));
      left->op = op->op;
    }
    if (at_word("IN")) return here("the operator IN is not supported");
    --recursion_;
    return left;
  }

  Result<Draft> unary() {
    if (at_word("NOT")) {
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft operand, expression(kNotPrecedence));
      return make(ExpressionKind::logical_not, std::move(operand));
    }
    if (at_symbol("-")) {
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft operand, expression(7));
      return make(ExpressionKind::negate, std::move(operand));
    }
    return postfix();
  }

  Result<Draft> postfix() {
    PENSTOCK_TRY(Draft out, primary());
    for (;;) {
      if (at_symbol(".")) {
        PENSTOCK_TRY_VOID(advance());
        if (token_.kind != TokenKind::word) return expected("a name after '.'");
        std::string name(token_.text);
        PENSTOCK_TRY_VOID(advance());
        PENSTOCK_TRY(out, make(ExpressionKind::member, std::move(out)));
        out->name = std::move(name);
      } else if (at_symbol("[")) {
        PENSTOCK_TRY_VOID(advance());
        PENSTOCK_TRY(Draft at, expression(0));
        PENSTOCK_TRY_VOID(symbol("]"));
        PENSTOCK_TRY(out, make(ExpressionKind::index, std::move(out), std::move(at)));
      } else {
        return out;
      }
    }
  }

  Result<Draft> primary() {
    switch (token_.kind) {
      case TokenKind::string: {
        Value value(token_.unquoted());
        PENSTOCK_TRY_VOID(advance());
        return make_literal(std::move(value));
      }
      case TokenKind::number: return number();
      case TokenKind::word: return word();
      default: break;
    }
    if (at_symbol("(")) return parenthesis();
    if (at_symbol("[")) return array();
    if (at_symbol("{")) return object();
    if (at_symbol("*")) return here("'*' may only stand alone in SELECT or as an argument of get() or encode()");
    return expected("an expression");
  }

  Result<Draft> number() {
    const auto parsed = Number::parse(token_.text);
    if (!parsed.has_value()) return here("this number is out of range");
    PENSTOCK_TRY_VOID(advance());
    return make_literal(Value::of(parsed, version_));
  }

  Result<Draft> word() {
    PENSTOCK_TRY(const Token next, behind());
    if (at_word("NULL") || at_word("TRUE") || at_word("FALSE")) {
      Value value = at_word("NULL") ? Value(Null{}) : Value(at_word("TRUE"));
      PENSTOCK_TRY_VOID(advance());
      return make_literal(std::move(value));
    }
    if (at_word("CASE")) return choice();
    if (next.is_symbol("(")) return call();
    for (const std::string_view reserved : kReserved) {
      if (at_word(reserved)) return expected("an expression");
    }
    for (const std::string_view unbuilt : kUnbuilt) {
      if (at_word(unbuilt)) return here(fmt::format("{} is not supported here", unbuilt));
    }
    PENSTOCK_TRY(Draft out, make(ExpressionKind::name));
    out->name = token_.text;
    PENSTOCK_TRY_VOID(advance());
    return out;
  }

  Result<Draft> call() {
    if (at_word("CAST")) return cast();
    const Token name = token_;
    if (at_word("EXISTS") || at_word("IN")) return here(fmt::format("{} is not supported", to_upper_ascii(name.text)));
    const Function* function = find_function(name.text);
    if (function == nullptr) {
      return here(is_unbuilt_function(name.text)
                      ? fmt::format("the function {}() is not supported by Penstock", name.text)
                      : fmt::format("there is no function {}()", name.text.substr(0, 40)));
    }
    if (function->since > version_) PENSTOCK_TRY_VOID(needs_v2(fmt::format("calls of {}()", name.text)));
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY_VOID(advance());
    std::vector<ExpressionPtr> arguments;
    if (!at_symbol(")")) {
      for (;;) {
        const bool whole = at_symbol("*") && arguments.empty() && function->takes_star;
        PENSTOCK_TRY(Draft argument, whole ? star() : expression(0));
        arguments.push_back(std::move(argument));
        if (!at_symbol(",")) break;
        PENSTOCK_TRY_VOID(advance());
      }
    }
    const auto count = static_cast<int>(arguments.size());
    if (count < function->arguments_min || count > function->arguments_max) {
      return error_at(lexer_.text(), name.offset, fmt::format("{}() does not take {} arguments", name.text, count));
    }
    PENSTOCK_TRY_VOID(symbol(")"));
    PENSTOCK_TRY(Draft out, make(ExpressionKind::call, std::move(arguments)));
    out->function = function;
    out->name = name.text;
    return out;
  }

  Result<Draft> cast() {
    std::string name(token_.text);
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY(Draft operand, expression(0));
    if (!at_word("AS")) return expected("AS");
    PENSTOCK_TRY_VOID(advance());
    const auto* type = std::ranges::find_if(kCastNames, [&](const CastName& cast) { return at_word(cast.name); });
    if (type == kCastNames.end()) return expected("a type to cast to");
    if (type->since > version_) PENSTOCK_TRY_VOID(needs_v2(fmt::format("casts to {}", type->name)));
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY_VOID(symbol(")"));
    PENSTOCK_TRY(Draft out, make(ExpressionKind::cast, std::move(operand)));
    out->name = std::move(name);
    out->cast_type = type->type;
    return out;
  }

  Result<Draft> choice() {
    PENSTOCK_TRY_VOID(advance());
    if (at_word("WHEN")) return here("CASE needs a value to compare: CASE v WHEN t THEN r");
    std::vector<ExpressionPtr> operands;
    PENSTOCK_TRY(Draft value, expression(0));
    operands.push_back(std::move(value));
    if (!at_word("WHEN")) return expected("WHEN");
    while (at_word("WHEN")) {
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft when, expression(0));
      operands.push_back(std::move(when));
      if (!at_word("THEN")) return expected("THEN");
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft then, expression(0));
      operands.push_back(std::move(then));
    }
    const bool has_else = at_word("ELSE");
    if (has_else) {
      PENSTOCK_TRY_VOID(advance());
      PENSTOCK_TRY(Draft otherwise, expression(0));
      operands.push_back(std::move(otherwise));
    }
    if (!at_word("END")) return expected(has_else ? "END" : "WHEN, ELSE or END");
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY(Draft out, make(ExpressionKind::choice, std::move(operands)));
    out->has_else = has_else;
    return out;
  }

  Result<Draft> parenthesis() {
    PENSTOCK_TRY_VOID(advance());
    if (at_word("SELECT")) return subquery();
    PENSTOCK_TRY(Draft inside, expression(0));
    PENSTOCK_TRY_VOID(symbol(")"));
    return inside;
  }

  /// (SELECT .. FROM path WHERE ..): "Nested object queries".
  Result<Draft> subquery() {
    PENSTOCK_TRY_VOID(needs_v2("nested queries"));
    if (++recursion_ > kExpressionDepthMax) return here("the expression is nested too deeply");
    auto select = std::make_unique<Select>();
    PENSTOCK_TRY_VOID(select_list(*select));
    if (!at_word("FROM")) return expected("',' or FROM");
    PENSTOCK_TRY_VOID(advance());
    PENSTOCK_TRY(Draft source, postfix());
    PENSTOCK_TRY_VOID(where(*select));
    PENSTOCK_TRY_VOID(symbol(")"));
    int depth = source->depth;
    for (const SelectItem& item : select->items) depth = std::max(depth, item.expression ? item.expression->depth : 1);
    if (select->where != nullptr) depth = std::max(depth, select->where->depth);
    PENSTOCK_TRY(Draft out, make(ExpressionKind::subquery, std::move(source)));
    out->depth = depth + 1;
    out->select = std::move(select);
    --recursion_;
    return out;
  }

  Result<Draft> array() {
    PENSTOCK_TRY_VOID(needs_v2("array literals"));
    PENSTOCK_TRY_VOID(advance());
    std::vector<ExpressionPtr> elements;
    if (!at_symbol("]")) {
      for (;;) {
        PENSTOCK_TRY(Draft element, expression(0));
        elements.push_back(std::move(element));
        if (!at_symbol(",")) break;
        PENSTOCK_TRY_VOID(advance());
      }
    }
    PENSTOCK_TRY_VOID(symbol("]"));
    return make(ExpressionKind::array, std::move(elements));
  }

  Result<Draft> object() {
    PENSTOCK_TRY_VOID(needs_v2("object literals"));
    PENSTOCK_TRY_VOID(advance());
    std::vector<ExpressionPtr> values;
    std::vector<std::string> keys;
    if (!at_symbol("}")) {
      for (;;) {
        if (token_.kind != TokenKind::string) return expected("a key in quotes");
        keys.push_back(token_.unquoted());
        PENSTOCK_TRY_VOID(advance());
        PENSTOCK_TRY_VOID(symbol(":"));
        PENSTOCK_TRY(Draft value, expression(0));
        values.push_back(std::move(value));
        if (!at_symbol(",")) break;
        PENSTOCK_TRY_VOID(advance());
      }
    }
    PENSTOCK_TRY_VOID(symbol("}"));
    PENSTOCK_TRY(Draft out, make(ExpressionKind::object, std::move(values)));
    out->keys = std::move(keys);
    return out;
  }

  Lexer lexer_;
  SqlVersion version_;
  Token token_;
  int nodes_ = 0;
  int recursion_ = 0;
};

}  // namespace

Result<Query> parse_query(std::string_view sql, SqlVersion version) { return Parser(sql, 0, version).query(); }

Result<ExpressionPtr> parse_substitution(std::string_view text, std::size_t& offset, SqlVersion version) {
  return Parser(text, offset, version).substitution(offset);
}

}  // namespace penstock::rules
