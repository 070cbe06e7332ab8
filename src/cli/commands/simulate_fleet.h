#pragma once
/// N devices, each with its own MQTT connection and client id, that publish and wait for their PUBACKs. A message whose
/// acknowledgement was lost with the connection is sent again after reconnecting, as a real device does.
///
/// Threads: start, stop and snapshot from any thread but the loops'.
/// Bounds:  in_flight unacknowledged messages a device.
/// Life:    loops and clock outlive it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/result.h"
#include "mqtt/client/client.h"
#include "net/event_loop.h"
#include "telemetry/metrics.h"

namespace penstock::cli {

struct FleetOptions {
  net::HostPort server;
  std::optional<mqtt::ClientTls> tls;
  std::uint64_t devices = 10;
  std::uint64_t first_device = 1;  ///< numbers of the devices begin here
  std::string client_id;           ///< instead of the devices' own (a fleet of one)
  std::uint64_t count = 0;         ///< messages a device; 0: until stopped
  double rate = 1;                 ///< messages a second and device; 0: as fast as in_flight allows
  std::size_t in_flight = 100;
  std::uint8_t qos = 1;
  std::size_t payload_bytes = 0;  ///< 0: measurements; otherwise a JSON object of this size
  std::string experiment_id = "0191d2f4-8c7e-7b5a-9f41-6f1f3a5f2c11";
  std::uint64_t seed = 1;
  std::uint64_t open_clip_every = 0;  ///< each device measures with an open clip so often; 0: never
};

struct FleetSnapshot {
  std::uint64_t connected = 0;     ///< now
  std::uint64_t finished = 0;      ///< devices that have done their count
  std::uint64_t sent = 0;          ///< without repetitions
  std::uint64_t acknowledged = 0;  ///< QoS 0: handed to the socket
  std::uint64_t sent_again = 0;
  std::uint64_t bytes = 0;  ///< of payloads sent
  std::uint64_t connection_failures = 0;
  std::string last_failure;
  telemetry::HistogramSnapshot latency;  ///< PUBLISH to PUBACK
};

class Fleet {
 public:
  /// Errors: invalid (certificates that cannot be read).
  [[nodiscard]] static Result<std::unique_ptr<Fleet>> start(net::EventLoops& loops, const Clock& clock,
                                                            FleetOptions options);
  /// Stops at once if stop() was not called.
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] FleetSnapshot snapshot() const;
  /// False when `timeout` passed before every device had done its count.
  bool wait_finished(std::chrono::milliseconds timeout);
  /// Sends nothing new, waits up to `grace` for acknowledgements, disconnects.
  void stop(std::chrono::milliseconds grace);

  struct Board;  ///< what the devices tell

 private:
  class Device;
  Fleet(net::EventLoops& loops, std::shared_ptr<Board> board) : loops_(loops), board_(std::move(board)) {}

  net::EventLoops& loops_;
  std::shared_ptr<Board> board_;
  std::vector<std::shared_ptr<Device>> devices_;
  bool stopped_ = false;
};

}  // namespace penstock::cli
