#include "rules/value.h"

#include <algorithm>
#include <unordered_map>

#include "codec/json_text.h"

namespace penstock::rules {
namespace {

Kind kind_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::null: return Kind::null;
    case NodeKind::boolean: return Kind::boolean;
    case NodeKind::number: return Kind::number;
    case NodeKind::string: return Kind::string;
    case NodeKind::array: return Kind::array;
    case NodeKind::object: return Kind::object;
  }
  std::unreachable();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

/// ^-?\d+(\.\d+)?((?i)E-?\d+)?$
bool is_number_string(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t first = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > first;
  };
  if (i < text.size() && text[i] == '-') ++i;
  if (!digits()) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && text[i] == '-') ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

void append_number_text(std::string_view raw, SqlVersion version, std::string& out) {
  if (version == SqlVersion::v2015_10_08 || raw.find_first_of(".eE") == std::string_view::npos) {
    out += raw;
    return;
  }
  const auto number = Number::parse(raw);
  if (number.has_value() && number->whole_to_int().is_int()) {
    out += number->whole_to_int().to_text();
  } else {
    out += raw;
  }
}

/// Copies the tokens of a node and leaves out the white space between them.
void append_tokens(const Document& document, NodeIndex at, SqlVersion version, std::string& out) {
  const Node& node = document.node(at);
  if (node.kind == NodeKind::number) return append_number_text(document.raw(at), version, out);
  if (node.kind != NodeKind::array && node.kind != NodeKind::object) {
    out += document.raw(at);
    return;
  }
  const bool is_object = node.kind == NodeKind::object;
  out += is_object ? '{' : '[';
  for (NodeIndex child = Document::first_child(at); child != node.next; child = document.node(child).next) {
    if (child != Document::first_child(at)) out += ',';
    if (is_object) {
      out += document.raw(child);
      out += ':';
      ++child;
    }
    append_tokens(document, child, version, out);
  }
  out += is_object ? '}' : ']';
}

void append_view(const View& view, SqlVersion version, bool compact, std::string& out) {
  const bool rewrite = view.document->has_odd_whole() && version == SqlVersion::v2016_03_23;
  if (compact || rewrite) return append_tokens(*view.document, view.node, version, out);
  out += view.document->raw(view.node);
}

void append_value(const Value& value, SqlVersion version, bool compact, std::string& out) {
  if (const View* view = value.view()) return append_view(*view, version, compact, out);
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) out += ',';
  };
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::bytes: return;
    case Kind::null: out += "null"; return;
    case Kind::boolean: out += value.boolean() ? "true" : "false"; return;
    case Kind::number: out += value.number(version)->to_text(); return;
    case Kind::string: codec::append_json_string(value.string(), out); return;
    case Kind::array:
      out += '[';
      for (const Value& element : value.elements()) {
        if (element.is_undefined()) continue;
        separate();
        append_value(element, version, compact, out);
      }
      out += ']';
      return;
    case Kind::object:
      out += '{';
      for (const auto& [name, member] : value.members()) {
        if (member.is_undefined()) continue;
        separate();
        codec::append_json_string(name, out);
        out += ':';
        append_value(member, version, compact, out);
      }
      out += '}';
      return;
  }
}

/// Keeps the place of a key's first appearance and the value of its last.
void put_member(Object& members, std::unordered_map<std::string, std::size_t>& places, std::string name, Value value) {
  const auto [place, is_new] = places.try_emplace(name, members.size());
  if (is_new) {
    members.emplace_back(std::move(name), std::move(value));
  } else {
    members[place->second].second = std::move(value);
  }
}

}  // namespace

Value Value::of(std::optional<Number> number, SqlVersion version) {
  if (!number.has_value()) return {};
  return version == SqlVersion::v2016_03_23 ? number->whole_to_int() : *number;
}

Kind Value::kind() const {
  struct Visitor {
    Kind operator()(Undefined) const { return Kind::undefined; }
    Kind operator()(Null) const { return Kind::null; }
    Kind operator()(bool) const { return Kind::boolean; }
    Kind operator()(const Number&) const { return Kind::number; }
    Kind operator()(const std::string&) const { return Kind::string; }
    Kind operator()(Bytes) const { return Kind::bytes; }
    Kind operator()(const View& view) const { return kind_of(view.document->node(view.node).kind); }
    Kind operator()(const std::shared_ptr<const Array>&) const { return Kind::array; }
    Kind operator()(const std::shared_ptr<const Object>&) const { return Kind::object; }
  };
  return std::visit(Visitor{}, value_);
}

bool Value::boolean() const {
  if (const View* inside = view()) return inside->document->raw(inside->node) == "true";
  return std::get<bool>(value_);
}

