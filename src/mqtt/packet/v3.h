#pragma once
/// Bodies of MQTT 3.1.1 packets: decode and encode. Pure; decoding allocates nothing but what it returns.
/// (MQTT 5 will be v5.h: the same framing and structs, with properties and reason codes.)
/// Errors: invalid, with a few words that say what is wrong; never with the packet's contents.

#include <string>
#include <string_view>

#include "core/result.h"
#include "mqtt/packet/frame.h"
#include "mqtt/packet/packets.h"

namespace penstock::mqtt::packet::v3 {

/// For an unknown protocol level only that level is read; it must be answered with
/// ConnectCode::unacceptable_protocol_version (MQTT-3.1.2-2).
[[nodiscard]] Result<Connect> decode_connect(const Frame& frame);
[[nodiscard]] Result<Connack> decode_connack(const Frame& frame);
[[nodiscard]] Result<PublishView> decode_publish(const Frame& frame);
/// PUBACK, UNSUBACK, PUBREC, PUBREL, PUBCOMP: an id and nothing else.
[[nodiscard]] Result<PacketId> decode_id_only(const Frame& frame);
[[nodiscard]] Result<Subscribe> decode_subscribe(const Frame& frame);
[[nodiscard]] Result<Suback> decode_suback(const Frame& frame);
[[nodiscard]] Result<Unsubscribe> decode_unsubscribe(const Frame& frame);
/// PINGREQ, PINGRESP, DISCONNECT.
[[nodiscard]] Result<void> decode_empty(const Frame& frame);

// Encoders append to `out`. Strings must be at most 65,535 bytes and a whole packet at most 268,435,455.
void append_connect(std::string& out, const Connect& packet);
void append_connack(std::string& out, const Connack& packet);
void append_publish(std::string& out, const PublishView& packet);
void append_puback(std::string& out, PacketId id);
void append_subscribe(std::string& out, const Subscribe& packet);
void append_suback(std::string& out, const Suback& packet);
void append_unsubscribe(std::string& out, const Unsubscribe& packet);
void append_unsuback(std::string& out, PacketId id);
void append_pingreq(std::string& out);
void append_pingresp(std::string& out);
void append_disconnect(std::string& out);

}  // namespace penstock::mqtt::packet::v3
