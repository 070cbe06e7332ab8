#pragma once
/// IoT SQL's numbers: Int (34 digits) and Decimal (34 digits, exponents to 999). Pure value type.
/// Decimals calculate as IEEE 754 decimal128 does, rounding half to even: 0.1 + 0.2 is 0.3.
/// Source: AWS IoT Developer Guide, "Data types" and "Operators". With SQL version 2016-03-23 a Decimal that is a whole
///         number becomes an Int (10.0 is 10): whole_to_int.
/// Errors: nullopt where IoT SQL says Undefined (division by zero, more than 34 Int digits, exponents out of range).

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::rules {

class Number {
 public:
  using Digits = unsigned __int128;
  static constexpr int kDigitsMax = 34;
  static constexpr int kExponentMax = 999;

  Number() = default;
  static Number of_int(std::int64_t value);
  /// JSON's number grammar plus what SQL and string conversion allow ("5E-12", "007"). Long fractions are rounded.
  static std::optional<Number> parse(std::string_view text);
  /// The shortest decimal that reads back as the double; nullopt for NaN and infinity.
  static std::optional<Number> of_double(double value);

  [[nodiscard]] bool is_int() const { return is_int_; }
  [[nodiscard]] bool is_zero() const { return digits_ == 0; }
  [[nodiscard]] bool is_negative() const { return negative_ && digits_ != 0; }
  /// The same number as an Int if it is whole and fits; otherwise itself.
  [[nodiscard]] Number whole_to_int() const;
  [[nodiscard]] Number as_decimal() const;
  [[nodiscard]] Number negated() const;
  [[nodiscard]] Number absolute() const;
  [[nodiscard]] double to_double() const;
  /// Clamped to the range of int64; drops the fraction.
  [[nodiscard]] std::int64_t to_int64() const;
  [[nodiscard]] bool fits_int64() const;
  /// Int in standard notation; Decimal as Java's BigDecimal writes it ("1.50", "1.2E+20"). Valid JSON.
  [[nodiscard]] std::string to_text() const;

  enum class Rounding : std::uint8_t { toward_zero, down, up, half_away };
  /// Rounds to `places` digits after the point; an Int when places is 0.
  [[nodiscard]] std::optional<Number> rounded(Rounding how, int places = 0) const;

  friend std::optional<Number> add(const Number& a, const Number& b);
  friend std::optional<Number> subtract(const Number& a, const Number& b);
  friend std::optional<Number> multiply(const Number& a, const Number& b);
  /// Int by Int drops the fraction.
  friend std::optional<Number> divide(const Number& a, const Number& b);
  /// Has the sign of `a`.
  friend std::optional<Number> remainder(const Number& a, const Number& b);
  friend std::strong_ordering compare(const Number& a, const Number& b);

 private:
  struct Wide;
  static std::optional<Number> fit(bool negative, const Wide& digits, std::int64_t exponent, bool is_int, bool inexact);

  Digits digits_ = 0;  ///< below 10^34
  std::int32_t exponent_ = 0;
  bool negative_ = false;
  bool is_int_ = true;
};

std::optional<Number> add(const Number& a, const Number& b);
std::optional<Number> subtract(const Number& a, const Number& b);
std::optional<Number> multiply(const Number& a, const Number& b);
std::optional<Number> divide(const Number& a, const Number& b);
std::optional<Number> remainder(const Number& a, const Number& b);
std::strong_ordering compare(const Number& a, const Number& b);

}  // namespace penstock::rules
