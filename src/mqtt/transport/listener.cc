#include "mqtt/transport/listener.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <unordered_map>
#include <utility>

#include "mqtt/transport/connection.h"
#include "mqtt/transport/tls.h"
#include "telemetry/log.h"

namespace penstock::mqtt {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using transport::Connection;

namespace {

constexpr std::chrono::seconds kTickEvery{1};
/// When the process is out of file descriptors, accepting pauses for this long.
constexpr std::chrono::milliseconds kAcceptPause{100};

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(PlainStream& stream) { return stream; }
tcp::socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

/// A Connection over a stream of Asio's.
template <class Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(Stream stream, net::EventLoop& loop, Broker& broker, std::shared_ptr<transport::Home> home,
                   const transport::ConnectionSettings& settings, ConnectAttempt attempt)
      : Connection(loop, broker, std::move(home), settings, std::move(attempt)), stream_(std::move(stream)) {}

  void start() override {
    error_code ignored;
    socket_of(stream_).set_option(tcp::no_delay(true), ignored);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_handshake(asio::ssl::stream_base::server, [self = me()](const error_code& error) {
        if (error) return self->drop();
        self->opened(transport::peer_certificate_pem(self->stream_.native_handle()));
      });
    } else {
      opened(std::nullopt);
    }
  }

 private:
  std::shared_ptr<StreamConnection> me() { return std::static_pointer_cast<StreamConnection>(shared_from_this()); }

  void read_some(std::span<char> space) override {
    stream_.async_read_some(
        asio::buffer(space.data(), space.size()),
        [self = me()](const error_code& error, std::size_t count) { self->on_read(!error, count); });
  }
  void write_all(std::string_view bytes) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [self = me()](const error_code& error, std::size_t) { self->on_written(!error); });
  }
  void shut_down_sending() override {
    error_code ignored;
    socket_of(stream_).shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close_socket() override {
    error_code ignored;
    socket_of(stream_).close(ignored);
  }

  Stream stream_;
};

/// The connections of one loop, and the clock tick that looks after them.
class Shard final : public transport::Home, public std::enable_shared_from_this<Shard> {
 public:
  Shard(net::EventLoop& loop, Broker& broker, std::function<void()> on_gone)
      : loop_(loop), broker_(broker), on_gone_(std::move(on_gone)), timer_(loop.context()) {}

  [[nodiscard]] net::EventLoop& loop() { return loop_; }

  void begin() { arm(); }
  void add(std::shared_ptr<Connection> connection) {
    auto& kept = *connection;
    connections_.emplace(&kept, std::move(connection));
    kept.start();
  }
  void forget(const Connection& connection) override {
    if (connections_.erase(&connection) > 0) on_gone_();
  }
  void drain() {
    for (const auto& connection : all()) connection->drain();
  }
  /// False when a connection had unsettled messages.
  bool end() {
    timer_.cancel();
    ended_ = true;
    bool settled = true;
    for (const auto& connection : all()) {
      settled = settled && connection->settled();
      connection->drop();
    }
    return settled;
  }

 private:
  std::vector<std::shared_ptr<Connection>> all() const {
    std::vector<std::shared_ptr<Connection>> out;
    out.reserve(connections_.size());
    for (const auto& [key, connection] : connections_) out.push_back(connection);
    return out;
  }
  void arm() {
    timer_.expires_after(kTickEvery);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->ended_) return;
      const SteadyTime now = self->broker_.clock().steady();
      for (const auto& connection : self->all()) connection->tick(now);
      self->broker_.expire_sessions();
      self->arm();
    });
  }

  net::EventLoop& loop_;
  Broker& broker_;
  std::function<void()> on_gone_;
  asio::steady_timer timer_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
  bool ended_ = false;
};

}  // namespace

/// Accepting happens on the first loop.
class Listener::Body : public std::enable_shared_from_this<Body> {
 public:
  Body(net::EventLoops& loops, Broker& broker, ListenerOptions options)
      : loops_(loops),
        broker_(broker),
        options_(std::move(options)),
        acceptor_(loops.at(0).context()),
        pause_(loops.at(0).context()) {}

