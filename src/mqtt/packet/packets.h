#pragma once
/// MQTT control packets as values, the same for every protocol version. Views point into the bytes they were decoded
/// from. Names are the specification's (OASIS MQTT Version 3.1.1, "the specification" below).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::mqtt::packet {

/// Specification 2.2.1.
enum class Type : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

/// 1 to 65,535; 0 is never on the wire (MQTT-2.3.1-1) and means "none" here.
using PacketId = std::uint16_t;

inline constexpr std::uint8_t kProtocolLevel311 = 4;

/// Specification table 3.1.
enum class ConnectCode : std::uint8_t {
  accepted = 0,
  unacceptable_protocol_version = 1,
  identifier_rejected = 2,
  server_unavailable = 3,
  bad_user_name_or_password = 4,
  not_authorized = 5,
};

struct Will {
  std::string topic;
  std::string payload;
  std::uint8_t qos = 0;
  bool retain = false;
};

struct Connect {
  std::uint8_t protocol_level = kProtocolLevel311;
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;  ///< 0: none asked for
  std::string client_id;
  std::optional<Will> will;
  std::optional<std::string> username;
  std::optional<std::string> password;
};

struct Connack {
  bool session_present = false;
  ConnectCode code = ConnectCode::accepted;
};

struct PublishView {
  std::string_view topic{};
  std::string_view payload{};
  PacketId id = 0;
  std::uint8_t qos = 0;
  bool retain = false;
  bool duplicate = false;
};

struct Subscription {
  std::string filter;
  std::uint8_t qos = 0;
};

struct Subscribe {
  PacketId id = 0;
  std::vector<Subscription> subscriptions;
};

inline constexpr std::uint8_t kSubscriptionRefused = 0x80;  ///< specification 3.9.3

struct Suback {
  PacketId id = 0;
  std::vector<std::uint8_t> codes;  ///< the granted QoS or kSubscriptionRefused, one for each subscription
};

struct Unsubscribe {
  PacketId id = 0;
  std::vector<std::string> filters;
};

}  // namespace penstock::mqtt::packet
