#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "codec/codec.h"
#include "codec/path.h"
#include "codec/patterns.h"
#include "codec/scalar_text.h"
#include "codec/utf8.h"

/// The wording is AWS's ("N validation errors detected: Value '..' at '..' failed to satisfy constraint: .."), as its
/// services print it. Order within a member: null, pattern, lower bound, upper bound, enum; then what it holds.
namespace penstock::codec {
namespace {

/// A value in a message is cut here. AWS echoes whole values; an answer must not grow with its request.
constexpr std::size_t kPrintedBytesMax = 4096;

void print_value(const Type& type, const void* value, std::string& out);

void print_list(const Type& type, const void* list, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < type.size(list) && out.size() < kPrintedBytesMax; ++i) {
    if (i != 0) out += ", ";
    print_value(*type.element, type.element->get(type.item(list, i)), out);
  }
  out += ']';
}

void print_map(const Type& type, const void* map, std::string& out) {
  out += '{';
  bool first = true;
  type.each(map, [&](std::string_view key, const void* value) {
    if (out.size() >= kPrintedBytesMax) return;
    if (!first) out += ", ";
    first = false;
    out.append(key).append("=");
    print_value(*type.element, type.element->get(value), out);
  });
  out += '}';
}

void print_structure(const Shape& shape, const void* value, std::string& out) {
  out.append(shape.name()).append("(");
  bool first = true;
  for (const Field& field : shape.fields()) {
    const void* member = field.type->get(field.of(value));
    if (member == nullptr || out.size() >= kPrintedBytesMax) continue;
    if (!first) out += ", ";
    first = false;
    out.append(field.name).append("=");
    if (field.rules.sensitive) {
      out += "***";
    } else {
      print_value(*field.type, member, out);
    }
  }
  out += ')';
}

/// As Java prints it, for AWS's services do.
void print_value(const Type& type, const void* value, std::string& out) {
  if (value == nullptr) {
    out += "null";
    return;
  }
  switch (type.kind) {
    case Kind::list: print_list(type, value, out); return;
    case Kind::map: print_map(type, value, out); return;
    case Kind::structure: print_structure(type.shape(), value, out); return;
    case Kind::blob: {
      const std::size_t size = static_cast<const Blob*>(value)->bytes.size();
      out += fmt::format("java.nio.HeapByteBuffer[pos=0 lim={} cap={}]", size, size);
      return;
    }
    default: append_scalar_text(type.kind, value, TimestampStyle::iso_8601, out); return;
  }
}

/// The constraints on the elements of a list, or on the keys or values of a map. Of elements it is told, too, that none
/// may be null.
struct ElementRules {
  const Bounds& length;
  std::string_view pattern;
  std::span<const std::string_view> one_of;
  bool of_list = false;

  [[nodiscard]] bool empty() const {
    return !length.has_min() && !length.has_max() && pattern.empty() && one_of.empty();
  }
  [[nodiscard]] std::string text() const {
    std::vector<std::string> parts;
    if (length.has_max()) parts.push_back(fmt::format("Member must have length less than or equal to {}", length.max));
    if (length.has_min()) {
      parts.push_back(fmt::format("Member must have length greater than or equal to {}", length.min));
    }
    if (!pattern.empty()) parts.push_back(fmt::format("Member must satisfy regular expression pattern: {}", pattern));
    if (!one_of.empty()) {
      parts.push_back(fmt::format("Member must satisfy enum value set: [{}]", fmt::join(one_of, ", ")));
    }
    if (of_list) parts.emplace_back("Member must not be null");
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
};

std::int64_t length_of(const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::string: return static_cast<std::int64_t>(count_characters(*static_cast<const std::string*>(value)));
    case Kind::blob: return static_cast<std::int64_t>(static_cast<const Blob*>(value)->bytes.size());
    case Kind::list:
    case Kind::map: return static_cast<std::int64_t>(type.size(value));
    default: return 0;
  }
}

bool one_of_holds(std::span<const std::string_view> allowed, std::string_view text) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), text) != allowed.end();
}