  Result<void> open(const net::HostPort& address) {
    if (options_.tls) {
      PENSTOCK_TRY(tls_, transport::make_server_context(*options_.tls));
    }
    error_code error;
    tcp::resolver resolver(loops_.at(0).context());
    const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error || found.empty()) return fail(ErrorKind::invalid, "cannot resolve " + address.host);
    const tcp::endpoint endpoint = *found.begin();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(4096, error);
    if (error)
      return fail(ErrorKind::unavailable, "cannot listen on " + net::to_string(address) + ": " + error.message());
    address_ = {address.host, acceptor_.local_endpoint(error).port()};
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      shards_.push_back(std::make_shared<Shard>(loops_.at(i), broker_, [this] { gone(); }));
      loops_.at(i).post([shard = shards_.back()] { shard->begin(); });
    }
    loops_.at(0).post([self = shared_from_this()] { self->accept(); });
    return {};
  }

  [[nodiscard]] const net::HostPort& address() const { return address_; }
  [[nodiscard]] std::size_t connections() const { return count_.load(); }

  bool stop(std::chrono::milliseconds grace) {
    if (std::exchange(stopped_, true)) return clean_;
    net::EventLoops::run_on(loops_.at(0), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
    if (grace.count() > 0) {
      for (const auto& shard : shards_) shard->loop().post([shard] { shard->drain(); });
      wait_until_empty(grace);
    }
    for (const auto& shard : shards_) {
      net::EventLoops::run_on(shard->loop(), [&] { clean_ = shard->end() && clean_; });
    }
    // Once more around, so that what was cancelled has run and holds nothing any longer.
    for (const auto& shard : shards_) net::EventLoops::run_on(shard->loop(), [] {});
    return clean_;
  }

 private:
  void wait_until_empty(std::chrono::milliseconds grace) EXCLUDES(mutex_) {
    const SteadyTime deadline = broker_.clock().steady() + grace;
    const MutexLock lock(mutex_);
    while (count_.load() > 0 && broker_.clock().steady() < deadline) {
      empty_.wait_for(mutex_, std::chrono::milliseconds(20));
    }
  }

  void gone() {
    if (count_.fetch_sub(1) == 1) empty_.notify_all();
  }

  void accept() {
    Shard& shard = *shards_[next_++ % shards_.size()];
    acceptor_.async_accept(shard.loop().context(),
                           [self = shared_from_this(), &shard](const error_code& error, tcp::socket socket) {
                             if (!self->acceptor_.is_open()) return;
                             if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space)
                               return self->pause();
                             if (!error) self->take(shard, std::move(socket));
                             self->accept();
                           });
  }

  void pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->accept();
    });
  }

  void take(Shard& shard, tcp::socket socket) {
    if (count_.load() >= options_.connections_max) {
      telemetry::log(telemetry::Level::warn, "mqtt connection refused", {{"reason", "too many connections"}});
      return;
    }
    ++count_;
    shard.loop().post([self = shared_from_this(), &shard, socket = std::move(socket)]() mutable {
      error_code ignored;
      ConnectAttempt attempt;
      attempt.remote_address = socket.remote_endpoint(ignored).address().to_string();
      attempt.secure = self->tls_ != nullptr;
      shard.add(self->make(shard, std::move(socket), std::move(attempt)));
    });
  }

  std::shared_ptr<Connection> make(Shard& shard, tcp::socket socket, ConnectAttempt attempt) {
    auto home = shard.shared_from_this();
    if (!tls_) {
      return std::make_shared<StreamConnection<PlainStream>>(std::move(socket), shard.loop(), broker_, std::move(home),
                                                             settings_, std::move(attempt));
    }
    return std::make_shared<StreamConnection<TlsStream>>(TlsStream(std::move(socket), *tls_), shard.loop(), broker_,
                                                         std::move(home), settings_, std::move(attempt));
  }

  net::EventLoops& loops_;
  Broker& broker_;
  const ListenerOptions options_;
  const transport::ConnectionSettings settings_;
  std::unique_ptr<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  net::HostPort address_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::size_t next_ = 0;
  std::atomic<std::size_t> count_ = 0;
  bool stopped_ = false;
  bool clean_ = true;
  Mutex mutex_;
  CondVar empty_;
};

Listener::Listener(std::shared_ptr<Body> body) : body_(std::move(body)) {}

Result<std::unique_ptr<Listener>> Listener::start(net::EventLoops& loops, Broker& broker, const net::HostPort& address,
                                                  ListenerOptions options) {
  auto body = std::make_shared<Body>(loops, broker, std::move(options));
  PENSTOCK_TRY_VOID(body->open(address));
  return std::unique_ptr<Listener>(new Listener(std::move(body)));
}

Listener::~Listener() { body_->stop(std::chrono::milliseconds(0)); }

const net::HostPort& Listener::address() const { return body_->address(); }
std::size_t Listener::connections() const { return body_->connections(); }
bool Listener::stop(std::chrono::milliseconds grace) { return body_->stop(grace); }

}  // namespace penstock::mqtt
