#include "mqtt/packet/v3.h"

namespace penstock::mqtt::packet::v3 {
namespace {

void append_u8(std::string& out, unsigned value) { out.push_back(static_cast<char>(value)); }

void append_u16(std::string& out, std::size_t value) {
  append_u8(out, static_cast<unsigned>(value >> 8) & 0xff);
  append_u8(out, static_cast<unsigned>(value) & 0xff);
}

void append_bytes(std::string& out, std::string_view bytes) {
  PENSTOCK_ASSERT(bytes.size() <= 65'535);
  append_u16(out, bytes.size());
  out.append(bytes);
}

void append_header(std::string& out, Type type, unsigned flags, std::size_t remaining_length) {
  PENSTOCK_ASSERT(remaining_length <= 268'435'455);
  append_u8(out, static_cast<unsigned>(type) << 4 | flags);
  do {
    const auto low = static_cast<unsigned>(remaining_length & 0x7f);
    remaining_length >>= 7;
    append_u8(out, remaining_length > 0 ? low | 0x80 : low);
  } while (remaining_length > 0);
}

void append_id_only(std::string& out, Type type, PacketId id) {
  append_header(out, type, 0, 2);
  append_u16(out, id);
}

}  // namespace

void append_connect(std::string& out, const Connect& packet) {
  std::size_t size = 10 + 2 + packet.client_id.size();
  unsigned flags = packet.clean_session ? 0x02 : 0;
  if (packet.will) {
    size += 4 + packet.will->topic.size() + packet.will->payload.size();
    flags |= 0x04U | static_cast<unsigned>(packet.will->qos) << 3 | (packet.will->retain ? 0x20U : 0U);
  }
  if (packet.username) size += 2 + packet.username->size();
  if (packet.username) flags |= 0x80;
  if (packet.password) size += 2 + packet.password->size();
  if (packet.password) flags |= 0x40;
  append_header(out, Type::connect, 0, size);
  append_bytes(out, "MQTT");
  append_u8(out, packet.protocol_level);
  append_u8(out, flags);
  append_u16(out, packet.keep_alive_s);
  append_bytes(out, packet.client_id);
  if (packet.will) {
    append_bytes(out, packet.will->topic);
    append_bytes(out, packet.will->payload);
  }
  if (packet.username) append_bytes(out, *packet.username);
  if (packet.password) append_bytes(out, *packet.password);
}

void append_connack(std::string& out, const Connack& packet) {
  append_header(out, Type::connack, 0, 2);
  append_u8(out, packet.session_present ? 1 : 0);
  append_u8(out, static_cast<unsigned>(packet.code));
}

void append_publish(std::string& out, const PublishView& packet) {
  const std::size_t size = 2 + packet.topic.size() + (packet.qos > 0 ? 2 : 0) + packet.payload.size();
  const unsigned flags =
      (packet.duplicate ? 0x08U : 0U) | static_cast<unsigned>(packet.qos) << 1 | (packet.retain ? 0x01U : 0U);
  append_header(out, Type::publish, flags, size);
  append_bytes(out, packet.topic);
  if (packet.qos > 0) append_u16(out, packet.id);
  out.append(packet.payload);
}

void append_puback(std::string& out, PacketId id) { append_id_only(out, Type::puback, id); }

void append_subscribe(std::string& out, const Subscribe& packet) {
  std::size_t size = 2;
  for (const auto& subscription : packet.subscriptions) size += 3 + subscription.filter.size();
  append_header(out, Type::subscribe, 0x02, size);
  append_u16(out, packet.id);
  for (const auto& subscription : packet.subscriptions) {
    append_bytes(out, subscription.filter);
    append_u8(out, subscription.qos);
  }
}

void append_suback(std::string& out, const Suback& packet) {
  append_header(out, Type::suback, 0, 2 + packet.codes.size());
  append_u16(out, packet.id);
  for (const auto code : packet.codes) append_u8(out, code);
}

void append_unsubscribe(std::string& out, const Unsubscribe& packet) {
  std::size_t size = 2;
  for (const auto& filter : packet.filters) size += 2 + filter.size();
  append_header(out, Type::unsubscribe, 0x02, size);
  append_u16(out, packet.id);
  for (const auto& filter : packet.filters) append_bytes(out, filter);
}

void append_unsuback(std::string& out, PacketId id) { append_id_only(out, Type::unsuback, id); }
void append_pingreq(std::string& out) { append_header(out, Type::pingreq, 0, 0); }
void append_pingresp(std::string& out) { append_header(out, Type::pingresp, 0, 0); }
void append_disconnect(std::string& out) { append_header(out, Type::disconnect, 0, 0); }

}  // namespace penstock::mqtt::packet::v3
