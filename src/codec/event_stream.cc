#include "codec/event_stream.h"

#include "codec/crc32.h"
#include "codec/scalar_text.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kValueBytesMax = 32767;

void append_big_endian(std::uint64_t value, int width, std::string& out) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFU);
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

std::unexpected<DecodeError> bad(std::string_view why) { return decode_fail("bad event stream: " + std::string(why)); }

/// Bytes of a value whose type has one length; nullopt for those that say their length.
std::optional<std::size_t> width_of(EventHeaderType type) {
  switch (type) {
    case EventHeaderType::yes:
    case EventHeaderType::no: return 0;
    case EventHeaderType::int8: return 1;
    case EventHeaderType::int16: return 2;
    case EventHeaderType::int32: return 4;
    case EventHeaderType::int64:
    case EventHeaderType::timestamp: return 8;
    case EventHeaderType::uuid: return 16;
    case EventHeaderType::bytes:
    case EventHeaderType::string: break;
  }
  return std::nullopt;
}

Decoded<std::string_view> take(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) return bad("a header is cut off");
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

Decoded<std::vector<EventHeader>> read_headers(std::string_view bytes) {
  std::vector<EventHeader> headers;
  while (!bytes.empty()) {
    EventHeader& header = headers.emplace_back();
    PENSTOCK_TRY(const std::string_view name_size, take(bytes, 1));
    if (big_endian(name_size) == 0) return bad("a header without a name");
    PENSTOCK_TRY(header.name, take(bytes, big_endian(name_size)));
    PENSTOCK_TRY(const std::string_view type, take(bytes, 1));
    if (big_endian(type) > static_cast<std::uint32_t>(EventHeaderType::uuid)) return bad("an unknown header type");
    header.type = static_cast<EventHeaderType>(type[0]);
    auto width = width_of(header.type);
    if (!width) {
      PENSTOCK_TRY(const std::string_view value_size, take(bytes, 2));
      width = big_endian(value_size);
    }
    PENSTOCK_TRY(header.value, take(bytes, *width));
  }
  return headers;
}

}  // namespace

std::string_view EventMessage::find(std::string_view name) const {
  for (const EventHeader& header : headers) {
    if (header.name == name && header.type == EventHeaderType::string) return header.value;
  }
  return {};
}

void append_event_message(std::span<const EventHeaderText> headers, std::string_view payload, std::string& out) {
  std::size_t headers_size = 0;
  for (const auto& [name, value] : headers) {
    PENSTOCK_ASSERT(!name.empty() && name.size() <= kNameBytesMax && value.size() <= kValueBytesMax);
    headers_size += 1 + name.size() + 1 + 2 + value.size();
  }
  PENSTOCK_ASSERT(headers_size <= kEventHeadersBytesMax && payload.size() <= kEventPayloadBytesMax);
  const std::size_t start = out.size();
  const std::size_t total = kEventOverheadBytes + headers_size + payload.size();
  out.reserve(start + total);
  append_big_endian(total, 4, out);
  append_big_endian(headers_size, 4, out);
  append_big_endian(crc32(std::string_view(out).substr(start)), 4, out);
  for (const auto& [name, value] : headers) {
    append_big_endian(name.size(), 1, out);
    out += name;
    append_big_endian(static_cast<std::uint64_t>(EventHeaderType::string), 1, out);
    append_big_endian(value.size(), 2, out);
    out += value;
  }
  out += payload;
  append_big_endian(crc32(std::string_view(out).substr(start)), 4, out);
}

void EventStreamReader::append(std::string_view bytes) {
  buffer_.erase(0, taken_);
  taken_ = 0;
  buffer_ += bytes;
}

Decoded<std::optional<EventMessage>> EventStreamReader::next() {
  const std::string_view bytes = std::string_view(buffer_).substr(taken_);
  if (bytes.size() < kPreludeBytes) return std::nullopt;
  const std::size_t total = big_endian(bytes.substr(0, 4));
  const std::size_t headers_size = big_endian(bytes.substr(4, 4));
  if (crc32(bytes.substr(0, 8)) != big_endian(bytes.substr(8, 4))) return bad("a wrong checksum of a prelude");
  if (total < kEventOverheadBytes + headers_size || headers_size > kEventHeadersBytesMax ||
      total - kEventOverheadBytes - headers_size > kEventPayloadBytesMax) {
    return bad("lengths out of bounds");
  }
  if (bytes.size() < total) return std::nullopt;
  const std::size_t crc_at = total - kCrcBytes;
  if (crc32(bytes.substr(0, crc_at)) != big_endian(bytes.substr(crc_at, kCrcBytes))) {
    return bad("a wrong checksum of a message");
  }
  EventMessage message;
  PENSTOCK_TRY(message.headers, read_headers(bytes.substr(kPreludeBytes, headers_size)));
  const std::size_t payload_at = kPreludeBytes + headers_size;
  message.payload = bytes.substr(payload_at, crc_at - payload_at);
  taken_ += total;
  return message;
}

}  // namespace penstock::codec
