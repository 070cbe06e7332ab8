#include "mqtt/client/client.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <deque>
#include <utility>

#include "mqtt/packet/frame.h"
#include "mqtt/packet/v3.h"

namespace penstock::mqtt {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using packet::Frame;
using packet::PacketId;
using packet::Type;

namespace {

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(PlainStream& stream) { return stream; }
tcp::socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

/// The protocol; the socket is the derived class.
class ProtocolClient : public Client, public std::enable_shared_from_this<ProtocolClient> {
 public:
  ProtocolClient(net::EventLoop& loop, ClientOptions options)
      : loop_(loop), options_(std::move(options)), ping_(loop.context()) {}

  void connect(Done done) override {
    connecting_ = std::move(done);
    open_socket();
  }

  void publish(std::string_view topic, std::string_view payload, std::uint8_t qos, Done done) override {
    if (!accepted_) return done(fail(ErrorKind::unavailable, "not connected"));
    if (!has_room()) return done(fail(ErrorKind::throttled, "too many in flight"));
    if (qos == 0) {
      packet::v3::append_publish(out_, {.topic = topic, .payload = payload});
      to_hand_over_.push_back(std::move(done));
      return flush_soon();
    }
    const PacketId id = take_id();
    packet::v3::append_publish(out_, {.topic = topic, .payload = payload, .id = id, .qos = 1});
    unacknowledged_.push_back({id, std::move(done)});
    flush_soon();
  }

  void subscribe(std::vector<packet::Subscription> subscriptions, Done done) override {
    if (!accepted_) return done(fail(ErrorKind::unavailable, "not connected"));
    if (!has_room()) return done(fail(ErrorKind::throttled, "too many in flight"));
    const PacketId id = take_id();
    packet::v3::append_subscribe(out_, {.id = id, .subscriptions = std::move(subscriptions)});
    unacknowledged_.push_back({id, std::move(done)});
    flush_soon();
  }

  void disconnect() override {
    if (!accepted_ || closed_) return end("disconnected");
    packet::v3::append_disconnect(out_);
    leaving_ = true;
    flush();
  }

  void on_message(std::function<void(const packet::PublishView&)> call) override { on_message_ = std::move(call); }
  void on_closed(std::function<void()> call) override { on_closed_ = std::move(call); }
  std::size_t in_flight() const override { return unacknowledged_.size(); }

 protected:
  virtual void open_socket() = 0;
  virtual void read_some(char* space, std::size_t size) = 0;
  virtual void write_all(std::string_view bytes) = 0;
  virtual void close_socket() = 0;

  void opened() {
    if (closed_) return;
    packet::Connect connect;
    connect.client_id = options_.client_id;
    connect.clean_session = options_.clean_session;
    connect.keep_alive_s = options_.keep_alive_s;
    connect.will = options_.will;
    packet::v3::append_connect(out_, connect);
    flush();
    read();
  }

  void on_read(bool good, std::size_t count) {
    if (closed_) return;
    if (!good) return end("the server closed the connection");
    end_ += count;
    const auto keep = shared_from_this();  // callbacks may let go of this client
    while (!closed_) {
      const auto frame = packet::cut_frame(std::string_view(in_.data() + begin_, end_ - begin_));
      if (!frame.has_value()) return end("the server sent something that is no MQTT");
      if (!frame->has_value()) break;
      begin_ += (*frame)->size;
      if (!take(**frame)) return end("the server sent a wrong packet");
    }
    if (!closed_) read();
  }

  void on_written(bool good) {
    writing_.clear();
    write_under_way_ = false;
    if (!good) return end("the connection broke");
    const auto keep = shared_from_this();
    for (auto& done : std::exchange(handing_over_, {})) done({});
    flush();
  }

  void end(std::string_view why) {
    if (std::exchange(closed_, true)) return;
    const auto keep = shared_from_this();
    ping_.cancel();
    close_socket();
    if (connecting_) std::exchange(connecting_, nullptr)(fail(ErrorKind::unavailable, std::string(why)));
    auto open = std::exchange(unacknowledged_, {});
    for (auto& one : open) one.done(fail(ErrorKind::outcome_unknown, std::string(why)));
    for (auto& done : std::exchange(handing_over_, {})) done(fail(ErrorKind::outcome_unknown, std::string(why)));
    for (auto& done : std::exchange(to_hand_over_, {})) done(fail(ErrorKind::unavailable, std::string(why)));
    if (accepted_ && on_closed_) on_closed_();
    accepted_ = false;
  }

