#pragma once
/// Text with wildcards and policy variables: "arn:aws:iot:*:*:topic/${iot:ClientId}/?".
/// `*` stands for any run of characters, `?` for one character. Values put in for variables are plain text: a wildcard
/// inside one matches only itself. ${*}, ${?} and ${$} are those characters themselves.
/// Source: IAM User Guide, "IAM policy elements: Variables and tags".

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/policy.h"

namespace penstock::iam {

class Pattern {
 public:
  enum Reads : std::uint8_t { literal = 0, wildcards = 1, variables = 2 };

  /// nullopt: a variable is not closed or has no name.
  static std::optional<Pattern> parse(std::string_view text, unsigned reads);

  /// False when a variable has no single value and no default.
  [[nodiscard]] bool matches(std::string_view text, const Facts& facts) const;
  /// The text with variables put in; wildcards stay as characters. nullopt as above.
  [[nodiscard]] std::optional<std::string> expand(const Facts& facts) const;
  [[nodiscard]] bool matches_all() const { return shape_ == Shape::anything; }

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, star, one, variable } kind;
    std::string text;  ///< the literal, or the variable's key in lower case
    std::optional<std::string> fallback{};
  };
  enum class Shape : std::uint8_t { exact, anything, glob, with_variables };
  using Glob = std::u16string;  // bytes, and the two wildcards above them

  void settle();
  [[nodiscard]] bool append_to(Glob& glob, const Part& part, const Facts* facts) const;
  [[nodiscard]] static const std::string* value_of(const Part& part, const Facts& facts);
  static bool glob_matches(const Glob& glob, std::string_view text);

  std::vector<Part> parts_;
  Shape shape_ = Shape::exact;
  std::string exact_;
  Glob glob_;
};

[[nodiscard]] std::string lower_case(std::string_view text);

/// The six parts of an ARN; the last holds all that follows. nullopt for anything else.
[[nodiscard]] std::optional<std::vector<std::string_view>> split_arn(std::string_view arn);

}  // namespace penstock::iam
