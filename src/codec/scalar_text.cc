#include "codec/scalar_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "codec/json_text.h"
#include "codec/timestamp_text.h"
#include "codec/utf8.h"
#include "core/encoding/base64.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

std::unexpected<DecodeError> not_a(std::string_view text, std::string_view what) {
  return decode_fail(fmt::format("'{}' can not be converted to {}", utf8_prefix(text, kEchoBytesMax), what));
}

template <class Number>
bool parse_number(std::string_view text, void* slot) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return false;
  *static_cast<Number*>(slot) = value;
  return true;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) | 0x20U) != static_cast<unsigned char>(lower[i])) return false;
  }
  return true;
}

}  // namespace

std::unexpected<DecodeError> decode_fail(std::string message) {
  return std::unexpected(DecodeError{.message = std::move(message)});
}

bool is_scalar(Kind kind) { return kind != Kind::structure && kind != Kind::list && kind != Kind::map; }

Decoded<> decode_blob_text(std::string_view text, Blob& out) {
  out.bytes.clear();
  if (base64_decode_append(text, out.bytes)) return {};
  const auto echo = utf8_prefix(text, kEchoBytesMax);
  if (text.size() % 4 != 0) {
    return decode_fail(fmt::format(
        "'{}' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: {}",
        echo, text.size()));
  }
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::size_t bad = text.find_first_not_of(kAlphabet);
  // '=' may only be the last one or two characters.
  if (bad != std::string_view::npos && text[bad] == '=' &&
      (bad + 1 == text.size() || (bad + 2 == text.size() && text[bad + 1] == '='))) {
    bad = std::string_view::npos;
  }
  if (bad != std::string_view::npos) {
    std::size_t end = bad + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    const auto character = text.substr(bad, end - bad);
    return decode_fail(
        fmt::format("'{}' can not be converted to a Blob: Invalid Base64 character: '{}'", echo, character));
  }
  return decode_fail(
      fmt::format("'{}' can not be converted to a Blob: Invalid last non-pad Base64 character dectected", echo));
}

Decoded<> decode_scalar_text(std::string_view text, Kind kind, void* slot) {
  switch (kind) {
    case Kind::boolean:
      if (equals_ignoring_case(text, "true") || equals_ignoring_case(text, "false")) {
        *static_cast<bool*>(slot) = text.size() == 4;
        return {};
      }
      return not_a(text, "a Boolean");
    case Kind::int32:
      if (parse_number<std::int32_t>(text, slot)) return {};
      return not_a(text, "an Integer");
    case Kind::int64:
      if (parse_number<std::int64_t>(text, slot)) return {};
      return not_a(text, "a Long");
    case Kind::float64:
      if (parse_number<double>(text, slot) && std::isfinite(*static_cast<double*>(slot))) return {};
      return not_a(text, "a Double");
    case Kind::string: *static_cast<std::string*>(slot) = text; return {};
    case Kind::json: static_cast<JsonText*>(slot)->text = text; return {};
    case Kind::blob: return decode_blob_text(text, *static_cast<Blob*>(slot));
    case Kind::timestamp: {
      const auto time = parse_timestamp(text);
      if (!time) return not_a(text, "milliseconds since epoch");
      *static_cast<Timestamp*>(slot) = *time;
      return {};
    }
    case Kind::structure:
    case Kind::list:
    case Kind::map: break;
  }
  fatal("not a scalar", __FILE__, __LINE__);
}

void append_scalar_text(Kind kind, const void* value, TimestampStyle style, std::string& out) {
  switch (kind) {
    case Kind::boolean: out += *static_cast<const bool*>(value) ? "true" : "false"; return;
    case Kind::int32: out.append(fmt::format_int(*static_cast<const std::int32_t*>(value)).str()); return;
    case Kind::int64: out.append(fmt::format_int(*static_cast<const std::int64_t*>(value)).str()); return;
    case Kind::float64: append_json_double(*static_cast<const double*>(value), out); return;
    case Kind::string: out += *static_cast<const std::string*>(value); return;
    case Kind::json: out += static_cast<const JsonText*>(value)->text; return;
    case Kind::blob: base64_append(static_cast<const Blob*>(value)->bytes, out); return;
    case Kind::timestamp: {
      const Timestamp time = *static_cast<const Timestamp*>(value);
      out += style == TimestampStyle::iso_8601 ? iso_8601(time) : http_date(time);
      return;
    }
    case Kind::structure:
    case Kind::list:
    case Kind::map: break;
  }
  fatal("not a scalar", __FILE__, __LINE__);
}

}  // namespace penstock::codec
