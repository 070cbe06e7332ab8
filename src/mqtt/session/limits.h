#pragma once
/// What one client may have open at a time. The numbers are AWS IoT's where it has one (AWS General Reference, "AWS IoT
/// Core endpoints and quotas"); where we are more generous the comment says so.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>

namespace penstock::mqtt::session {

/// What messages take of memory, of all clients together.
struct MessageMemory {
  std::atomic<std::size_t> inbound = 0;   ///< bytes of PUBLISHes that are not settled
  std::atomic<std::size_t> outbound = 0;  ///< bytes of messages that some client has yet to take
};

struct Limits {
  /// PUBLISHes taken but not settled yet; then the socket is not read (AWS: 100; here a device may pipeline more).
  std::size_t inbound_in_flight_max = 1024;
  std::size_t inbound_in_flight_bytes_max = 4 * 1024 * 1024;
  /// QoS 1 messages sent to a client that it has not acknowledged.
  std::size_t outbound_in_flight_max = 100;
  /// Messages that wait for a slow or (persistent sessions) sleeping client; further ones are dropped and counted.
  std::size_t outbound_waiting_max = 1000;
  std::size_t outbound_waiting_bytes_max = 4 * 1024 * 1024;
  /// All clients together: over the first nobody is read, over the second messages are dropped and counted.
  std::size_t all_inbound_bytes_max = 128U << 20U;
  std::size_t all_outbound_bytes_max = 128U << 20U;
  std::shared_ptr<MessageMemory> memory = std::make_shared<MessageMemory>();
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