  net::EventLoop& loop() { return loop_; }
  const ClientOptions& options() const { return options_; }

 private:
  struct Unacknowledged {
    PacketId id;
    Done done;
  };

  bool take(const Frame& frame) {
    switch (frame.type) {
      case Type::connack: return take_connack(frame);
      case Type::puback: {
        const auto id = packet::v3::decode_id_only(frame);
        if (id.has_value()) settle(*id, {});
        return id.has_value();
      }
      case Type::suback: {
        const auto answer = packet::v3::decode_suback(frame);
        if (!answer.has_value()) return false;
        const bool refused = std::ranges::find(answer->codes, packet::kSubscriptionRefused) != answer->codes.end();
        settle(answer->id, refused ? Result<void>(fail(ErrorKind::denied, "subscription refused")) : Result<void>{});
        return true;
      }
      case Type::publish: {
        const auto publish = packet::v3::decode_publish(frame);
        if (!publish.has_value() || publish->qos == 2) return false;
        if (on_message_) on_message_(*publish);
        if (publish->qos == 1) packet::v3::append_puback(out_, publish->id);
        flush_soon();
        return true;
      }
      case Type::pingresp: pong_ = true; return true;
      case Type::unsuback: return true;
      default: return false;
    }
  }

  bool take_connack(const Frame& frame) {
    const auto answer = packet::v3::decode_connack(frame);
    if (!answer.has_value() || !connecting_) return false;
    if (answer->code != packet::ConnectCode::accepted) {
      std::exchange(connecting_, nullptr)(
          fail(ErrorKind::denied, "the server answered CONNACK " + std::to_string(static_cast<int>(answer->code))));
      end("refused");
      return true;
    }
    accepted_ = true;
    arm_ping();
    std::exchange(connecting_, nullptr)({});
    return true;
  }

  void settle(PacketId id, Result<void> result) {
    // Acknowledgements come in order (MQTT-4.6.0-2), so it is nearly always the first.
    const auto at = std::ranges::find(unacknowledged_, id, &Unacknowledged::id);
    if (at == unacknowledged_.end()) return;
    auto done = std::move(at->done);
    unacknowledged_.erase(at);
    done(std::move(result));
  }

  [[nodiscard]] bool has_room() const {
    return unacknowledged_.size() + to_hand_over_.size() < options_.in_flight_max &&
           (unacknowledged_.empty() || unacknowledged_.front().id != next_id_);
  }

  /// Ids go round; those in use are the ones since the oldest unacknowledged, which has_room() keeps from being met.
  PacketId take_id() { return std::exchange(next_id_, next_id_ == 65'535 ? PacketId{1} : PacketId(next_id_ + 1)); }

  /// Many calls, one write.
  void flush_soon() {
    if (std::exchange(flush_scheduled_, true)) return;
    loop_.post([self = shared_from_this()] {
      self->flush_scheduled_ = false;
      self->flush();
    });
  }

  void flush() {
    if (write_under_way_ || closed_) return;
    if (out_.empty()) {
      if (leaving_) end("disconnected");
      return;
    }
    std::swap(out_, writing_);
    std::swap(to_hand_over_, handing_over_);
    write_under_way_ = true;
    sent_something_ = true;
    write_all(writing_);
  }

  void read() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0) {
      std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ * 2 > in_.size()) in_.resize(in_.size() * 2);
    read_some(in_.data() + end_, in_.size() - end_);
  }

  /// Every half keep-alive: PINGREQ unless something was sent anyway, and the answer to the last one must be there.
  void arm_ping() {
    if (options_.keep_alive_s == 0) return;
    ping_.expires_after(std::chrono::milliseconds(options_.keep_alive_s * 500));
    ping_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->closed_) return;
      if (!self->pong_) return self->end("the server does not answer");
      if (!std::exchange(self->sent_something_, false)) {
        self->pong_ = false;
        packet::v3::append_pingreq(self->out_);
        self->flush();
      }
      self->arm_ping();
    });
  }

  net::EventLoop& loop_;
  const ClientOptions options_;
  asio::steady_timer ping_;
  Done connecting_;
  std::deque<Unacknowledged> unacknowledged_;  // bounded by in_flight_max
  std::vector<Done> to_hand_over_;             // QoS 0 in out_; bounded by in_flight_max
  std::vector<Done> handing_over_;             // QoS 0 in writing_
  std::function<void(const packet::PublishView&)> on_message_;
  std::function<void()> on_closed_;
  std::vector<char> in_ = std::vector<char>(4096);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;
  std::string writing_;
  PacketId next_id_ = 1;
  bool write_under_way_ = false;
  bool flush_scheduled_ = false;
  bool sent_something_ = false;
  bool pong_ = true;
  bool accepted_ = false;
  bool leaving_ = false;
  bool closed_ = false;
};

