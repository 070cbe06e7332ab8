#pragma once
/// An MQTT 3.1.1 client over TCP or TLS, for `penstock simulate`, the benchmark and tests.
///
/// Threads: everything on its event loop, callbacks too; only make() may be called elsewhere.
/// Order:   PUBLISHes leave in the order given.
/// Errors:  denied (the server's CONNACK or SUBACK says no), invalid (address, certificate), unavailable (not sent),
///          outcome_unknown (sent, and the connection ended before the acknowledgement: send it again).
/// Bounds:  in_flight_max unacknowledged messages, and none older than 65,535 messages (throttled beyond); a server's
/// packet as in packet/frame.h. Every callback is called exactly once, at the latest when the connection ends.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "mqtt/packet/packets.h"
#include "net/address.h"
#include "net/event_loop.h"

namespace penstock::mqtt {

struct ClientTls {
  std::string ca_pem;           ///< whom to trust; empty: any server (for tests against a self-made one)
  std::string certificate_pem;  ///< ours; empty: none
  std::string private_key_pem;
};

struct ClientOptions {
  net::HostPort server;
  std::string client_id;
  bool clean_session = true;
  std::uint16_t keep_alive_s = 60;
  std::size_t in_flight_max = 1000;  ///< below 65,535
  std::optional<packet::Will> will;
  std::optional<ClientTls> tls;
};

class Client {
 public:
  using Done = std::move_only_function<void(Result<void>)>;

  [[nodiscard]] static Result<std::shared_ptr<Client>> make(net::EventLoop& loop, ClientOptions options);
  virtual ~Client() = default;

  /// Once. `done` says whether the server accepted.
  virtual void connect(Done done) = 0;
  /// QoS 0: done when written to the socket; QoS 1: when the PUBACK came.
  virtual void publish(std::string_view topic, std::string_view payload, std::uint8_t qos, Done done) = 0;
  virtual void subscribe(std::vector<packet::Subscription> subscriptions, Done done) = 0;
  /// Sends DISCONNECT and closes.
  virtual void disconnect() = 0;

  virtual void on_message(std::function<void(const packet::PublishView&)> call) = 0;
  /// Called when a connection that was accepted ends, whoever ended it.
  virtual void on_closed(std::function<void()> call) = 0;

  [[nodiscard]] virtual std::size_t in_flight() const = 0;
};

}  // namespace penstock::mqtt
