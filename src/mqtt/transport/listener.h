#pragma once
/// The MQTT port: accepts connections, plain or TLS, and spreads them over the event loops, where they stay.
///
/// Threads: start, stop and destruction from one thread that is none of the loops'.
/// Errors:  start: invalid (address, certificate), unavailable (the port cannot be had).
/// Bounds:  connections_max; a connection beyond it is closed at once.
/// Life:    loops and broker outlive it.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "mqtt/broker/broker.h"
#include "net/address.h"
#include "net/event_loop.h"

namespace penstock::mqtt {

/// What a TLS server shows of itself.
struct TlsIdentity {
  std::string certificate_chain_pem;
  std::string private_key_pem;
};

struct ListenerOptions {
  std::optional<TlsIdentity> tls;  ///< none: plain TCP
  std::size_t connections_max = 20'000;
};

class Listener {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Listener>> start(net::EventLoops& loops, Broker& broker,
                                                               const net::HostPort& address, ListenerOptions options);
  /// Stops without grace if stop() was not called.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// With the port that was really taken (port 0 takes a free one).
  [[nodiscard]] const net::HostPort& address() const;
  [[nodiscard]] std::size_t connections() const;

  /// Accepts no more, lets every connection finish and acknowledge the messages it took, then closes them; after
  /// `grace` what is left is closed as it is. Waits for that. False when messages were left that the sink has not
  /// settled: then neither the loops nor the broker may be destroyed.
  bool stop(std::chrono::milliseconds grace);

 private:
  class Body;
  explicit Listener(std::shared_ptr<Body> body);
  std::shared_ptr<Body> body_;
};

}  // namespace penstock::mqtt
