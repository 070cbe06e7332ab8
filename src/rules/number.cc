#include "rules/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace penstock::rules {

using Big = boost::multiprecision::uint512_t;

/// Room for the product of two 34-digit numbers, and for aligning exponents up to kAlignMax apart.
struct Number::Wide {
  Big value;
};

namespace {

constexpr int kAlignMax = 70;

Big to_big(Number::Digits digits) {
  Big out = static_cast<std::uint64_t>(digits >> 64U);
  out <<= 64U;
  out |= static_cast<std::uint64_t>(digits);
  return out;
}

Number::Digits to_digits(const Big& value) {
  const auto low = static_cast<std::uint64_t>(value & std::numeric_limits<std::uint64_t>::max());
  const auto high = static_cast<std::uint64_t>(value >> 64U);
  return (static_cast<Number::Digits>(high) << 64U) | low;
}

Big power_of_ten(std::int64_t exponent) {
  Big out = 1;
  for (std::int64_t i = 0; i < exponent; ++i) out *= 10U;
  return out;
}

int count_digits(const Big& value) {
  if (value == 0) return 1;
  const auto bits = static_cast<double>(boost::multiprecision::msb(value));
  const int guess = static_cast<int>(bits * 0.30102999566398120) + 1;  // right or one too small
  return value >= power_of_ten(guess) ? guess + 1 : guess;
}

int count_digits(Number::Digits value) {
  int count = 1;
  for (; value >= 10; value /= 10) ++count;
  return count;
}

std::string digits_text(Number::Digits digits) {
  char buffer[40];
  char* at = buffer + sizeof buffer;
  char* const end = at;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(digits % 10));
    digits /= 10;
  } while (digits != 0);
  return {at, end};
}

}  // namespace

Number Number::of_int(std::int64_t value) {
  Number out;
  out.negative_ = value < 0;
  out.digits_ = value < 0 ? static_cast<Digits>(-static_cast<__int128>(value)) : static_cast<Digits>(value);
  return out;
}

std::optional<Number> Number::parse(std::string_view text) {
  bool negative = false;
  std::size_t i = 0;
  if (i < text.size() && text[i] == '-') {
    negative = true;
    ++i;
  }
  const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (!is_digit(i)) return std::nullopt;
  Digits digits = 0;
  std::int64_t exponent = 0;
  int kept = 0;
  char first_dropped = 0;
  bool rest_dropped = false;
  bool fraction = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !fraction && is_digit(i + 1)) {
      fraction = true;
      continue;
    }
    if (!is_digit(i)) break;
    if (kept == 0 && text[i] == '0') {
      if (fraction) --exponent;
      continue;
    }
    if (kept < kDigitsMax) {
      digits = digits * 10 + static_cast<Digits>(text[i] - '0');
      ++kept;
      if (fraction) --exponent;
      continue;
    }
    if (first_dropped == 0) {
      first_dropped = text[i];
    } else {
      rest_dropped = rest_dropped || text[i] != '0';
    }
    if (!fraction) ++exponent;
  }
  const bool plain = !fraction && i == text.size();
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    ++i;
    bool minus = false;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) minus = text[i++] == '-';
    if (!is_digit(i)) return std::nullopt;
    std::int64_t written = 0;
    for (; is_digit(i); ++i) written = std::min<std::int64_t>(written * 10 + (text[i] - '0'), 1'000'000);
    if (i != text.size()) return std::nullopt;
    exponent += minus ? -written : written;
  }
  if (first_dropped > '5' || (first_dropped == '5' && (rest_dropped || digits % 2 == 1))) ++digits;
  // An Int of more than 34 digits goes on as the nearest Decimal.
  return fit(negative, Wide{to_big(digits)}, exponent, plain && exponent == 0, false);
}

std::optional<Number> Number::of_double(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  auto out = parse(fmt::format("{}", value));
  if (out.has_value()) out->is_int_ = false;
  return out;
}

