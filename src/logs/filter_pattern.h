#pragma once
/// Filter patterns of FilterLogEvents: terms, JSON selectors, space-delimited fields; regular expressions in all three.
/// Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log
/// events, and Live Tail". Pure; threads: any (a pattern is immutable).
/// Errors: invalid.
/// Bounds: pattern kPatternBytesMax; nesting and conditions kConditionsMax; regular expressions run in linear time.

#include <memory>
#include <string_view>

#include "core/result.h"

namespace penstock::logs {

inline constexpr std::size_t kPatternBytesMax = 1024;
inline constexpr std::size_t kConditionsMax = 64;
/// "There is a limit of 2 regex for each filter pattern"
inline constexpr int kRegexMax = 2;

class FilterPattern {
 public:
  virtual ~FilterPattern() = default;
  [[nodiscard]] virtual bool matches(std::string_view message) const = 0;
};

/// An empty pattern matches everything.
[[nodiscard]] Result<std::shared_ptr<const FilterPattern>> compile_filter(std::string_view pattern);

}  // namespace penstock::logs
