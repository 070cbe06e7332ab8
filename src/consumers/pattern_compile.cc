#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "consumers/pattern_rules.h"

namespace penstock::consumers::pattern {

namespace json = boost::json;

namespace {

constexpr double kNumberMax = 5.0e9;  ///< EventBridge: -5.0e9 to 5.0e9

std::unexpected<Error> invalid(std::string message) { return fail(ErrorKind::invalid, std::move(message)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Result<std::string> string_of(const json::value& value, std::string_view op) {
  if (!value.is_string()) return invalid(fmt::format("{} needs a string", op));
  return std::string(value.get_string());
}

Result<Rule> scalar_rule(const json::value& value) {
  if (value.is_string()) return Text{std::string(value.get_string())};
  if (value.is_bool()) return Boolean{value.get_bool()};
  if (value.is_null()) return Null{};
  if (value.is_number()) return Number{value.to_number<double>()};
  return invalid("a rule is a value or an object with one operator");
}

/// prefix and suffix: a string, or {"equals-ignore-case": string}.
template <class Affix>
Result<Rule> affix_rule(const json::value& value, std::string_view op) {
  if (!value.is_object()) {
    PENSTOCK_TRY(std::string text, string_of(value, op));
    return Affix{.text = std::move(text)};
  }
  const json::object& object = value.get_object();
  if (object.size() != 1 || !object.contains("equals-ignore-case")) {
    return invalid(fmt::format("{} knows equals-ignore-case only", op));
  }
  PENSTOCK_TRY(std::string text, string_of(object.at("equals-ignore-case"), op));
  return Affix{.text = std::move(text), .ignores_case = true};
}

Result<double> number_of(const json::value& value) {
  if (!value.is_number()) return invalid("numeric needs numbers");
  const auto number = value.to_number<double>();
  if (number < -kNumberMax || number > kNumberMax) return invalid("numeric takes numbers from -5.0e9 to 5.0e9");
  return number;
}

Result<void> add_comparison(std::string_view op, double number, NumberRange& range) {
  const bool inclusive = op.size() == 2;
  if (op == "=") {
    if (range.equals || range.above || range.below) return invalid("numeric: = stands alone");
    range.equals = number;
  } else if (op == ">" || op == ">=") {
    if (range.equals || range.above || range.below) return invalid("numeric: the lower bound comes first, and once");
    range.above = number;
    range.above_too = inclusive;
  } else if (op == "<" || op == "<=") {
    if (range.equals || range.below) return invalid("numeric: one upper bound");
    range.below = number;
    range.below_too = inclusive;
  } else {
    return invalid("numeric knows =, <, <=, > and >=");
  }
  return {};
}

Result<Rule> numeric_rule(const json::value& value) {
  if (!value.is_array()) return invalid("numeric needs an array");
  const json::array& items = value.get_array();
  if (items.empty() || items.size() % 2 != 0 || items.size() > 4)
    return invalid("numeric needs one or two comparisons");
  NumberRange range;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    PENSTOCK_TRY(const std::string op, string_of(items[i], "numeric"));
    PENSTOCK_TRY(const double number, number_of(items[i + 1]));
    PENSTOCK_TRY_VOID(add_comparison(op, number, range));
  }
  if (range.above && range.below && *range.above >= *range.below)
    return invalid("numeric: bottom must be less than top");
  return range;
}

Result<Rule> operator_rule(std::string_view op, const json::value& value);

/// One value or an array of them, each as `make` reads it.
template <class Make>
Result<void> one_or_many(const json::value& value, std::vector<Rule>& out, const Make& make) {
  if (!value.is_array()) {
    PENSTOCK_TRY(Rule rule, make(value));
    out.push_back(std::move(rule));
    return {};
  }
  if (value.get_array().empty()) return invalid("anything-but needs a value");
  for (const json::value& item : value.get_array()) {
    PENSTOCK_TRY(Rule rule, make(item));
    out.push_back(std::move(rule));
  }
  return {};
}

Result<Rule> anything_but_rule(const json::value& value) {
  auto rule = std::make_shared<AnythingBut>();
  if (!value.is_object()) {
    PENSTOCK_TRY_VOID(one_or_many(value, rule->rules, [](const json::value& item) { return scalar_rule(item); }));
    return AnythingButPtr(std::move(rule));
  }
  const json::object& object = value.get_object();
  if (object.size() != 1) return invalid("anything-but takes one operator");
  const std::string_view op = object.begin()->key();
  if (op != "prefix" && op != "suffix" && op != "equals-ignore-case" && op != "wildcard") {
    return invalid("anything-but knows prefix, suffix, equals-ignore-case and wildcard");
  }
  PENSTOCK_TRY_VOID(one_or_many(object.begin()->value(), rule->rules,
                                [&](const json::value& item) { return operator_rule(op, item); }));
  return AnythingButPtr(std::move(rule));
}

Result<Rule> operator_rule(std::string_view op, const json::value& value) {
  if (op == "prefix") return affix_rule<Prefix>(value, op);
  if (op == "suffix") return affix_rule<Suffix>(value, op);
  if (op == "equals-ignore-case") {
    PENSTOCK_TRY(std::string text, string_of(value, op));
    return IgnoreCase{std::move(text)};
  }
  if (op == "wildcard") {
    PENSTOCK_TRY(const std::string text, string_of(value, op));
    return Wildcard::compile(text);
  }
  if (op == "cidr") {
    PENSTOCK_TRY(const std::string text, string_of(value, op));
    const auto range = parse_cidr(text);
    if (!range) return invalid("cidr needs an address range");
    return *range;
  }
  if (op == "exists") {
    if (!value.is_bool()) return invalid("exists needs true or false");
    return Exists{value.get_bool()};
  }
  if (op == "numeric") return numeric_rule(value);
  if (op == "anything-but") return anything_but_rule(value);
  return invalid("unknown operator");
}

Result<Rule> rule_of(const json::value& value) {
  if (!value.is_object()) return scalar_rule(value);
  const json::object& object = value.get_object();
  if (object.size() != 1) return invalid("a rule has one operator");
  return operator_rule(object.begin()->key(), object.begin()->value());
}

Result<Field> field_of(const json::value& value) {
  Field field;
  if (value.is_object()) {
    PENSTOCK_TRY(field.nested, compile_fields(value));
    return field;
  }
  if (!value.is_array()) return invalid("a field's rule is an array or an object");
  if (value.get_array().empty()) return invalid("empty arrays are not allowed");
  for (const json::value& item : value.get_array()) {
    PENSTOCK_TRY(Rule rule, rule_of(item));
    field.rules.push_back(std::move(rule));
  }
  return field;
}

Result<std::vector<FieldsPtr>> alternatives_of(const json::value& value) {
  if (!value.is_array() || value.get_array().size() < 2) return invalid("$or needs an array of two objects or more");
  std::vector<FieldsPtr> out;
  for (const json::value& item : value.get_array()) {
    PENSTOCK_TRY(FieldsPtr fields, compile_fields(item));
    out.push_back(std::move(fields));
  }
  return out;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Result<FieldsPtr> compile_fields(const json::value& value) {
  if (!value.is_object()) return invalid("a pattern is an object");
  if (value.get_object().empty()) return invalid("empty objects are not allowed");
  auto fields = std::make_shared<Fields>();
  for (const auto& [key, rule] : value.get_object()) {
    if (key == "$or") {
      PENSTOCK_TRY(auto alternatives, alternatives_of(rule));
      fields->any_of.push_back(std::move(alternatives));
      continue;
    }
    PENSTOCK_TRY(Field field, field_of(rule));
    fields->fields.emplace(std::string(key), std::move(field));
  }
  return FieldsPtr(std::move(fields));
}

// ---- wildcard

void Wildcard::add_piece(std::string text) {
  Piece piece{.text = std::move(text), .borders = {}};
  piece.borders.assign(piece.text.size(), 0);
  for (std::size_t i = 1, border = 0; i < piece.text.size(); ++i) {
    while (border > 0 && piece.text[i] != piece.text[border]) border = piece.borders[border - 1];
    if (piece.text[i] == piece.text[border]) ++border;
    piece.borders[i] = border;
  }
  pieces_.push_back(std::move(piece));
}

Result<Wildcard> Wildcard::compile(std::string_view text) {
  Wildcard out;
  std::string piece;
  bool after_star = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      if (after_star) return invalid("consecutive wildcard characters are not allowed");
      out.add_piece(std::exchange(piece, {}));
      after_star = true;
      continue;
    }
    after_star = false;
    if (text[i] == '\\') {
      if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\'))
        return invalid("invalid escape character");
      ++i;
    }
    piece += text[i];
  }
  out.add_piece(std::move(piece));
  return out;
}

bool Wildcard::matches(std::string_view text) const {
  if (pieces_.size() == 1) return text == pieces_.front().text;
  const std::string& first = pieces_.front().text;
  const std::string& last = pieces_.back().text;
  if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last)) return false;
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (std::size_t p = 1; p + 1 < pieces_.size(); ++p) {
    const Piece& piece = pieces_[p];
    std::size_t matched = 0;
    std::size_t i = 0;
    for (; i < text.size() && matched < piece.text.size(); ++i) {
      while (matched > 0 && text[i] != piece.text[matched]) matched = piece.borders[matched - 1];
      if (text[i] == piece.text[matched]) ++matched;
    }
    if (matched < piece.text.size()) return false;
    text.remove_prefix(i);
  }
  return true;
}

// ---- cidr

namespace {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v6 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  constexpr std::size_t kAddressCharsMax = 45;
  if (text.size() > kAddressCharsMax) return std::nullopt;
  const std::string terminated(text);
  Address out;
  out.is_v6 = terminated.contains(':');
  if (inet_pton(out.is_v6 ? AF_INET6 : AF_INET, terminated.c_str(), out.bytes.data()) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  Cidr out{.bytes = address->bytes, .is_v6 = address->is_v6};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix_bits);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || out.prefix_bits < 0 || out.prefix_bits > (out.is_v6 ? 128 : 32)) return std::nullopt;
  return out;
}

bool contains(const Cidr& range, std::string_view text) {
  const auto address = parse_address(text);
  if (!address || address->is_v6 != range.is_v6) return false;
  for (int bit = 0; bit < range.prefix_bits; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int kept = std::min(8, range.prefix_bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - kept));
    if ((address->bytes[at] & mask) != (range.bytes[at] & mask)) return false;
  }
  return true;
}

}  // namespace penstock::consumers::pattern