/// Brings digits below 10^34 (rounding half to even; `inexact`: something non-zero lies behind the last digit).
std::optional<Number> Number::fit(bool negative, const Wide& wide, std::int64_t exponent, bool is_int, bool inexact) {
  Big value = wide.value;
  const int count = count_digits(value);
  if (count > kDigitsMax) {
    if (is_int) return std::nullopt;
    const Big unit = power_of_ten(count - kDigitsMax);
    Big quotient;
    Big rest;
    boost::multiprecision::divide_qr(value, unit, quotient, rest);
    const Big half = unit / 2;
    if (rest > half || (rest == half && (inexact || (quotient & 1U) != 0))) ++quotient;
    exponent += count - kDigitsMax;
    if (count_digits(quotient) > kDigitsMax) {
      quotient /= 10;
      ++exponent;
    }
    value = quotient;
  }
  Number out;
  out.negative_ = negative;
  out.digits_ = to_digits(value);
  out.is_int_ = is_int;
  if (out.digits_ == 0) exponent = std::clamp<std::int64_t>(exponent, -kExponentMax, 0);
  const std::int64_t adjusted = exponent + rules::count_digits(out.digits_) - 1;
  if (adjusted > kExponentMax || adjusted < -kExponentMax) return std::nullopt;
  out.exponent_ = static_cast<std::int32_t>(exponent);
  return out;
}

Number Number::whole_to_int() const {
  if (is_int_) return *this;
  Number out = *this;
  while (out.exponent_ < 0 && out.digits_ % 10 == 0) {
    if (out.digits_ == 0) {
      out.exponent_ = 0;
      break;
    }
    out.digits_ /= 10;
    ++out.exponent_;
  }
  if (out.exponent_ < 0 || rules::count_digits(out.digits_) + out.exponent_ > kDigitsMax) return *this;
  for (; out.exponent_ > 0; --out.exponent_) out.digits_ *= 10;
  out.is_int_ = true;
  return out;
}

Number Number::as_decimal() const {
  Number out = *this;
  out.is_int_ = false;
  return out;
}

Number Number::negated() const {
  Number out = *this;
  out.negative_ = !negative_ && digits_ != 0;
  return out;
}

Number Number::absolute() const {
  Number out = *this;
  out.negative_ = false;
  return out;
}

double Number::to_double() const { return std::strtod(to_text().c_str(), nullptr); }

bool Number::fits_int64() const {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  return compare(absolute(), of_int(kMax)) <= 0;
}

