#pragma once
/// The server's side of one connection as a pure state machine: bytes and decisions in, Effects out. It holds to the
/// protocol (order of packets, reserved bits, limits), keeps the window of unsettled PUBLISHes and the keep-alive. It
/// knows no socket, no subscription and no policy.
///
/// Order:   PUBACKs leave in the order of their PUBLISHes (MQTT-4.6.0-2), whatever the order of settled() calls.
/// Threads: one at a time (its connection's loop).
/// Bounds:  session::Limits; a packet of packet::kRemainingLengthMax.

#include <chrono>
#include <deque>
#include <string_view>

#include "core/clock.h"
#include "mqtt/packet/frame.h"
#include "mqtt/session/effects.h"
#include "mqtt/session/limits.h"

namespace penstock::mqtt::session {

class Channel {
 public:
  Channel(const Limits& limits, SteadyTime now) : limits_(limits), last_heard_(now) {}
  ~Channel() { limits_.memory->inbound -= open_bytes_; }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Takes whole packets off the front of `in` and returns how many bytes it took. It stops at an incomplete packet, at
  /// a CONNECT that waits for its decision, when the window is full, and at the end of the connection.
  std::size_t on_bytes(std::string_view in, SteadyTime now, Effects& out);

  void accepted(bool session_present, SteadyTime now, Effects& out);
  void refused(packet::ConnectCode code, Effects& out);

  /// The outcome of an Incoming, once each. A failed QoS 1 message closes the connection.
  void settled(const Ticket& ticket, bool stored, Effects& out);

  void subscribed(const packet::Suback& answer, Effects& out);
  void unsubscribed(packet::PacketId id, Effects& out);

  /// To be called about every second. `reading` tells whether the client was being listened to: time in which we did
  /// not read does not count against it.
  void on_tick(SteadyTime now, bool reading, Effects& out);

  /// Ends the connection for a reason that came from elsewhere.
  void end(CloseReason reason, std::string detail, Effects& out);

  [[nodiscard]] bool connected() const { return state_ == State::connected; }
  [[nodiscard]] bool has_room() const {
    return open_count_ < limits_.inbound_in_flight_max && open_bytes_ < limits_.inbound_in_flight_bytes_max &&
           limits_.memory->inbound < limits_.all_inbound_bytes_max;
  }
  /// PUBLISHes that are not settled.
  [[nodiscard]] std::size_t open_count() const { return open_count_; }
  /// Packets decoded so far.
  [[nodiscard]] std::uint64_t packets() const { return packets_; }

 private:
  enum class State : std::uint8_t { waiting_for_connect, deciding, connected, closed };
  struct Unacknowledged {
    packet::PacketId id;
    bool settled;
  };

  void on_frame(const packet::Frame& frame, Effects& out);
  void on_connect(const packet::Frame& frame, Effects& out);
  void on_publish(const packet::Frame& frame, Effects& out);
  void on_subscribe(const packet::Frame& frame, Effects& out);
  void on_unsubscribe(const packet::Frame& frame, Effects& out);

  const Limits& limits_;
  State state_ = State::waiting_for_connect;
  SteadyTime last_heard_;
  std::chrono::seconds keep_alive_{0};
  std::deque<Unacknowledged> unacknowledged_;  // QoS 1, in order of arrival; bounded by inbound_in_flight_max
  std::uint64_t first_number_ = 0;             // of unacknowledged_.front()
  std::size_t open_count_ = 0;
  std::size_t open_bytes_ = 0;
  std::uint64_t packets_ = 0;
};

}  // namespace penstock::mqtt::session
