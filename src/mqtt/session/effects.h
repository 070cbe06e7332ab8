#pragma once
/// What a Channel wants done: values, so that protocol tests need no network.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/hooks.h"
#include "mqtt/packet/packets.h"

namespace penstock::mqtt::session {

enum class CloseReason : std::uint8_t {
  client_disconnect,  ///< DISCONNECT: the only end that discards the Will (MQTT-3.14.4-3)
  connection_lost,
  refused,  ///< CONNECT was answered with a code other than 0
  protocol_error,
  limit,          ///< something AWS IoT closes the connection for: QoS 2, topic too long, too many subscriptions
  not_permitted,  ///< a PUBLISH that the policy denies
  keep_alive,
  connect_timeout,
  taken_over,     ///< another connection came with the same client id (MQTT-3.1.4-2)
  not_stored,     ///< the message could not be made durable: not acknowledged, the device sends again
  slow_consumer,  ///< does not read what is sent to it
  shutdown,
};
[[nodiscard]] std::string_view to_string(CloseReason reason);

struct Close {
  CloseReason reason;
  std::string detail;  ///< for the log; never contents
};

/// Names a taken PUBLISH until it is settled.
struct Ticket {
  std::uint64_t number = 0;
  std::uint8_t qos = 0;
  std::uint32_t bytes = 0;
};

struct Incoming {
  Ticket ticket;
  std::shared_ptr<Message> message;  ///< topic, payload, qos and retain are set
};

/// Reused from call to call; everything is appended.
struct Effects {
  std::string send;                            ///< bytes for the client
  std::optional<packet::Connect> connect;      ///< decide, then call accepted() or refused()
  std::vector<packet::PacketId> acknowledged;  ///< PUBACKs that came, in order
  std::vector<std::variant<Incoming, packet::Subscribe, packet::Unsubscribe>> requests;  ///< in order
  std::optional<Close> close;  ///< after `send` and `requests`

  void clear() {
    send.clear();
    connect.reset();
    acknowledged.clear();
    requests.clear();
    close.reset();
  }
};

}  // namespace penstock::mqtt::session
