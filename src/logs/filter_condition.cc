#include "logs/filter_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "logs/filter_pattern.h"

namespace penstock::logs::filter {

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("Invalid filter pattern: {}", what));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void Cursor::skip_blanks() {
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
}

bool Cursor::take(std::string_view text) {
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

char Cursor::take_char() {
  const char c = peek();
  if (!rest_.empty()) rest_.remove_prefix(1);
  return c;
}

Result<std::string> Cursor::take_quoted() {
  rest_.remove_prefix(1);
  std::string text;
  while (!rest_.empty()) {
    const char c = take_char();
    if (c == '"') return text;
    if (c == '\\' && (peek() == '"' || peek() == '\\')) {
      text += take_char();
    } else {
      text += c;
    }
  }
  return invalid("a quotation mark is not closed");
}

Result<std::string> Cursor::take_regex() {
  rest_.remove_prefix(1);
  std::string text;
  while (!rest_.empty()) {
    const char c = take_char();
    if (c == '%') return text;
    text += c;
    if (c == '\\' && !rest_.empty()) text += take_char();
  }
  return invalid("a regular expression is not closed with %");
}

std::string Cursor::take_word(std::string_view stops) {
  std::size_t end = 0;
  while (end < rest_.size() && !is_blank(rest_[end]) && !stops.contains(rest_[end])) ++end;
  std::string word(rest_.substr(0, end));
  rest_.remove_prefix(end);
  return word;
}

Result<std::shared_ptr<const re2::RE2>> compile_regex(std::string_view text, int& count) {
  if (++count > kRegexMax) return invalid("it holds more than 2 regular expressions");
  const auto is_allowed = [](char c) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_word || std::string_view(":_#=@/;,-^$?[]{}|\\*+. %").contains(c);
  };
  if (text.empty() || !std::ranges::all_of(text, is_allowed)) {
    return invalid("a regular expression is empty or holds a character that is not supported");
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(1 << 20);
  auto regex = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!regex->ok()) return invalid("a regular expression cannot be understood");
  return regex;
}

std::optional<Op> take_op(Cursor& cursor) {
  if (cursor.take("!=")) return Op::not_equal;
  if (cursor.take("<=")) return Op::less_equal;
  if (cursor.take(">=")) return Op::greater_equal;
  if (cursor.take("=")) return Op::equal;
  if (cursor.take("<")) return Op::less;
  if (cursor.take(">")) return Op::greater;
  return std::nullopt;
}

Result<Comparison> take_comparison(Cursor& cursor, Op op, std::string_view stops, int& regex_count) {
  cursor.skip_blanks();
  Comparison comparison{.op = op, .text = {}, .number = std::nullopt, .regex = nullptr};
  const bool is_equality = op == Op::equal || op == Op::not_equal;
  if (cursor.peek() == '%') {
    if (!is_equality) return invalid("regular expressions are compared with = or !=");
    PENSTOCK_TRY(const std::string text, cursor.take_regex());
    PENSTOCK_TRY(comparison.regex, compile_regex(text, regex_count));
    return comparison;
  }
  if (cursor.peek() == '"') {
    PENSTOCK_TRY(comparison.text, cursor.take_quoted());
  } else {
    comparison.text = cursor.take_word(stops);
    if (comparison.text.empty()) return invalid("a value is missing");
    comparison.number = parse_number(comparison.text);
  }
  if (!is_equality && !comparison.number) return invalid("only numbers are compared with <, <=, > or >=");
  return comparison;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// Greedy with one step back: linear in practice, quadratic at worst, over bounded texts.
bool matches_wildcards(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool holds(const Comparison& comparison, double value) {
  if (!comparison.number) return comparison.op == Op::not_equal;
  const double wanted = *comparison.number;
  switch (comparison.op) {
    case Op::equal: return value == wanted;
    case Op::not_equal: return value != wanted;
    case Op::less: return value < wanted;
    case Op::less_equal: return value <= wanted;
    case Op::greater: return value > wanted;
    case Op::greater_equal: return value >= wanted;
  }
  return false;
}

bool holds(const Comparison& comparison, std::string_view value) {
  if (comparison.regex != nullptr) {
    const bool found = re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), *comparison.regex);
    return found == (comparison.op == Op::equal);
  }
  if (comparison.number) {
    if (const auto number = parse_number(value)) return holds(comparison, *number);
  }
  const bool same = matches_wildcards(comparison.text, value);
  if (comparison.op == Op::equal) return same;
  return comparison.op == Op::not_equal && !same;
}

Result<Node> ExpressionReader::read() { return read_joined(true); }

Result<Node> ExpressionReader::read_joined(bool is_any) {
  Node node{.kind = is_any ? Node::Kind::any : Node::Kind::all, .leaf = 0, .children = {}};
  while (true) {
    PENSTOCK_TRY(Node child, is_any ? read_joined(false) : read_one());
    node.children.push_back(std::move(child));
    cursor_.skip_blanks();
    if (!cursor_.take(is_any ? "||" : "&&")) break;
  }
  if (node.children.size() == 1) {
    Node only = std::move(node.children.front());
    return only;
  }
  return node;
}

Result<Node> ExpressionReader::read_one() {
  cursor_.skip_blanks();
  if (!cursor_.take("(")) {
    PENSTOCK_TRY(const std::size_t leaf, take_leaf(cursor_));
    if (leaf >= kConditionsMax) return invalid("it holds too many conditions");
    return Node{.kind = Node::Kind::leaf, .leaf = leaf, .children = {}};
  }
  if (++depth_ > kConditionsMax) return invalid("it is nested too deeply");
  PENSTOCK_TRY(Node inner, read_joined(true));
  --depth_;
  cursor_.skip_blanks();
  if (!cursor_.take(")")) return invalid("a parenthesis is not closed");
  return inner;
}

}  // namespace penstock::logs::filter
