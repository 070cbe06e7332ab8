#include "codec/json.h"

#include <array>
#include <charconv>
#include <cmath>

#include "codec/json_text.h"

namespace penstock::codec {
namespace {

namespace json = boost::json;

/// Boost.JSON reads 1e999 as infinity; RFC 8259 has no such number.
bool all_finite(const json::value& value) {
  switch (value.kind()) {
    case json::kind::double_: return std::isfinite(value.get_double());
    case json::kind::array:
      for (const json::value& item : value.get_array()) {
        if (!all_finite(item)) return false;
      }
      return true;
    case json::kind::object:
      for (const auto& member : value.get_object()) {
        if (!all_finite(member.value())) return false;
      }
      return true;
    default: return true;
  }
}

template <class Integer>
void append_integer(Integer value, std::string& out) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

/// Recursion is bounded by the depth of the value, which parse_json bounded.
void append(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: append_integer(value.get_int64(), out); return;
    case json::kind::uint64: append_integer(value.get_uint64(), out); return;
    case json::kind::double_: append_json_double(value.get_double(), out); return;
    case json::kind::string: append_json_string(value.get_string(), out); return;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const json::value& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        append(item, out);
      }
      out += ']';
      return;
    }
    case json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out += ',';
        first = false;
        append_json_string(member.key(), out);
        out += ':';
        append(member.value(), out);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<boost::json::value> parse_json(std::string_view text, int depth_max) {
  json::parse_options options;
  options.max_depth = static_cast<std::size_t>(depth_max);
  json::error_code code;
  json::value value;
  try {
    value = json::parse(text, code, json::storage_ptr{}, options);
  } catch (const std::exception&) {  // out of memory, or a size beyond Boost.JSON's own bounds
    return fail(ErrorKind::invalid, "the JSON document is too large");
  }
  if (code) return fail(ErrorKind::invalid, "not a JSON document: " + code.message());
  if (!all_finite(value)) return fail(ErrorKind::invalid, "not a JSON document: a number is out of range");
  return value;
}

std::string serialize(const boost::json::value& value) {
  std::string out;
  append(value, out);
  return out;
}

}  // namespace penstock::codec
