#pragma once
/// What waits for one client and what it has not acknowledged: QoS 0 and 1 delivery (specification 4.3, 4.4). It
/// outlives connections when the session is persistent. Pure.
///
/// Order:   messages go out in the order offered; after a reconnect the unacknowledged ones come first, with DUP, in
///          their first order and under their old ids (MQTT-4.4.0-1, MQTT-4.6.0-1).
/// Threads: one at a time.
/// Bounds:  Limits::outbound_*; what does not fit is refused by offer().

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "mqtt/hooks.h"
#include "mqtt/packet/packets.h"
#include "mqtt/session/limits.h"

namespace penstock::mqtt::session {

class Outbox {
 public:
  explicit Outbox(const Limits& limits) : limits_(limits) {}

  /// False: no room, the message is dropped. `qos` is what the subscription allows; the publisher's caps it.
  /// `retained`: sent because of a new subscription (MQTT-3.3.1-8).
  bool offer(MessagePtr message, std::uint8_t qos, bool retained = false);

  /// Appends PUBLISH packets to `out` until it has `out_bytes_max`, the in-flight window is full, or nothing waits.
  /// `may_receive` is asked just before a message is first sent; what it denies is dropped silently.
  /// Returns how many messages went out for the first time.
  std::size_t pump(std::string& out, std::size_t out_bytes_max, const std::function<bool(const Message&)>& may_receive);

  /// False when no such message is in flight (ignored: it may be an acknowledgement from before a reconnect).
  bool acknowledge(packet::PacketId id);

  /// The connection ended and the session goes on: QoS 0 messages are gone, unacknowledged ones will be sent again.
  void interrupted();

  /// Forgets everything.
  void clear();

  /// Whether pump() could send something.
  [[nodiscard]] bool ready() const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }

 private:
  struct Waiting {
    MessagePtr message;
    std::uint8_t qos;
    bool retained;
  };
  struct InFlight {
    packet::PacketId id;
    bool send_again;
    Waiting what;
  };

  packet::PacketId take_id();
  void append(std::string& out, const Waiting& what, packet::PacketId id, bool duplicate) const;

  const Limits& limits_;
  std::deque<Waiting> waiting_;     // bounded by outbound_waiting_max and outbound_waiting_bytes_max
  std::deque<InFlight> in_flight_;  // bounded by outbound_in_flight_max
  std::size_t waiting_bytes_ = 0;
  std::size_t send_again_ = 0;  // how many of in_flight_
  packet::PacketId last_id_ = 0;
};

}  // namespace penstock::mqtt::session
