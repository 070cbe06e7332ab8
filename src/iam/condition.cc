#include "iam/condition.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

namespace penstock::iam {
namespace {

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  const auto value = parse_number<double>(text);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string folded = lower_case(text);
  if (folded == "true") return true;
  if (folded == "false") return false;
  return std::nullopt;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Exactly `digits` digits from the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto value = parse_number<int>(text.substr(0, digits));
  text.remove_prefix(digits);
  return value;
}

constexpr std::size_t kFractionDigitsMax = 9;

/// "hh:mm[:ss[.f]]" (or "h:mm..") and the zone ("Z", "+hh", "+hh:mm", "+hhmm", or none), in seconds.
std::optional<double> take_time_of_day(std::string_view text) {
  auto hours = take_digits(text, 2);
  if (!hours) hours = take_digits(text, 1);
  if (!hours || *hours > 24 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  double seconds = *hours * 3600.0 + *minutes * 60.0;
  if (take(text, ":")) {
    const auto whole = take_digits(text, 2);
    if (!whole || *whole > 60) return std::nullopt;
    seconds += *whole;
    if (text.starts_with('.')) {
      std::size_t end = 1;
      while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
      const auto fraction = parse_real("0" + std::string(text.substr(0, end)));
      if (end == 1 || end > 1 + kFractionDigitsMax || !fraction) return std::nullopt;
      seconds += *fraction;
      text.remove_prefix(end);
    }
  }
  if (text.empty() || text == "Z") return seconds;
  const double sign = text.front() == '+' ? 1 : text.front() == '-' ? -1 : 0;
  if (sign == 0) return std::nullopt;
  text.remove_prefix(1);
  const auto zone_hours = take_digits(text, 2);
  const bool has_minutes = take(text, ":") || !text.empty();
  const auto zone_minutes = has_minutes ? take_digits(text, 2) : 0;
  if (!zone_hours || !zone_minutes || !text.empty()) return std::nullopt;
  return seconds - sign * (*zone_hours * 3600.0 + *zone_minutes * 60.0);
}

/// Seconds since 1970 that 64 bits can hold.
std::optional<double> parse_seconds(std::string_view text) {
  const auto seconds = parse_real(text);
  constexpr double kBound = 9'223'372'036'854'775'808.0;
  return seconds && *seconds >= -kBound && *seconds < kBound ? seconds : std::nullopt;
}

}  // namespace

std::optional<double> parse_date(std::string_view text) {
  std::string_view rest = text;
  const auto year = take_digits(rest, 4);
  if (!year || (!rest.empty() && rest.front() != '-')) return parse_seconds(text);
  int month = 1;
  int day = 1;
  if (take(rest, "-")) {
    const auto value = take_digits(rest, 2);
    if (!value) return std::nullopt;
    month = *value;
    if (take(rest, "-")) {
      const auto day_value = take_digits(rest, 2);
      if (!day_value) return std::nullopt;
      day = *day_value;
    }
  } else if (rest.empty()) {
    return parse_seconds(text);  // four digits alone are seconds: "1970" would otherwise have two meanings
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const double midnight = static_cast<double>(std::chrono::sys_days{date}.time_since_epoch().count()) * 86400.0;
  if (rest.empty()) return midnight;
  if (!take(rest, "T") && !take(rest, "t")) return std::nullopt;
  const auto time = take_time_of_day(rest);
  if (!time) return std::nullopt;
  return midnight + *time;
}

std::optional<Condition::Operator> Condition::find_operator(std::string_view name) {
  using enum Family;
  using enum Order;
  struct Row {
    std::string_view name;
    Operator what;
  };
  static constexpr std::array<Row, 27> kOperators = {{
      {"StringEquals", {string}},
      {"StringNotEquals", {string, equal, true}},
      {"StringEqualsIgnoreCase", {string_fold}},
      {"StringNotEqualsIgnoreCase", {string_fold, equal, true}},
      {"StringLike", {like}},
      {"StringNotLike", {like, equal, true}},
      {"NumericEquals", {numeric}},
      {"NumericNotEquals", {numeric, equal, true}},
      {"NumericLessThan", {numeric, less}},
      {"NumericLessThanEquals", {numeric, less_equal}},
      {"NumericGreaterThan", {numeric, greater}},
      {"NumericGreaterThanEquals", {numeric, greater_equal}},
      {"DateEquals", {date}},
      {"DateNotEquals", {date, equal, true}},
      {"DateLessThan", {date, less}},
      {"DateLessThanEquals", {date, less_equal}},
      {"DateGreaterThan", {date, greater}},
      {"DateGreaterThanEquals", {date, greater_equal}},
      {"Bool", {boolean}},
      {"BinaryEquals", {binary}},
      {"IpAddress", {ip}},
      {"NotIpAddress", {ip, equal, true}},
      {"ArnEquals", {arn}},
      {"ArnNotEquals", {arn, equal, true}},
      {"ArnLike", {arn}},
      {"ArnNotLike", {arn, equal, true}},
      {"Null", {null}},
  }};
  for (const Row& row : kOperators) {
    if (row.name == name) return row.what;
  }
  return std::nullopt;
}

std::optional<Condition::Block> Condition::parse_block(std::string_view text) {
  int bits = -1;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto value = parse_number<int>(text.substr(slash + 1));
    if (!value || *value < 0) return std::nullopt;
    bits = *value;
    text = text.substr(0, slash);
  }
  const std::string address(text);
  Block out{.address = std::string(16, '\0'), .bits = 128};
  if (inet_pton(AF_INET, address.c_str(), out.address.data() + 12) == 1) {
    out.address[10] = out.address[11] = '\xff';
    if (bits > 32) return std::nullopt;
    if (bits >= 0) out.bits = 96 + bits;
    return out;
  }
  if (inet_pton(AF_INET6, address.c_str(), out.address.data()) != 1 || bits > 128) return std::nullopt;
  if (bits >= 0) out.bits = bits;
  return out;
}

std::optional<Condition> Condition::make(std::string_view operator_text, std::string_view key,
                                         const std::vector<std::string>& values, bool with_variables) {
  Condition out;
  if (take(operator_text, "ForAllValues:")) {
    out.quantifier_ = Quantifier::all;
  } else if (take(operator_text, "ForAnyValue:")) {
    out.quantifier_ = Quantifier::any;
  }
  if (operator_text.ends_with("IfExists")) {
    out.if_exists_ = true;
    operator_text.remove_suffix(std::string_view("IfExists").size());
  }
  const auto found = find_operator(operator_text);
  if (!found || key.empty()) return std::nullopt;
  if (found->family == Family::null && (out.if_exists_ || out.quantifier_ != Quantifier::none)) return std::nullopt;
  out.operator_ = *found;
  out.key_ = lower_case(key);
  for (const std::string& value : values) {
    if (!out.add_value(value, with_variables)) return std::nullopt;
  }
  return out;
}

bool Condition::add_value(const std::string& value, bool with_variables) {
  const unsigned variables = with_variables ? Pattern::variables : Pattern::literal;
  switch (operator_.family) {
    case Family::string:
    case Family::string_fold:
    case Family::like: {
      auto pattern = Pattern::parse(value, variables | (operator_.family == Family::like ? Pattern::wildcards : 0U));
      if (!pattern) return false;
      patterns_.push_back(std::move(*pattern));
      return true;
    }
    case Family::binary: patterns_.push_back(*Pattern::parse(value, Pattern::literal)); return true;
    case Family::arn: {
      // A variable may hold colons in its name, so the ARN is cut outside of ${...}.
      std::vector<std::string> pieces(1);
      bool inside = false;
      for (std::size_t at = 0; at < value.size(); ++at) {
        if (with_variables && std::string_view(value).substr(at).starts_with("${")) inside = true;
        if (value[at] == '}') inside = false;
        if (value[at] == ':' && !inside && pieces.size() < 6) {
          pieces.emplace_back();
        } else {
          pieces.back() += value[at];
        }
      }
      if (value == "*") pieces.assign(6, "*");
      if (pieces.size() != 6) return false;
      std::vector<Pattern>& arn = arns_.emplace_back();
      for (const std::string& piece : pieces) {
        auto pattern = Pattern::parse(piece, variables | Pattern::wildcards);
        if (!pattern) return false;
        arn.push_back(std::move(*pattern));
      }
      return true;
    }
    case Family::numeric:
    case Family::date: {
      const auto number = operator_.family == Family::date ? parse_date(value) : parse_real(value);
      if (number) numbers_.push_back(*number);
      return number.has_value();
    }
    case Family::ip: {
      auto block = parse_block(value);
      if (block) blocks_.push_back(std::move(*block));
      return block.has_value();
    }
    case Family::boolean:
    case Family::null: {
      const auto flag = parse_bool(value);
      if (flag) booleans_.push_back(*flag);
      return flag.has_value();
    }
  }
  return false;
}

bool Condition::holds(const Facts& facts) const {
  const std::vector<std::string>* actual = facts.find(key_);
  const bool present = actual && !actual->empty();
  if (operator_.family == Family::null) {
    for (const bool wanted_null : booleans_) {
      if (wanted_null != present) return true;
    }
    return false;
  }
  if (!present) {
    if (if_exists_ || quantifier_ == Quantifier::all) return true;
    return quantifier_ == Quantifier::none && operator_.negated;
  }
  // Without a quantifier: a value must be among the wanted ones, or (negated) none may be.
  const bool every = quantifier_ == Quantifier::all || (quantifier_ == Quantifier::none && operator_.negated);
  for (const std::string& value : *actual) {
    const bool good = matches_any(value, facts) != operator_.negated;
    if (good != every) return good;
  }
  return every;
}

bool Condition::matches_any(const std::string& actual, const Facts& facts) const {
  const std::size_t count = patterns_.size() + arns_.size() + numbers_.size() + blocks_.size() + booleans_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (matches(i, actual, facts)) return true;
  }
  return false;
}