std::int64_t Number::to_int64() const {
  if (!fits_int64()) {
    return negative_ ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  Digits digits = digits_;
  for (int e = exponent_; e < 0 && digits != 0; ++e) digits /= 10;
  for (int e = exponent_; e > 0 && digits != 0; --e) digits *= 10;
  const auto value = static_cast<std::int64_t>(digits);
  return negative_ ? -value : value;
}

std::string Number::to_text() const {
  std::string text = digits_text(digits_);
  const int adjusted = exponent_ + static_cast<int>(text.size()) - 1;
  if (exponent_ > 0 || adjusted < -6) {
    if (text.size() > 1) text.insert(1, ".");
    text += fmt::format("E{:+d}", adjusted);
  } else if (exponent_ < 0) {
    const auto places = static_cast<std::size_t>(-exponent_);
    if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
    text.insert(text.size() - places, ".");
  }
  return is_negative() ? "-" + text : text;
}

std::optional<Number> Number::rounded(Rounding how, int places) const {
  if (exponent_ >= -places) {  // nothing to drop
    return places == 0 ? fit(negative_, Wide{to_big(digits_) * power_of_ten(std::min(exponent_, 40))}, 0, true, false)
                       : std::optional(*this);
  }
  const int drop = -places - exponent_;
  Digits kept = 0;
  bool any = digits_ != 0;
  bool half = false;
  if (drop <= kDigitsMax) {
    const Digits unit = to_digits(power_of_ten(drop));
    kept = digits_ / unit;
    const Digits rest = digits_ % unit;
    any = rest != 0;
    half = rest >= unit / 2 && any;
  }
  const bool away = (how == Rounding::half_away && half) || (how == Rounding::up && any && !negative_) ||
                    (how == Rounding::down && any && negative_);
  return fit(negative_, Wide{to_big(kept) + (away ? 1U : 0U)}, -places, places == 0, false);
}

std::optional<Number> add(const Number& a, const Number& b) {
  const Number& high = a.exponent_ >= b.exponent_ ? a : b;
  const Number& low = a.exponent_ >= b.exponent_ ? b : a;
  const std::int64_t apart = static_cast<std::int64_t>(high.exponent_) - low.exponent_;
  const bool is_int = a.is_int_ && b.is_int_;
  if (high.digits_ == 0) return low.is_int_ == is_int ? low : low.as_decimal();
  // So far apart that the smaller cannot reach the 34th digit of the larger.
  if (apart > kAlignMax) return high.as_decimal();
  const Big x = to_big(high.digits_) * power_of_ten(apart);
  const Big y = to_big(low.digits_);
  if (high.negative_ == low.negative_) return Number::fit(high.negative_, {x + y}, low.exponent_, is_int, false);
  if (x >= y) return Number::fit(high.negative_, {x - y}, low.exponent_, is_int, false);
  return Number::fit(low.negative_, {y - x}, low.exponent_, is_int, false);
}

std::optional<Number> subtract(const Number& a, const Number& b) { return add(a, b.negated()); }

std::optional<Number> multiply(const Number& a, const Number& b) {
  return Number::fit(a.negative_ != b.negative_, {to_big(a.digits_) * to_big(b.digits_)},
                     static_cast<std::int64_t>(a.exponent_) + b.exponent_, a.is_int_ && b.is_int_, false);
}

std::optional<Number> divide(const Number& a, const Number& b) {
  if (b.digits_ == 0) return std::nullopt;
  const bool negative = a.negative_ != b.negative_;
  if (a.is_int_ && b.is_int_) return Number::fit(negative, {to_big(a.digits_ / b.digits_)}, 0, true, false);
  const std::int64_t preferred = static_cast<std::int64_t>(a.exponent_) - b.exponent_;
  if (a.digits_ == 0) return Number::fit(false, {Big(0)}, preferred, false, false);
  // One digit more than is kept, and the remainder tells whether more would follow.
  const int scale = std::max(0, Number::kDigitsMax + 1 + count_digits(b.digits_) - count_digits(a.digits_));
  Big quotient;
  Big rest;
  boost::multiprecision::divide_qr(Big(to_big(a.digits_) * power_of_ten(scale)), to_big(b.digits_), quotient, rest);
  std::int64_t exponent = preferred - scale;
  if (rest == 0) {
    for (; exponent < preferred && quotient % 10U == 0; ++exponent) quotient /= 10U;
  }
  return Number::fit(negative, {quotient}, exponent, false, rest != 0);
}

std::optional<Number> remainder(const Number& a, const Number& b) {
  if (b.digits_ == 0) return std::nullopt;
  const bool is_int = a.is_int_ && b.is_int_;
  const std::int64_t apart = static_cast<std::int64_t>(a.exponent_) - b.exponent_;
  if (apart < -kAlignMax) return is_int ? a : a.as_decimal();
  if (apart < 0) {
    const Big rest = to_big(a.digits_) % (to_big(b.digits_) * power_of_ten(-apart));
    return Number::fit(a.negative_, {rest}, a.exponent_, is_int, false);
  }
  const Big modulus = to_big(b.digits_);
  Big rest = to_big(a.digits_) % modulus;
  for (std::int64_t i = 0; i < apart; ++i) rest = rest * 10U % modulus;
  return Number::fit(a.negative_, {rest}, b.exponent_, is_int, false);
}

std::strong_ordering compare(const Number& a, const Number& b) {
  if (a.digits_ == 0 || b.digits_ == 0 || a.negative_ != b.negative_) {
    const auto sign = [](const Number& n) { return n.digits_ == 0 ? 0 : (n.negative_ ? -1 : 1); };
    return sign(a) <=> sign(b);
  }
  const int size_a = a.exponent_ + count_digits(a.digits_);
  const int size_b = b.exponent_ + count_digits(b.digits_);
  std::strong_ordering by_size = size_a <=> size_b;
  if (by_size == 0 && a.exponent_ == b.exponent_) {
    by_size = a.digits_ <=> b.digits_;
  } else if (by_size == 0) {  // then the exponents are at most 33 apart
    const int low = std::min(a.exponent_, b.exponent_);
    const Big x = to_big(a.digits_) * power_of_ten(a.exponent_ - low);
    const Big y = to_big(b.digits_) * power_of_ten(b.exponent_ - low);
    by_size =
        x < y ? std::strong_ordering::less : (x > y ? std::strong_ordering::greater : std::strong_ordering::equal);
  }
  return a.negative_ ? 0 <=> by_size : by_size;
}

}  // namespace penstock::rules
