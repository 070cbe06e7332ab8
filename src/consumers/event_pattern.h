#pragma once
/// Event patterns: JSON that says which events are wanted. Compiled once, then asked for each event. Pure.
/// Language: objects nest; a field's rule is an array of alternatives: values, null, "", and the operators prefix,
///           suffix, equals-ignore-case, anything-but (of values or of prefix, suffix, equals-ignore-case, wildcard),
///           numeric, exists, cidr, wildcard; $or holds objects of which one must match. An event's array matches when
///           one of its elements does; fields of a nested pattern are looked for in one and the same element.
/// Errors:   invalid, saying what is wrong and where; never with text of the pattern's values.
/// Bounds:   kPatternBytesMax; nesting as codec::parse_json's. A match takes time linear in the event's size.
/// Threads:  any.
/// Source:   Amazon EventBridge User Guide, "Comparison operators for use in event patterns"; AWS Lambda Developer
///           Guide, "Control which events Lambda sends to your function". Numbers are compared by value. Case is
///           ignored for ASCII letters.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace boost::json {
class value;
}

namespace penstock::consumers {

inline constexpr std::size_t kPatternBytesMax = 4096;  ///< Lambda API Reference, Filter

namespace pattern {
struct Fields;
}

class EventPattern {
 public:
  [[nodiscard]] static Result<EventPattern> compile(std::string_view json);
  [[nodiscard]] bool matches(const boost::json::value& event) const;
  /// Whether the pattern, at its top (in every branch of $or), has a rule for this field; and whether it is nested.
  [[nodiscard]] bool mentions(std::string_view field) const;
  [[nodiscard]] bool is_object_pattern(std::string_view field) const;
  /// Whether it looks at any field at its top but this one.
  [[nodiscard]] bool mentions_other_than(std::string_view field) const;

 private:
  explicit EventPattern(std::shared_ptr<const pattern::Fields> root) : root_(std::move(root)) {}
  std::shared_ptr<const pattern::Fields> root_;
};

}  // namespace penstock::consumers
