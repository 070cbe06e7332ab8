#pragma once
/// One line of a Condition element: an operator, a key, the values it may have.
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys".

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/pattern.h"
#include "iam/policy.h"

namespace penstock::iam {

class Condition {
 public:
  /// `operator_text`: "ForAnyValue:StringLikeIfExists". nullopt: unknown operator, or a value it cannot take.
  static std::optional<Condition> make(std::string_view operator_text, std::string_view key,
                                       const std::vector<std::string>& values, bool with_variables);
  [[nodiscard]] bool holds(const Facts& facts) const;

 private:
  enum class Family : std::uint8_t { string, string_fold, like, numeric, date, boolean, binary, ip, arn, null };
  enum class Order : std::uint8_t { equal, less, less_equal, greater, greater_equal };
  enum class Quantifier : std::uint8_t { none, all, any };
  struct Operator {
    Family family;
    Order order = Order::equal;
    bool negated = false;
  };
  struct Block {  // an IPv4 block is kept as its IPv4-mapped IPv6 block
    std::string address;
    int bits = 128;
  };

  static std::optional<Operator> find_operator(std::string_view name);
  static std::optional<Block> parse_block(std::string_view text);
  [[nodiscard]] bool add_value(const std::string& value, bool with_variables);
  [[nodiscard]] bool matches_any(const std::string& actual, const Facts& facts) const;
  [[nodiscard]] bool matches(std::size_t index, const std::string& actual, const Facts& facts) const;
  [[nodiscard]] bool arn_matches(std::size_t index, const std::string& actual, const Facts& facts) const;
  [[nodiscard]] bool in_order(double actual, double wanted) const;

  Operator operator_{};
  Quantifier quantifier_ = Quantifier::none;
  bool if_exists_ = false;
  std::string key_;
  std::vector<Pattern> patterns_;           // string, string_fold, like, binary
  std::vector<std::vector<Pattern>> arns_;  // arn: six patterns each
  std::vector<double> numbers_;             // numeric; date as seconds
  std::vector<Block> blocks_;               // ip
  std::vector<bool> booleans_;              // boolean, null
};

/// "2026-01-31T12:00:00Z", with parts left out as ISO 8601 allows, or seconds since 1970. In seconds.
[[nodiscard]] std::optional<double> parse_date(std::string_view text);

}  // namespace penstock::iam
