#include "rules/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace penstock::rules {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool starts_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

constexpr std::array<std::string_view, 3> kLongSymbols = {"<>", "<=", ">="};
constexpr std::string_view kSymbols = "()[]{},.:+-*/%=<>";

/// One whole character, for messages.
std::string_view character_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && end < at + 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return text.substr(at, end - at);
}

}  // namespace

bool Token::is_word(std::string_view upper_word) const {
  return kind == TokenKind::word && std::ranges::equal(text, upper_word, {}, upper);
}

std::string Token::unquoted() const {
  const char quote = text.front();
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    out += text[i];
    if (text[i] == quote) ++i;
  }
  return out;
}

Result<Token> Lexer::next() {
  const std::size_t before = at_;
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  Token token;
  token.offset = at_;
  token.after_space = at_ > before;
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (c == '\'' || c == '"') return string(token);
  if (starts_word(c)) {
    token.kind = TokenKind::word;
    while (at_ < text_.size() && (starts_word(text_[at_]) || is_digit(text_[at_]))) ++at_;
  } else if (is_digit(c)) {
    token.kind = TokenKind::number;
    number();
    if (at_ < text_.size() && starts_word(text_[at_])) {
      return error_at(text_, token.offset, "a number must not run into a name");
    }
  } else if (const std::string_view two = text_.substr(at_, 2);
             std::ranges::find(kLongSymbols, two) != kLongSymbols.end()) {
    token.kind = TokenKind::symbol;
    at_ += 2;
  } else if (kSymbols.contains(c)) {
    token.kind = TokenKind::symbol;
    ++at_;
  } else if (two == "!=") {
    return error_at(text_, at_, "the operator != is not part of IoT SQL; write <>");
  } else if (c == '`') {
    return error_at(text_, at_, "quoted names are not supported; use get(*, 'name')");
  } else {
    return error_at(text_, at_, fmt::format("unexpected character '{}'", character_at(text_, at_)));
  }
  token.text = text_.substr(token.offset, at_ - token.offset);
  return token;
}

Result<Token> Lexer::string(Token token) {
  const char quote = text_[at_++];
  for (;;) {
    const std::size_t closing = text_.find(quote, at_);
    if (closing == std::string_view::npos) return error_at(text_, token.offset, "this string is not closed");
    at_ = closing + 1;
    if (at_ == text_.size() || text_[at_] != quote) break;
    ++at_;
  }
  token.kind = TokenKind::string;
  token.text = text_.substr(token.offset, at_ - token.offset);
  return token;
}

void Lexer::number() {
  const auto digits = [&] {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  const auto digit_at = [&](std::size_t at) { return at < text_.size() && is_digit(text_[at]); };
  digits();
  if (at_ < text_.size() && text_[at_] == '.' && digit_at(at_ + 1)) {
    ++at_;
    digits();
  }
  if (at_ < text_.size() && upper(text_[at_]) == 'E') {
    std::size_t behind = at_ + 1;
    if (behind < text_.size() && (text_[behind] == '-' || text_[behind] == '+')) ++behind;
    if (digit_at(behind)) {
      at_ = behind;
      digits();
    }
  }
}

std::unexpected<Error> error_at(std::string_view text, std::size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = std::ranges::count_if(before.substr(line_start),
                                            [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }) +
                      1;
  return fail(ErrorKind::invalid, fmt::format("line {}, column {}: {}", line, column, what));
}

std::string to_upper_ascii(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), upper);
  return out;
}

}  // namespace penstock::rules
