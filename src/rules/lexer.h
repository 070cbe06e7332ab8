#pragma once
/// IoT SQL's tokens. Pure; works on the text in place.
/// Strings stand in '' or "" and double their quote to contain it; a backslash is an ordinary character.
/// IoT SQL has no comments ("AWS IoT SQL reference": not supported).

#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::rules {

enum class TokenKind : std::uint8_t { end, word, number, string, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  ///< as written (of a string: with its quotes)
  std::size_t offset = 0;
  bool after_space = false;

  [[nodiscard]] bool is_symbol(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
  /// Keywords are compared without case.
  [[nodiscard]] bool is_word(std::string_view upper) const;
  /// Of a string token: what it says.
  [[nodiscard]] std::string unquoted() const;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}
  /// Errors: invalid, with line and column.
  Result<Token> next();
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  Result<Token> string(Token token);
  void number();

  std::string_view text_;
  std::size_t at_;
};

/// "line 1, column 8: <what>"; columns count characters from 1.
[[nodiscard]] std::unexpected<Error> error_at(std::string_view text, std::size_t offset, std::string_view what);

[[nodiscard]] std::string to_upper_ascii(std::string_view text);

}  // namespace penstock::rules
