#pragma once
/// What one client may have open at a time. The numbers are AWS IoT's where it has one (AWS General Reference, "AWS IoT
/// Core endpoints and quotas"); where we are more generous the comment says so.

#include <chrono>
#include <cstddef>

namespace penstock::mqtt::session {

struct Limits {
  /// PUBLISHes taken but not settled yet; then the socket is not read (AWS: 100; here a device may pipeline more).
  std::size_t inbound_in_flight_max = 1024;
  std::size_t inbound_in_flight_bytes_max = 4 * 1024 * 1024;
  /// QoS 1 messages sent to a client that it has not acknowledged.
  std::size_t outbound_in_flight_max = 100;
  /// Messages that wait for a slow or (persistent sessions) sleeping client; further ones are dropped and counted.
  std::size_t outbound_waiting_max = 1000;
  std::size_t outbound_waiting_bytes_max = 4 * 1024 * 1024;
  std::size_t subscriptions_per_request_max = 8;
  std::size_t subscriptions_max = 50;
  std::size_t client_id_bytes_max = 128;
  /// From the connection's first byte to its CONNECT.
  std::chrono::seconds connect_timeout{10};
  /// A keep-alive of 0, or above the maximum, is the maximum; one below the minimum is the minimum.
  std::chrono::seconds keep_alive_min{30};
  std::chrono::seconds keep_alive_max{1200};
};

}  // namespace penstock::mqtt::session
