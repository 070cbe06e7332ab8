#pragma once
/// A compiled event pattern, as a tree. Used by event_pattern.cc and pattern_compile.cc only.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace boost::json {
class value;
}

namespace penstock::consumers::pattern {

/// A text with *: pieces that must come one after the other; each with its table of the Knuth-Morris-Pratt search, so
/// that a match is linear whatever pattern and event are.
class Wildcard {
 public:
  /// Errors: invalid: two * side by side, or an escape of something else than * and backslash.
  [[nodiscard]] static Result<Wildcard> compile(std::string_view text);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  struct Piece {
    std::string text;
    std::vector<std::size_t> borders;
  };
  void add_piece(std::string text);
  std::vector<Piece> pieces_;  ///< first: the beginning; last: the end; between them: anywhere
};

/// A range of addresses.
struct Cidr {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v6 = false;
  int prefix_bits = 0;
};
[[nodiscard]] std::optional<Cidr> parse_cidr(std::string_view text);
[[nodiscard]] bool contains(const Cidr& range, std::string_view address);

struct Text {  ///< a string
  std::string text;
};
struct Number {
  double value = 0;
};
struct Boolean {
  bool value = false;
};
struct Null {};
struct Prefix {
  std::string text;
  bool ignores_case = false;
};
struct Suffix {
  std::string text;
  bool ignores_case = false;
};
struct IgnoreCase {
  std::string text;
};
struct NumberRange {
  std::optional<double> equals{};
  std::optional<double> above{};
  bool above_too = false;  ///< the bound itself belongs to it
  std::optional<double> below{};
  bool below_too = false;
};
struct Exists {
  bool wanted = true;
};
struct AnythingBut;
using AnythingButPtr = std::shared_ptr<const AnythingBut>;
using Rule = std::variant<Text, Number, Boolean, Null, Prefix, Suffix, IgnoreCase, NumberRange, Exists, Cidr, Wildcard,
                          AnythingButPtr>;
struct AnythingBut {
  std::vector<Rule> rules;  ///< none of these
};

struct Fields;
using FieldsPtr = std::shared_ptr<const Fields>;
struct Field {
  FieldsPtr nested;         ///< or
  std::vector<Rule> rules;  ///< alternatives
};
/// All of the fields, and one of each list of alternatives.
struct Fields {
  std::map<std::string, Field, std::less<>> fields;
  std::vector<std::vector<FieldsPtr>> any_of;  ///< $or
};

[[nodiscard]] Result<FieldsPtr> compile_fields(const boost::json::value& json);

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace penstock::consumers::pattern
