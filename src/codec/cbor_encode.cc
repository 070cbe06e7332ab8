#include <bit>
#include <cmath>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

/// The first byte of a head holds the major type in its three high bits.
enum Major : std::uint8_t {
  kUnsigned = 0x00,
  kNegative = 0x20,
  kBytes = 0x40,
  kText = 0x60,
  kArray = 0x80,
  kMap = 0xA0,
  kTag = 0xC0
};
constexpr char kFalse = '\xF4';
constexpr char kTrue = '\xF5';
constexpr char kNull = '\xF6';
constexpr char kDouble = '\xFB';

void append_big_endian(std::uint64_t value, int width, std::string& out) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFU);
}

void append_head(Major major, std::uint64_t argument, std::string& out) {
  const auto first = [&](unsigned info) { out += static_cast<char>(static_cast<unsigned>(major) | info); };
  if (argument < 24) {
    first(static_cast<unsigned>(argument));
    return;
  }
  const int power = argument <= 0xFF ? 0 : argument <= 0xFFFF ? 1 : argument <= 0xFFFF'FFFF ? 2 : 3;
  first(24 + static_cast<unsigned>(power));
  append_big_endian(argument, 1 << power, out);
}

void append_value(const Type& type, const void* value, std::string& out);

void append_members(const Shape& shape, const void* value, std::string& out) {
  std::size_t present = 0;
  for (const Field& field : shape.fields()) present += field.type->get(field.of(value)) != nullptr ? 1 : 0;
  append_cbor_map(present, out);
  for (const Field& field : shape.fields()) {
    const void* member = field.type->get(field.of(value));
    if (member == nullptr) continue;
    append_cbor_text(field.name, out);
    append_value(*field.type, member, out);
  }
}

void append_value(const Type& type, const void* value, std::string& out) {
  if (value == nullptr) {  // an empty std::optional inside a list or map
    append_cbor_null(out);
    return;
  }
  switch (type.kind) {
    case Kind::boolean: append_cbor_bool(*static_cast<const bool*>(value), out); return;
    case Kind::int32: append_cbor_integer(*static_cast<const std::int32_t*>(value), out); return;
    case Kind::int64: append_cbor_integer(*static_cast<const std::int64_t*>(value), out); return;
    case Kind::float64: append_cbor_double(*static_cast<const double*>(value), out); return;
    case Kind::string: append_cbor_text(*static_cast<const std::string*>(value), out); return;
    case Kind::blob: append_cbor_bytes(static_cast<const Blob*>(value)->bytes, out); return;
    case Kind::timestamp: append_cbor_timestamp(*static_cast<const Timestamp*>(value), out); return;
    case Kind::json: append_cbor_text(static_cast<const JsonText*>(value)->text, out); return;
    case Kind::structure: append_members(type.shape(), value, out); return;
    case Kind::list: {
      const std::size_t size = type.size(value);
      append_cbor_array(size, out);
      for (std::size_t i = 0; i < size; ++i) {
        append_value(*type.element, type.element->get(type.item(value, i)), out);
      }
      return;
    }
    case Kind::map:
      append_cbor_map(type.size(value), out);
      type.each(value, [&](std::string_view key, const void* entry) {
        append_cbor_text(key, out);
        append_value(*type.element, type.element->get(entry), out);
      });
      return;
  }
}

}  // namespace

void append_cbor_map(std::size_t pairs, std::string& out) { append_head(kMap, pairs, out); }
void append_cbor_array(std::size_t items, std::string& out) { append_head(kArray, items, out); }
void append_cbor_text(std::string_view text, std::string& out) {
  append_head(kText, text.size(), out);
  out += text;
}
void append_cbor_bytes(std::string_view bytes, std::string& out) {
  append_head(kBytes, bytes.size(), out);
  out += bytes;
}
void append_cbor_integer(std::int64_t value, std::string& out) {
  // ~value is -1 - value, without overflow.
  append_head(value < 0 ? kNegative : kUnsigned, static_cast<std::uint64_t>(value < 0 ? ~value : value), out);
}
void append_cbor_bool(bool value, std::string& out) { out += value ? kTrue : kFalse; }
void append_cbor_double(double value, std::string& out) {
  out += kDouble;
  append_big_endian(std::bit_cast<std::uint64_t>(value), 8, out);
}
void append_cbor_null(std::string& out) { out += kNull; }
void append_cbor_timestamp(Timestamp time, std::string& out) {
  append_head(kTag, kCborTagEpoch, out);
  append_cbor_integer(to_unix_ms(time), out);
}

std::string encode_cbor(const Shape& shape, const void* value) {
  std::string out;
  append_members(shape, value, out);
  return out;
}

}  // namespace penstock::codec