template <class Stream>
class StreamClient final : public ProtocolClient {
 public:
  StreamClient(net::EventLoop& loop, ClientOptions options, std::shared_ptr<asio::ssl::context> context)
      : ProtocolClient(loop, std::move(options)),
        context_(std::move(context)),
        resolver_(loop.context()),
        stream_(make_stream(loop.context(), context_.get())) {}

 private:
  static Stream make_stream(asio::io_context& io, asio::ssl::context* context) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return Stream(io, *context);
    } else {
      (void)context;
      return Stream(io);
    }
  }
  std::shared_ptr<StreamClient> me() { return std::static_pointer_cast<StreamClient>(shared_from_this()); }

  void open_socket() override {
    const auto& server = options().server;
    resolver_.async_resolve(server.host, std::to_string(server.port),
                            [self = me()](const error_code& error, const tcp::resolver::results_type& found) {
                              if (error) return self->end("cannot resolve the server's name");
                              self->reach(found);
                            });
  }
  void reach(const tcp::resolver::results_type& found) {
    asio::async_connect(socket_of(stream_), found, [self = me()](const error_code& error, const tcp::endpoint&) {
      if (error) return self->end("cannot connect: " + error.message());
      error_code ignored;
      socket_of(self->stream_).set_option(tcp::no_delay(true), ignored);
      self->secure();
    });
  }
  void secure() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const auto& host = options().server.host;
      SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
      if (!options().tls->ca_pem.empty()) stream_.set_verify_callback(asio::ssl::host_name_verification(host));
      stream_.async_handshake(asio::ssl::stream_base::client, [self = me()](const error_code& error) {
        if (error) return self->end("TLS: " + error.message());
        self->opened();
      });
    } else {
      opened();
    }
  }
  void read_some(char* space, std::size_t size) override {
    stream_.async_read_some(asio::buffer(space, size), [self = me()](const error_code& error, std::size_t count) {
      self->on_read(!error, count);
    });
  }
  void write_all(std::string_view bytes) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [self = me()](const error_code& error, std::size_t) { self->on_written(!error); });
  }
  void close_socket() override {
    error_code ignored;
    resolver_.cancel();
    socket_of(stream_).close(ignored);
  }

  std::shared_ptr<asio::ssl::context> context_;
  tcp::resolver resolver_;
  Stream stream_;
};

Result<std::shared_ptr<asio::ssl::context>> make_context(const ClientTls& tls) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  if (!tls.ca_pem.empty()) {
    context->add_certificate_authority(asio::buffer(tls.ca_pem), error);
    if (error) return fail(ErrorKind::invalid, "the authority's certificate: " + error.message());
    context->set_verify_mode(asio::ssl::verify_peer);
  }
  if (tls.certificate_pem.empty()) return context;
  context->use_certificate_chain(asio::buffer(tls.certificate_pem), error);
  if (error) return fail(ErrorKind::invalid, "the device's certificate: " + error.message());
  context->use_private_key(asio::buffer(tls.private_key_pem), asio::ssl::context::pem, error);
  if (error) return fail(ErrorKind::invalid, "the device's private key: " + error.message());
  return context;
}

}  // namespace

Result<std::shared_ptr<Client>> Client::make(net::EventLoop& loop, ClientOptions options) {
  if (options.client_id.size() > 65'535) return fail(ErrorKind::invalid, "client id too long");
  if (!options.tls) return std::make_shared<StreamClient<PlainStream>>(loop, std::move(options), nullptr);
  PENSTOCK_TRY(auto context, make_context(*options.tls));
  return std::make_shared<StreamClient<TlsStream>>(loop, std::move(options), std::move(context));
}

}  // namespace penstock::mqtt