bool satisfies(const ElementRules& rules, const Type& type, const void* value) {
  if (value == nullptr) return true;
  const std::int64_t length = length_of(type, value);
  if (length < rules.length.min || length > rules.length.max) return false;
  if (type.kind != Kind::string) return true;
  const std::string& text = *static_cast<const std::string*>(value);
  return (rules.pattern.empty() || matches_pattern(rules.pattern, text)) && one_of_holds(rules.one_of, text);
}

class Validator {
 public:
  explicit Validator(const MissingMembers& missing) : missing_(missing) {}

  void structure(const Shape& shape, const void* value, const Path* at) {
    for (const Field& field : shape.fields()) {
      if (full()) return;
      const Path here{at, Path::Step::member, field.name};
      member(field, field.type->get(field.of(value)), &here);
    }
  }

  [[nodiscard]] std::string text() const {
    if (violations_.empty()) return {};
    return fmt::format("{} validation error{} detected: {}", violations_.size(), violations_.size() == 1 ? "" : "s",
                       fmt::join(violations_, "; "));
  }

 private:
  [[nodiscard]] bool full() const { return violations_.size() >= kViolationsMax; }

  void violation(const Field& field, const void* value, const Path* at, std::string_view constraint) {
    if (full()) return;
    std::string printed;
    if (value == nullptr) {
      printed = " null";
    } else if (field.rules.sensitive) {
      printed.clear();
    } else {
      std::string whole;
      print_value(*field.type, value, whole);
      const std::string_view shown = utf8_prefix(whole, kPrintedBytesMax);
      printed = fmt::format(" '{}{}'", shown, shown.size() < whole.size() ? "..." : "");
    }
    violations_.push_back(
        fmt::format("Value{} at '{}' failed to satisfy constraint: {}", printed, path_text(at), constraint));
  }

  void member(const Field& field, const void* value, const Path* at) {
    const Rules& rules = field.rules;
    const bool was_missing =
        !missing_.empty() && std::find(missing_.begin(), missing_.end(), path_text(at)) != missing_.end();
    if (value == nullptr || was_missing) {
      if (rules.required) violation(field, nullptr, at, "Member must not be null");
      return;
    }
    if (!rules.required && !field.is_optional && is_default(*field.type, value)) return;  // absent
    scalar_rules(field, value, at);
    element_rules(field, value, at);
    inside(*field.type, value, at);
  }

  /// A plain member that need not be there cannot tell absent from empty: empty passes.
  static bool is_default(const Type& type, const void* value) {
    switch (type.kind) {
      case Kind::string:
      case Kind::blob:
      case Kind::list:
      case Kind::map: return length_of(type, value) == 0;
      default: return false;
    }
  }

  void scalar_rules(const Field& field, const void* value, const Path* at) {
    const Rules& rules = field.rules;
    const Kind kind = field.type->kind;
    if (kind == Kind::string && !rules.pattern.empty() &&
        !matches_pattern(rules.pattern, *static_cast<const std::string*>(value))) {
      violation(field, value, at, fmt::format("Member must satisfy regular expression pattern: {}", rules.pattern));
    }
    if (rules.length.has_min() || rules.length.has_max()) {
      const std::int64_t length = length_of(*field.type, value);
      if (length < rules.length.min) {
        violation(field, value, at,
                  fmt::format("Member must have length greater than or equal to {}", rules.length.min));
      }
      if (length > rules.length.max) {
        violation(field, value, at, fmt::format("Member must have length less than or equal to {}", rules.length.max));
      }
    }
    if (kind == Kind::int32) range(field, value, at, std::int64_t{*static_cast<const std::int32_t*>(value)});
    if (kind == Kind::int64) range(field, value, at, *static_cast<const std::int64_t*>(value));
    if (kind == Kind::float64) range(field, value, at, *static_cast<const double*>(value));
    if (kind == Kind::string && !one_of_holds(rules.one_of, *static_cast<const std::string*>(value))) {
      violation(field, value, at,
                fmt::format("Member must satisfy enum value set: [{}]", fmt::join(rules.one_of, ", ")));
    }
  }

