#include "mqtt/packet/utf8.h"
#include "mqtt/packet/v3.h"

namespace penstock::mqtt::packet::v3 {
namespace {

std::unexpected<Error> malformed(const char* what) { return fail(ErrorKind::invalid, what); }

/// Takes fields off the front of a body. Once a field is missing, every later one is too.
class Reader {
 public:
  explicit Reader(std::string_view body) : rest_(body) {}

  std::uint8_t u8() {
    if (!have(1)) return 0;
    const auto value = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return value;
  }
  std::uint16_t u16() {
    if (!have(2)) return 0;
    const auto value =
        static_cast<std::uint16_t>((static_cast<unsigned char>(rest_[0]) << 8) | static_cast<unsigned char>(rest_[1]));
    rest_.remove_prefix(2);
    return value;
  }
  /// Two bytes of length, then as many bytes (specification 1.5.3, and binary fields alike).
  std::string_view bytes() {
    const std::size_t size = u16();
    if (!have(size)) return {};
    const auto value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  std::string_view text() {
    const auto value = bytes();
    if (!is_mqtt_utf8(value)) good_ = false;
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  bool have(std::size_t size) {
    if (good_ && rest_.size() >= size) return true;
    good_ = false;
    rest_ = {};
    return false;
  }
  std::string_view rest_;
  bool good_ = true;
};

struct ConnectFlags {
  explicit ConnectFlags(std::uint8_t bits)
      : reserved((bits & 0x01) != 0),
        clean_session((bits & 0x02) != 0),
        will((bits & 0x04) != 0),
        will_qos((bits >> 3) & 0x03),
        will_retain((bits & 0x20) != 0),
        password((bits & 0x40) != 0),
        username((bits & 0x80) != 0) {}
  /// MQTT-3.1.2-3, -11, -13, -14, -15, -22.
  [[nodiscard]] bool right() const {
    const bool will_right = will ? will_qos <= 2 : will_qos == 0 && !will_retain;
    return !reserved && will_right && (username || !password);
  }
  bool reserved, clean_session, will;
  std::uint8_t will_qos;
  bool will_retain, password, username;
};

}  // namespace

Result<Connect> decode_connect(const Frame& frame) {
  Reader in(frame.body);
  const auto protocol_name = in.text();
  Connect out;
  out.protocol_level = in.u8();
  // "MQIsdp" is MQTT 3.1: an older protocol, to be refused politely.
  if (!in.good() || (protocol_name != "MQTT" && protocol_name != "MQIsdp")) return malformed("not the MQTT protocol");
  if (protocol_name == "MQTT" && out.protocol_level != kProtocolLevel311) return out;
  if (protocol_name != "MQTT") {
    out.protocol_level = 3;
    return out;
  }
  const ConnectFlags flags(in.u8());
  if (!flags.right()) return malformed("CONNECT with wrong flags");
  out.clean_session = flags.clean_session;
  out.keep_alive_s = in.u16();
  out.client_id = in.text();
  if (flags.will) {
    out.will.emplace(Will{.topic = std::string(in.text()),
                          .payload = std::string(in.bytes()),
                          .qos = flags.will_qos,
                          .retain = flags.will_retain});
  }
  if (flags.username) out.username.emplace(in.text());
  if (flags.password) out.password.emplace(in.bytes());
  if (!in.done()) return malformed("malformed CONNECT");
  return out;
}

Result<Connack> decode_connack(const Frame& frame) {
  Reader in(frame.body);
  const auto flags = in.u8();
  const auto code = in.u8();
  if (!in.done() || flags > 1 || code > 5) return malformed("malformed CONNACK");
  return Connack{.session_present = flags == 1, .code = static_cast<ConnectCode>(code)};
}

Result<PublishView> decode_publish(const Frame& frame) {
  PublishView out{.qos = static_cast<std::uint8_t>((frame.flags >> 1) & 0x03),
                  .retain = (frame.flags & 0x01) != 0,
                  .duplicate = (frame.flags & 0x08) != 0};
  if (out.qos == 3) return malformed("PUBLISH with QoS 3");                           // MQTT-3.3.1-4
  if (out.qos == 0 && out.duplicate) return malformed("PUBLISH with DUP and QoS 0");  // MQTT-3.3.1-2
  Reader in(frame.body);
  out.topic = in.text();
  if (out.qos > 0) {
    out.id = in.u16();
    if (in.good() && out.id == 0) return malformed("packet identifier 0");  // MQTT-2.3.1-1
  }
  if (!in.good()) return malformed("malformed PUBLISH");
  out.payload = in.rest();
  return out;
}

Result<PacketId> decode_id_only(const Frame& frame) {
  Reader in(frame.body);
  const auto id = in.u16();
  if (!in.done() || id == 0) return malformed("malformed acknowledgement");
  return id;
}

Result<Subscribe> decode_subscribe(const Frame& frame) {
  Reader in(frame.body);
  Subscribe out{.id = in.u16(), .subscriptions = {}};
  if (!in.good() || out.id == 0 || in.rest().empty()) return malformed("malformed SUBSCRIBE");  // MQTT-3.8.3-3
  while (!in.rest().empty()) {
    const auto filter = in.text();
    const auto qos = in.u8();
    if (!in.good() || qos > 2) return malformed("malformed SUBSCRIBE");  // MQTT-3.8.3-4
    out.subscriptions.push_back({std::string(filter), qos});
  }
  return out;
}

Result<Suback> decode_suback(const Frame& frame) {
  Reader in(frame.body);
  Suback out{.id = in.u16(), .codes = {}};
  if (!in.good() || out.id == 0 || in.rest().empty()) return malformed("malformed SUBACK");
  for (const char c : in.rest()) {
    const auto code = static_cast<std::uint8_t>(c);
    if (code > 2 && code != kSubscriptionRefused) return malformed("malformed SUBACK");
    out.codes.push_back(code);
  }
  return out;
}

Result<Unsubscribe> decode_unsubscribe(const Frame& frame) {
  Reader in(frame.body);
  Unsubscribe out{.id = in.u16(), .filters = {}};
  if (!in.good() || out.id == 0 || in.rest().empty()) return malformed("malformed UNSUBSCRIBE");  // MQTT-3.10.3-2
  while (!in.rest().empty()) {
    out.filters.emplace_back(in.text());
    if (!in.good()) return malformed("malformed UNSUBSCRIBE");
  }
  return out;
}

Result<void> decode_empty(const Frame& frame) {
  if (!frame.body.empty()) return malformed("packet with a body where there is none");
  return {};
}

}  // namespace penstock::mqtt::packet::v3
