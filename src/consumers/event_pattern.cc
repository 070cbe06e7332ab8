#include "consumers/event_pattern.h"

#include <algorithm>

#include "codec/json.h"
#include "consumers/pattern_rules.h"

namespace penstock::consumers {

namespace json = boost::json;
using namespace pattern;  // NOLINT(google-build-using-namespace): the tree that this file walks

namespace {

bool holds(const Rule& rule, const json::value& value);

/// Rules for one value that is neither array nor object.
struct Holds {
  const json::value& value;

  bool operator()(const Text& rule) const { return value.is_string() && value.get_string() == rule.text; }
  bool operator()(const Number& rule) const { return value.is_number() && value.to_number<double>() == rule.value; }
  bool operator()(const Boolean& rule) const { return value.is_bool() && value.get_bool() == rule.value; }
  bool operator()(const Null&) const { return value.is_null(); }
  bool operator()(const Prefix& rule) const {
    if (!value.is_string()) return false;
    const std::string_view text = value.get_string();
    if (!rule.ignores_case) return text.starts_with(rule.text);
    return text.size() >= rule.text.size() && equals_ignoring_case(text.substr(0, rule.text.size()), rule.text);
  }
  bool operator()(const Suffix& rule) const {
    if (!value.is_string()) return false;
    const std::string_view text = value.get_string();
    if (!rule.ignores_case) return text.ends_with(rule.text);
    return text.size() >= rule.text.size() &&
           equals_ignoring_case(text.substr(text.size() - rule.text.size()), rule.text);
  }
  bool operator()(const IgnoreCase& rule) const {
    return value.is_string() && equals_ignoring_case(value.get_string(), rule.text);
  }
  bool operator()(const NumberRange& rule) const {
    if (!value.is_number()) return false;
    const auto number = value.to_number<double>();
    if (rule.equals && number != *rule.equals) return false;
    if (rule.above && (rule.above_too ? number < *rule.above : number <= *rule.above)) return false;
    return !rule.below || (rule.below_too ? number <= *rule.below : number < *rule.below);
  }
  bool operator()(const Exists& rule) const { return rule.wanted; }
  bool operator()(const Cidr& rule) const { return value.is_string() && contains(rule, value.get_string()); }
  bool operator()(const Wildcard& rule) const { return value.is_string() && rule.matches(value.get_string()); }
  bool operator()(const AnythingButPtr& rule) const {
    return std::ranges::none_of(rule->rules, [&](const Rule& one) { return holds(one, value); });
  }
};

bool holds(const Rule& rule, const json::value& value) { return std::visit(Holds{value}, rule); }

/// `value` null: the field is not there (nor is a leaf where the event has an object).
bool leaf_matches(const std::vector<Rule>& rules, const json::value* value) {
  if (value != nullptr && value->is_array()) {
    const json::array& items = value->get_array();
    if (!items.empty()) {
      return std::ranges::any_of(items, [&](const json::value& item) { return leaf_matches(rules, &item); });
    }
    value = nullptr;
  }
  if (value != nullptr && value->is_object()) value = nullptr;
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    if (value != nullptr) return holds(rule, *value);
    const auto* exists = std::get_if<Exists>(&rule);
    return exists != nullptr && !exists->wanted;
  });
}

bool fields_match(const Fields& fields, const json::value* value);

bool field_matches(const Field& field, const json::value* value) {
  return field.nested ? fields_match(*field.nested, value) : leaf_matches(field.rules, value);
}

bool fields_match(const Fields& fields, const json::value* value) {
  if (value != nullptr && value->is_array()) {
    const json::array& items = value->get_array();
    if (!items.empty()) {
      return std::ranges::any_of(items, [&](const json::value& item) { return fields_match(fields, &item); });
    }
    value = nullptr;
  }
  const json::object* object = value != nullptr ? value->if_object() : nullptr;
  for (const auto& [name, field] : fields.fields) {
    if (!field_matches(field, object != nullptr ? object->if_contains(name) : nullptr)) return false;
  }
  return std::ranges::all_of(fields.any_of, [&](const std::vector<FieldsPtr>& alternatives) {
    return std::ranges::any_of(alternatives, [&](const FieldsPtr& one) { return fields_match(*one, value); });
  });
}

template <class Test>
bool some_field(const Fields& fields, const Test& test) {
  for (const auto& [name, field] : fields.fields) {
    if (test(name, field)) return true;
  }
  return std::ranges::any_of(fields.any_of, [&](const std::vector<FieldsPtr>& alternatives) {
    return std::ranges::any_of(alternatives, [&](const FieldsPtr& one) { return some_field(*one, test); });
  });
}

}  // namespace

Result<EventPattern> EventPattern::compile(std::string_view text) {
  if (text.size() > kPatternBytesMax) return fail(ErrorKind::invalid, "the pattern is too long");
  PENSTOCK_TRY(const json::value parsed, codec::parse_json(text));
  PENSTOCK_TRY(FieldsPtr root, compile_fields(parsed));
  return EventPattern(std::move(root));
}

bool EventPattern::matches(const json::value& event) const { return fields_match(*root_, &event); }

bool EventPattern::mentions(std::string_view field) const {
  return some_field(*root_, [&](std::string_view name, const Field&) { return name == field; });
}

bool EventPattern::is_object_pattern(std::string_view field) const {
  return !some_field(*root_, [&](std::string_view name, const Field& rule) { return name == field && !rule.nested; });
}

bool EventPattern::mentions_other_than(std::string_view field) const {
  return some_field(*root_, [&](std::string_view name, const Field&) { return name != field; });
}

}  // namespace penstock::consumers
