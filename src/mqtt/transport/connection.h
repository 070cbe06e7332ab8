#pragma once
/// One client's connection on its event loop: moves bytes between a socket, the Channel (protocol) and the Broker
/// (everything else). The socket itself, plain or TLS, is the derived class.
///
/// Threads: its loop's, but for wake() and close().
/// Back pressure: it does not read while the Channel's window is full or more than out_bytes_max wait to be written; it
///                does not take messages from the session beyond out_bytes_max either.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/broker/broker.h"
#include "mqtt/session/channel.h"
#include "net/event_loop.h"

namespace penstock::mqtt::transport {

class Connection;

/// Where connections of one loop are kept alive. Only on that loop.
class Home {
 public:
  virtual ~Home() = default;
  virtual void forget(const Connection& connection) = 0;
};

struct ConnectionSettings {
  std::size_t out_bytes_max = 256 * 1024;
  /// A client that takes none of our bytes for this long is closed.
  std::chrono::seconds write_timeout{60};
  /// How long a client gets to read our last bytes and close its side.
  std::chrono::seconds linger{2};
};

class Connection : public broker::Link, public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::EventLoop& loop, Broker& broker, std::shared_ptr<Home> home, const ConnectionSettings& settings,
             ConnectAttempt attempt);
  ~Connection() override = default;

  /// Begins, with the TLS handshake where there is one; then opened().
  virtual void start() = 0;

  void wake() override;
  void close(session::CloseReason reason) override;

  /// About once a second.
  void tick(SteadyTime now);
  /// Takes nothing more in, finishes what was taken, then ends. For a graceful stop.
  void drain();
  /// Ends at once.
  void drop();
  /// Whether no message of this connection is with the sink.
  [[nodiscard]] bool settled() const { return channel_.open_count() == 0; }

 protected:
  // The socket's side. on_read and on_written answer these, later and on the loop.
  virtual void read_some(std::span<char> space) = 0;
  virtual void write_all(std::string_view bytes) = 0;
  virtual void shut_down_sending() = 0;
  virtual void close_socket() = 0;

  void opened(std::optional<std::string> peer_certificate_pem);
  void on_read(bool good, std::size_t count);
  void on_written(bool good);

  [[nodiscard]] net::EventLoop& loop() { return loop_; }

 private:
  void process();
  void carry_out();
  void decide(const packet::Connect& connect);
  void take(session::Incoming incoming);
  void on_admitted(const session::Ticket& ticket, const Result<void>& result);
  void answer(const packet::Subscribe& request);
  void schedule_turn();
  void turn();
  void flush();
  void maybe_read();
  void make_space();
  void end(session::CloseReason reason, std::string detail);
  void finish_if_ended();
  void linger_or_drop();

  net::EventLoop& loop_;
  Broker& broker_;
  std::shared_ptr<Home> home_;  // null once forgotten
  const ConnectionSettings& settings_;
  ConnectAttempt attempt_;
  session::Channel channel_;
  session::Effects effects_;  // its `send` is what waits to be written
  std::optional<Broker::Connected> as_;

  std::vector<char> in_;  // bytes [in_begin_, in_end_) are not taken yet; bounded by one packet
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::string writing_;  // on its way; untouched until on_written
  SteadyTime write_began_{};
  SteadyTime ended_at_{};

  bool opened_ = false;
  bool reading_ = false;  // a read is under way
  bool write_under_way_ = false;
  bool processing_ = false;
  bool turn_scheduled_ = false;
  bool pump_wanted_ = false;
  bool draining_ = false;
  bool refused_ = false;    // a PUBLISH was not permitted
  bool ended_ = false;      // the protocol is over; only last bytes leave
  bool lingering_ = false;  // sending is shut down, waiting for the client to close
};

}  // namespace penstock::mqtt::transport
