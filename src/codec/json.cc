#include "codec/json.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "codec/json_text.h"

namespace penstock::codec {
namespace {

namespace json = boost::json;

/// Builds the value from the events of Boost.JSON's parser, except that numbers with a fraction or exponent are read by
/// std::from_chars: Boost.JSON 1.81 rounds some of them wrongly by one unit, and a measurement must not change.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Text = json::string_view;
  using Code = json::error_code;

  json::value_stack stack;

  static bool on_document_begin(Code&) { return true; }
  static bool on_document_end(Code&) { return true; }
  static bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t count, Code&) { return stack.push_object(count), true; }
  static bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t count, Code&) { return stack.push_array(count), true; }
  bool on_key_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Code&) { return stack.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Code&) { return stack.push_string(text), true; }
  static bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t value, Text, Code&) { return stack.push_int64(value), true; }
  bool on_uint64(std::uint64_t value, Text, Code&) { return stack.push_uint64(value), true; }
  bool on_double(double rough, Text text, Code& code) {
    double exact = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), exact).ec != std::errc{}) {
      // Beyond the range of doubles: too small is zero; too large is no number that RFC 8259 readers agree on.
      if (std::abs(rough) > 1) {
        code = json::error::exponent_overflow;
        return false;
      }
      exact = 0;
    }
    return stack.push_double(exact), true;
  }
  bool on_bool(bool value, Code&) { return stack.push_bool(value), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  static bool on_comment_part(Text, Code&) { return true; }
  static bool on_comment(Text, Code&) { return true; }
};

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
  try {
    json::basic_parser<Builder> parser(options);
    parser.handler().stack.reset();
    json::error_code code;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
    if (!code && used < text.size()) code = json::error::extra_data;
    if (code) return fail(ErrorKind::invalid, "not a JSON document: " + code.message());
    return parser.handler().stack.release();
  } catch (const std::exception&) {  // out of memory, or a size beyond Boost.JSON's own bounds
    return fail(ErrorKind::invalid, "the JSON document is too large");
  }
}

std::string serialize(const boost::json::value& value) {
  std::string out;
  append(value, out);
  return out;
}

}  // namespace penstock::codec
