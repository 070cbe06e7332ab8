#pragma once
/// The fixed header: cuts a byte stream into control packets (specification 2.2). The same for every version. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.h"
#include "mqtt/packet/packets.h"

namespace penstock::mqtt::packet {

/// The largest payload AWS IoT takes (AWS General Reference, "AWS IoT Core endpoints and quotas").
inline constexpr std::size_t kPayloadBytesMax = 128 * 1024;
/// A remaining length that may ever be right: the payload, and room for a topic, an id and what CONNECT adds (client
/// id, user name, password, Will topic).
inline constexpr std::size_t kRemainingLengthMax = kPayloadBytesMax + 8 * 1024;
inline constexpr std::size_t kFixedHeaderBytesMax = 5;

struct Frame {
  Type type{};
  std::uint8_t flags = 0;   ///< the low four bits, already checked for every type but PUBLISH (MQTT-2.2.2-2)
  std::string_view body{};  ///< the variable header and payload
  std::size_t size = 0;     ///< of the whole packet
};

/// The first packet of `in`; nullopt while it is not all there.
/// Errors: invalid (a reserved type or reserved flags, a malformed or too large remaining length). Wrong packets are
///         seen as early as their first bytes, so that nobody waits for a packet that will be refused.
[[nodiscard]] Result<std::optional<Frame>> cut_frame(std::string_view in,
                                                     std::size_t remaining_length_max = kRemainingLengthMax);

/// Bytes that the packet at the start of `in` needs in all, as far as `in` tells: at least in.size() + 1 when
/// incomplete.
[[nodiscard]] std::size_t frame_bytes_wanted(std::string_view in);

}  // namespace penstock::mqtt::packet
