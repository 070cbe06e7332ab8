#include "mqtt/packet/frame.h"

#include <string>

namespace penstock::mqtt::packet {
namespace {

struct RemainingLength {
  std::size_t value = 0;
  std::size_t bytes = 0;  ///< of the field itself; 0: not all there yet
};

/// Specification 2.2.3: seven bits a byte, low first, at most four bytes. Longer encodings than needed are let through,
/// as the specification does not forbid them.
Result<RemainingLength> read_remaining_length(std::string_view in) {
  RemainingLength out;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == in.size()) return RemainingLength{};
    const auto byte = static_cast<unsigned char>(in[i]);
    out.value |= static_cast<std::size_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      out.bytes = i + 1;
      return out;
    }
  }
  return fail(ErrorKind::invalid, "malformed remaining length");
}

/// Specification table 2.2.
bool flags_are_right(Type type, std::uint8_t flags) {
  switch (type) {
    case Type::publish: return true;
    case Type::pubrel:
    case Type::subscribe:
    case Type::unsubscribe: return flags == 0x02;
    default: return flags == 0;
  }
}

}  // namespace

Result<std::optional<Frame>> cut_frame(std::string_view in, std::size_t remaining_length_max) {
  if (in.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(in[0]);
  const auto type_number = static_cast<std::uint8_t>(first >> 4);
  if (type_number == 0 || type_number == 15) return fail(ErrorKind::invalid, "reserved control packet type");
  Frame frame{.type = static_cast<Type>(type_number), .flags = static_cast<std::uint8_t>(first & 0x0f)};
  if (!flags_are_right(frame.type, frame.flags)) return fail(ErrorKind::invalid, "reserved flags are set");
  PENSTOCK_TRY(const auto length, read_remaining_length(in.substr(1)));
  if (length.bytes == 0) return std::nullopt;
  if (length.value > remaining_length_max) return fail(ErrorKind::invalid, "packet too large");
  frame.size = 1 + length.bytes + length.value;
  if (in.size() < frame.size) return std::nullopt;
  frame.body = in.substr(1 + length.bytes, length.value);
  return frame;
}

std::size_t frame_bytes_wanted(std::string_view in) {
  if (in.size() < 2) return 2;
  const auto length = read_remaining_length(in.substr(1));
  if (!length.has_value() || length->bytes == 0) return in.size() + 1;
  return 1 + length->bytes + length->value;
}

}  // namespace penstock::mqtt::packet