  template <class Number>
  void range(const Field& field, const void* value, const Path* at, Number number) {
    const Bounds& bounds = field.rules.range;
    if (bounds.has_min() && number < static_cast<Number>(bounds.min)) {
      violation(field, value, at, fmt::format("Member must have value greater than or equal to {}", bounds.min));
    }
    if (bounds.has_max() && number > static_cast<Number>(bounds.max)) {
      violation(field, value, at, fmt::format("Member must have value less than or equal to {}", bounds.max));
    }
  }

  void element_rules(const Field& field, const void* value, const Path* at) {
    const Type& type = *field.type;
    const ElementRules elements{field.rules.element_length, field.rules.element_pattern, field.rules.element_one_of,
                                type.kind == Kind::list};
    const ElementRules keys{field.rules.key_length, field.rules.key_pattern, {}};
    if (type.kind == Kind::list && !elements.empty()) {
      for (std::size_t i = 0; i < type.size(value); ++i) {
        if (satisfies(elements, *type.element, type.element->get(type.item(value, i)))) continue;
        violation(field, value, at, fmt::format("Member must satisfy constraint: {}", elements.text()));
        return;
      }
    }
    if (type.kind != Kind::map || (elements.empty() && keys.empty())) return;
    bool keys_hold = true;
    bool values_hold = true;
    type.each(value, [&](std::string_view key, const void* entry) {
      const std::string key_text(key);
      keys_hold = keys_hold && satisfies(keys, type_of<std::string>(), &key_text);
      values_hold = values_hold && satisfies(elements, *type.element, type.element->get(entry));
    });
    if (!keys_hold) violation(field, value, at, fmt::format("Map keys must satisfy constraint: {}", keys.text()));
    if (!values_hold)
      violation(field, value, at, fmt::format("Map value must satisfy constraint: {}", elements.text()));
  }

  /// Depth is bounded by the decoder that made the value.
  void inside(const Type& type, const void* value, const Path* at) {
    if (value == nullptr || full()) return;
    if (type.kind == Kind::structure) structure(type.shape(), value, at);
    if (type.kind == Kind::list && !is_scalar(type.element->kind)) {
      for (std::size_t i = 0; i < type.size(value) && !full(); ++i) {
        const Path here{at, Path::Step::item, {}, i + 1};
        inside(*type.element, type.element->get(type.item(value, i)), &here);
      }
    }
    if (type.kind == Kind::map && !is_scalar(type.element->kind)) {
      type.each(value, [&](std::string_view key, const void* entry) {
        const Path here{at, Path::Step::entry, key};
        inside(*type.element, type.element->get(entry), &here);
      });
    }
  }

  const MissingMembers& missing_;
  std::vector<std::string> violations_;
};

void check(const Shape& shape, std::set<const Shape*>& seen, std::string& out) {
  if (!seen.insert(&shape).second) return;
  std::set<std::string_view> names;
  for (const Field& field : shape.fields()) {
    if (!names.insert(field.name).second) out += fmt::format("{}.{} is described twice\n", shape.name(), field.name);
    for (const auto pattern : {field.rules.pattern, field.rules.element_pattern, field.rules.key_pattern}) {
      if (pattern_compiles(pattern)) continue;
      out += fmt::format("{}.{}: pattern does not compile: {}\n", shape.name(), field.name, pattern);
    }
    const Type* type = field.type;
    while (type->element != nullptr) type = type->element;
    if (type->kind == Kind::structure) check(type->shape(), seen, out);
  }
}

}  // namespace

std::string validate_with_missing(const Shape& shape, const void* value, const MissingMembers& missing) {
  Validator validator(missing);
  validator.structure(shape, value, nullptr);
  return validator.text();
}

std::string validate(const Shape& shape, const void* value) { return validate_with_missing(shape, value, {}); }

std::string check_shape(const Shape& shape) {
  std::string out;
  std::set<const Shape*> seen;
  check(shape, seen, out);
  return out;
}

}  // namespace penstock::codec