bool Condition::in_order(double actual, double wanted) const {
  switch (operator_.order) {
    case Order::equal: return actual == wanted;
    case Order::less: return actual < wanted;
    case Order::less_equal: return actual <= wanted;
    case Order::greater: return actual > wanted;
    case Order::greater_equal: return actual >= wanted;
  }
  return false;
}

bool Condition::arn_matches(std::size_t index, const std::string& actual, const Facts& facts) const {
  const auto parts = split_arn(actual);
  if (!parts) return false;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (!arns_[index][i].matches((*parts)[i], facts)) return false;
  }
  return true;
}

bool Condition::matches(std::size_t index, const std::string& actual, const Facts& facts) const {
  switch (operator_.family) {
    case Family::string:
    case Family::like:
    case Family::binary: return patterns_[index].matches(actual, facts);
    case Family::string_fold: {
      const auto wanted = patterns_[index].expand(facts);
      return wanted && lower_case(*wanted) == lower_case(actual);
    }
    case Family::numeric:
    case Family::date: {
      const auto number = operator_.family == Family::date ? parse_date(actual) : parse_real(actual);
      return number && in_order(*number, numbers_[index]);
    }
    case Family::boolean: return parse_bool(actual) == booleans_[index];
    case Family::arn: return arn_matches(index, actual, facts);
    case Family::ip: {
      const auto address = parse_block(actual);
      if (!address || address->bits != 128) return false;
      const Block& block = blocks_[index];
      for (int bit = 0; bit < block.bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const unsigned mask = 0x80U >> static_cast<unsigned>(bit % 8);
        const auto differing = static_cast<unsigned char>(block.address[byte] ^ address->address[byte]);
        if ((differing & mask) != 0) return false;
      }
      return true;
    }
    case Family::null: break;
  }
  return false;
}

}  // namespace penstock::iam
