#include <fmt/format.h>

#include <algorithm>

#include "codec/codec.h"
#include "codec/json_decode.h"
#include "codec/json_encode.h"
#include "codec/path.h"
#include "codec/scalar_text.h"
#include "codec/utf8.h"
#include "core/result.h"

/// Source: Smithy specification, "AWS restJson1 protocol" and "HTTP binding traits".
namespace penstock::codec {
namespace {

std::string_view location_of(const Field& field) {
  return field.rules.location.empty() ? field.name : field.rules.location;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

/// A member that was given as text. False when `text` is null.
Decoded<bool> read_text(const std::string* text, const Field& field, void* out) {
  if (text == nullptr) return false;
  if (!is_scalar(field.type->kind)) fatal("only scalars travel in paths and headers", __FILE__, __LINE__);
  if (!is_utf8(*text)) return decode_fail(fmt::format("{} is not valid UTF-8", location_of(field)));
  PENSTOCK_TRY_VOID(decode_scalar_text(*text, field.type->kind, field.type->emplace(field.of(out))));
  return true;
}

template <class Values>
const std::string* find(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

Decoded<bool> read_query(const QueryValues& query, const Field& field, void* out) {
  const Type& type = *field.type;
  const auto [first, last] = query.equal_range(location_of(field));
  if (first == last) return false;
  if (type.kind != Kind::list) return read_text(&std::prev(last)->second, field, out);
  void* list = type.emplace(field.of(out));
  for (auto it = first; it != last; ++it) {
    if (!is_utf8(it->second)) return decode_fail(fmt::format("{} is not valid UTF-8", location_of(field)));
    PENSTOCK_TRY_VOID(decode_scalar_text(it->second, type.element->kind, type.element->emplace(type.append(list))));
  }
  return true;
}

/// The member that is the whole body.
Decoded<bool> read_payload(std::string_view body, const Field& field, void* out, MissingMembers& missing) {
  if (body.empty()) return false;
  const Type& type = *field.type;
  void* slot = type.emplace(field.of(out));
  switch (type.kind) {
    case Kind::blob: static_cast<Blob*>(slot)->bytes = body; return true;
    case Kind::string:
      if (!is_utf8(body)) return decode_fail("the body is not valid UTF-8");
      *static_cast<std::string*>(slot) = body;
      return true;
    default: {
      const Path here{nullptr, Path::Step::member, field.name};
      PENSTOCK_TRY_VOID(decode_json_value(body, type, slot, &here, missing));
      return true;
    }
  }
}

Decoded<bool> read_bound(const RestRequest& request, const Field& field, void* out, MissingMembers& missing) {
  switch (field.rules.place) {
    case Place::path: return read_text(find(request.path, location_of(field)), field, out);
    case Place::query: return read_query(request.query, field, out);
    case Place::header: return read_text(find(request.headers, lower_case(location_of(field))), field, out);
    case Place::payload: return read_payload(request.body, field, out, missing);
    case Place::body: break;
  }
  return false;
}

bool has_place(const Shape& shape, Place place) {
  return std::any_of(shape.fields().begin(), shape.fields().end(),
                     [place](const Field& field) { return field.rules.place == place; });
}

void add_missing(const Field& field, MissingMembers& missing) {
  const Path here{nullptr, Path::Step::member, field.name};
  if (missing.size() < kViolationsMax) missing.push_back(path_text(&here));
}

void append_payload(const Type& type, const void* member, std::string& out) {
  switch (type.kind) {
    case Kind::blob: out = static_cast<const Blob*>(member)->bytes; return;
    case Kind::string: out = *static_cast<const std::string*>(member); return;
    default: append_json_value(type, member, out); return;
  }
}

}  // namespace

Decoded<> decode_rest(const RestRequest& request, const Shape& shape, void* out) {
  MissingMembers missing;
  // An empty body holds no members; an answer about a malformed one comes first, as it would from AWS.
  if (has_place(shape, Place::body)) {
    const std::string_view body = request.body.empty() ? std::string_view("{}") : request.body;
    PENSTOCK_TRY_VOID(decode_json_members(body, shape, Place::body, out, missing));
  }
  for (const Field& field : shape.fields()) {
    if (field.rules.place == Place::body) continue;
    PENSTOCK_TRY(const bool present, read_bound(request, field, out, missing));
    if (!present && field.rules.required && !field.is_optional) add_missing(field, missing);
  }
  if (missing.empty()) return {};
  return std::unexpected(DecodeError{validate_with_missing(shape, out, missing), true});
}

RestResponse encode_rest(const Shape& shape, const void* value) {
  RestResponse out;
  for (const Field& field : shape.fields()) {
    const void* member = field.type->get(field.of(value));
    if (member == nullptr) continue;
    if (field.rules.place == Place::header) {
      std::string text;
      append_scalar_text(field.type->kind, member, TimestampStyle::http_date, text);
      out.headers.emplace_back(location_of(field), std::move(text));
    }
    if (field.rules.place == Place::payload) append_payload(*field.type, member, out.body);
  }
  if (has_place(shape, Place::body)) append_json_members(shape, value, Place::body, out.body);
  return out;
}

}  // namespace penstock::codec
