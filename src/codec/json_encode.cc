#include <fmt/format.h>

#include "codec/codec.h"
#include "codec/json_encode.h"
#include "codec/json_text.h"
#include "codec/timestamp_text.h"
#include "core/encoding/base64.h"

namespace penstock::codec {
namespace {

void append_list(const Type& type, const void* list, std::string& out) {
  out += '[';
  const std::size_t size = type.size(list);
  for (std::size_t i = 0; i < size; ++i) {
    if (i != 0) out += ',';
    append_json_value(*type.element, type.element->get(type.item(list, i)), out);
  }
  out += ']';
}

void append_map(const Type& type, const void* map, std::string& out) {
  out += '{';
  bool first = true;
  type.each(map, [&](std::string_view key, const void* value) {
    if (!first) out += ',';
    first = false;
    append_json_string(key, out);
    out += ':';
    append_json_value(*type.element, type.element->get(value), out);
  });
  out += '}';
}

void append_base64(const std::string& bytes, std::string& out) {
  out += '"';
  base64_append(bytes, out);
  out += '"';
}

}  // namespace

void append_json_value(const Type& type, const void* value, std::string& out) {
  if (value == nullptr) {  // an empty std::optional inside a list or map
    out += "null";
    return;
  }
  switch (type.kind) {
    case Kind::boolean: out += *static_cast<const bool*>(value) ? "true" : "false"; return;
    case Kind::int32: out.append(fmt::format_int(*static_cast<const std::int32_t*>(value)).str()); return;
    case Kind::int64: out.append(fmt::format_int(*static_cast<const std::int64_t*>(value)).str()); return;
    case Kind::float64: append_json_double(*static_cast<const double*>(value), out); return;
    case Kind::string: append_json_string(*static_cast<const std::string*>(value), out); return;
    case Kind::blob: append_base64(static_cast<const Blob*>(value)->bytes, out); return;
    case Kind::timestamp: append_epoch_seconds(*static_cast<const Timestamp*>(value), out); return;
    case Kind::json: {
      const std::string& text = static_cast<const JsonText*>(value)->text;
      out += text.empty() ? std::string_view("null") : std::string_view(text);
      return;
    }
    case Kind::structure: append_json_members(type.shape(), value, std::nullopt, out); return;
    case Kind::list: append_list(type, value, out); return;
    case Kind::map: append_map(type, value, out); return;
  }
}

void append_json_members(const Shape& shape, const void* value, std::optional<Place> only, std::string& out) {
  out += '{';
  bool first = true;
  for (const Field& field : shape.fields()) {
    if (only && field.rules.place != *only) continue;
    const void* member = field.type->get(field.of(value));
    if (member == nullptr) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(field.name, out);
    out += ':';
    append_json_value(*field.type, member, out);
  }
  out += '}';
}

std::string encode_json(const Shape& shape, const void* value) {
  std::string out;
  append_json_members(shape, value, std::nullopt, out);
  return out;
}

const Shape& describe(const Empty*) {
  static const Shape shape = ShapeBuilder<Empty>("Empty").build();
  return shape;
}

}  // namespace penstock::codec