std::optional<Number> Value::number(SqlVersion version) const {
  const View* inside = view();
  if (inside == nullptr) return std::get<Number>(value_);
  const auto parsed = Number::parse(inside->document->raw(inside->node));
  if (parsed.has_value() && version == SqlVersion::v2016_03_23) return parsed->whole_to_int();
  return parsed;
}

std::string Value::string() const {
  if (const View* inside = view()) return inside->document->string_at(inside->node);
  return std::get<std::string>(value_);
}

Value Value::element(std::uint64_t index) const {
  if (const View* inside = view()) {
    const auto found = inside->document->element(inside->node, index);
    return found.has_value() ? Value(View{inside->document, *found}) : Value();
  }
  const auto* array = std::get_if<std::shared_ptr<const Array>>(&value_);
  return array != nullptr && index < (*array)->size() ? (**array)[index] : Value();
}

Value Value::member(std::string_view name) const {
  if (const View* inside = view()) {
    const auto found = inside->document->member(inside->node, name);
    return found.has_value() ? Value(View{inside->document, *found}) : Value();
  }
  const auto* object = std::get_if<std::shared_ptr<const Object>>(&value_);
  if (object == nullptr) return {};
  for (const Member& member : **object) {
    if (member.first == name) return member.second;
  }
  return {};
}

std::vector<Value> Value::elements() const {
  const View* inside = view();
  if (inside == nullptr) return *std::get<std::shared_ptr<const Array>>(value_);
  Array out;
  const Document& document = *inside->document;
  const NodeIndex end = document.node(inside->node).next;
  for (NodeIndex at = Document::first_child(inside->node); at != end; at = document.node(at).next) {
    out.emplace_back(View{&document, at});
  }
  return out;
}

Object Value::members() const {
  const View* inside = view();
  if (inside == nullptr) return *std::get<std::shared_ptr<const Object>>(value_);
  Object out;
  std::unordered_map<std::string, std::size_t> places;
  const Document& document = *inside->document;
  const NodeIndex end = document.node(inside->node).next;
  for (NodeIndex at = Document::first_child(inside->node); at != end; at = document.node(at + 1).next) {
    put_member(out, places, document.string_at(at), View{&document, at + 1});
  }
  return out;
}

std::optional<Number> to_number(const Value& value, SqlVersion version) {
  if (value.kind() == Kind::number) return value.number(version);
  if (value.kind() != Kind::string) return std::nullopt;
  const std::string text = value.string();
  if (!is_number_string(text)) return std::nullopt;
  const auto parsed = Number::parse(text);
  if (!parsed.has_value()) return std::nullopt;
  return parsed->as_decimal();
}

std::optional<bool> to_boolean(const Value& value) {
  if (value.kind() == Kind::boolean) return value.boolean();
  if (value.kind() != Kind::string) return std::nullopt;
  const std::string text = value.string();
  if (equals_ignoring_case(text, "true")) return true;
  if (equals_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::string> to_string(const Value& value, SqlVersion version) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::null:
    case Kind::bytes: return std::nullopt;
    case Kind::string: return value.string();
    default: break;
  }
  std::string out;
  append_compact_json(value, version, out);
  return out;
}

std::optional<Number> to_int(const Value& value, SqlVersion version) {
  const auto number = to_number(value, version);
  if (!number.has_value()) return std::nullopt;
  return number->rounded(value.kind() == Kind::string ? Number::Rounding::toward_zero : Number::Rounding::half_away);
}

std::optional<bool> equals(const Value& a, const Value& b, SqlVersion version) {
  if (a.is_undefined() || b.is_undefined()) return std::nullopt;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::undefined: return std::nullopt;
    case Kind::null: return true;
    case Kind::boolean: return a.boolean() == b.boolean();
    case Kind::bytes: return a.bytes() == b.bytes();
    case Kind::string: return a.string() == b.string();
    case Kind::number: {
      const auto x = a.number(version);
      const auto y = b.number(version);
      if (!x.has_value() || !y.has_value()) return std::nullopt;
      return compare(*x, *y) == 0;
    }
    case Kind::array:
      return std::ranges::equal(a.elements(), b.elements(), [&](const Value& x, const Value& y) {
        return equals(x, y, version).value_or(x.is_undefined() && y.is_undefined());
      });
    case Kind::object: {
      const Object left = a.members();
      const Object right = b.members();
      std::unordered_map<std::string_view, const Value*> by_name;
      for (const auto& [name, value] : right) by_name.emplace(name, &value);
      return left.size() == right.size() && std::ranges::all_of(left, [&](const Member& member) {
               const auto other = by_name.find(member.first);
               return other != by_name.end() && equals(member.second, *other->second, version).value_or(false);
             });
    }
  }
  std::unreachable();
}

void append_json(const Value& value, SqlVersion version, std::string& out) { append_value(value, version, false, out); }

void append_compact_json(const Value& value, SqlVersion version, std::string& out) {
  append_value(value, version, true, out);
}

}  // namespace penstock::rules
