#include "mqtt/transport/listener.h"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/encoding/hex.h"
#include "mqtt/packet/v3.h"
#include "pki/pki.h"

namespace penstock::mqtt {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using packet::Frame;
using packet::Type;
using testing::HasSubstr;

struct Anyone final : ClientIdentity {
  [[nodiscard]] std::string_view principal() const override { return "anyone"; }
};

/// Remembers who came; refuses the topic "forbidden".
struct Door final : Gatekeeper {
  Mutex mutex;
  std::vector<ConnectAttempt> attempts GUARDED_BY(mutex);
  Result<IdentityPtr> connect(const ConnectAttempt& attempt) override {
    const MutexLock lock(mutex);
    attempts.push_back(attempt);
    if (attempt.client_id == "banned") return fail(ErrorKind::denied, "banned");
    return std::make_shared<Anyone>();
  }
  bool may_publish(const ClientIdentity&, std::string_view topic, bool) override { return topic != "forbidden"; }
  bool may_subscribe(const ClientIdentity&, std::string_view) override { return true; }
  bool may_receive(const ClientIdentity&, std::string_view) override { return true; }
  ConnectAttempt last() {
    const MutexLock lock(mutex);
    return attempts.back();
  }
};

/// Holds messages of topics that begin with "held" until told to let them go; fails the topic "unstorable".
struct Store final : PublishSink {
  Mutex mutex;
  CondVar changed;
  std::vector<std::string> payloads GUARDED_BY(mutex);
  std::vector<Completion<bool>> held GUARDED_BY(mutex);

  Task<Result<void>> on_publish(MessagePtr message) override {
    const Completion<bool> go;
    {
      const MutexLock lock(mutex);
      payloads.push_back(message->payload);
      held.push_back(go);
      changed.notify_all();
    }
    if (!message->topic.starts_with("held")) go.set(true);
    co_await go;
    if (message->topic == "unstorable") co_return fail(ErrorKind::unavailable, "disk full");
    co_return Result<void>{};
  }
  void wait_for(std::size_t count) {
    const MutexLock lock(mutex);
    while (payloads.size() < count) changed.wait(mutex);
  }
  std::size_t count() {
    const MutexLock lock(mutex);
    return payloads.size();
  }
  void let_go(std::size_t index) {
    const MutexLock lock(mutex);
    held[index].set(true);
  }
};

/// A blocking client that speaks bytes.
template <class Stream>
class Peer {
 public:
  explicit Peer(Stream stream) : stream_(std::move(stream)) {}
  void send(std::string_view bytes) { asio::write(stream_, asio::buffer(bytes.data(), bytes.size())); }
  /// The next packet in hex, or "closed".
  std::string next() {
    while (true) {
      const auto frame = packet::cut_frame(in_).value();
      if (frame) {
        const auto out = hex_encode(std::string_view(in_).substr(0, frame->size));
        in_.erase(0, frame->size);
        return out;
      }
      char buffer[4096];
      boost::system::error_code error;
      const auto count = stream_.read_some(asio::buffer(buffer), error);
      if (error) return "closed";
      in_.append(buffer, count);
    }
  }
  void connect(std::string client_id, bool clean = true) {
    std::string out;
    packet::Connect connect;
    connect.client_id = std::move(client_id);
    connect.clean_session = clean;
    packet::v3::append_connect(out, connect);
    send(out);
  }
  void publish(std::string_view topic, std::string_view payload, packet::PacketId id) {
    std::string out;
    packet::v3::append_publish(
        out, {.topic = topic, .payload = payload, .id = id, .qos = id == 0 ? std::uint8_t{0} : std::uint8_t{1}});
    send(out);
  }
  Stream& stream() { return stream_; }

 private:
  Stream stream_;
  std::string in_;
};

struct ListenerTest : testing::Test {
  SystemClock clock;
  SystemRandom random;
  Door door;
  Store store;
  BrokerOptions options;
  net::EventLoops loops{2};
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Listener> listener;
  asio::io_context io;

  void start(ListenerOptions listener_options = {}) {
    broker = std::make_unique<Broker>(clock, random, nullptr, door, store, options);
    listener = Listener::start(loops, *broker, {"127.0.0.1", 0}, std::move(listener_options)).value();
  }
  tcp::socket socket() {
    tcp::socket out(io);
    out.connect({asio::ip::make_address("127.0.0.1"), listener->address().port});
    return out;
  }
  Peer<tcp::socket> peer() { return Peer<tcp::socket>(socket()); }
  Peer<tcp::socket> connected(const std::string& id, bool clean = true) {
    auto out = peer();
    out.connect(id, clean);
    EXPECT_THAT(out.next(), HasSubstr("2002"));
    return out;
  }
};

TEST_F(ListenerTest, PublishReachesSubscriberAndIsAcknowledged) {
  start();
  auto subscriber = connected("s");
  std::string subscribe;
  packet::v3::append_subscribe(subscribe, {.id = 1, .subscriptions = {{"a/#", 1}}});
  subscriber.send(subscribe);
  EXPECT_EQ(subscriber.next(), "9003000101");
  auto publisher = connected("p");
  publisher.publish("a/b", "hi", 10);
  EXPECT_EQ(publisher.next(), "4002000a");
  EXPECT_EQ(subscriber.next(),
            "3209"
            "0003612f62"
            "0001"
            "6869");
  subscriber.send(hex_decode("40020001").value());
  publisher.send(hex_decode("c000").value());
  EXPECT_EQ(publisher.next(), "d000");
}

TEST_F(ListenerTest, PubackWaitsForTheSinkAndKeepsTheOrder) {
  start();
  auto publisher = connected("p");
  publisher.publish("held/1", "1", 1);
  publisher.publish("held/2", "2", 2);
  publisher.publish("free", "3", 3);
  store.wait_for(3);
  publisher.send(hex_decode("c000").value());
  EXPECT_EQ(publisher.next(), "d000") << "answered while nothing is acknowledged yet";
  store.let_go(1);
  store.let_go(0);
  EXPECT_EQ(publisher.next(), "40020001");
  EXPECT_EQ(publisher.next(), "40020002");
  EXPECT_EQ(publisher.next(), "40020003");
}

TEST_F(ListenerTest, WhatCannotBeStoredIsNotAcknowledged) {
  start();
  auto publisher = connected("p");
  publisher.publish("unstorable", "x", 1);
  EXPECT_EQ(publisher.next(), "closed");
}

TEST_F(ListenerTest, AFullWindowIsBackPressureAndNothingIsLost) {
  options.limits.inbound_in_flight_max = 8;
  start();
  auto publisher = connected("p");
  constexpr int kCount = 100;
  std::thread sender([&] {
    for (int i = 1; i <= kCount; ++i) publisher.publish("held", std::to_string(i), static_cast<packet::PacketId>(i));
  });
  for (int i = 0; i < kCount; ++i) {
    store.wait_for(static_cast<std::size_t>(i) + 1);
    EXPECT_LE(store.count(), static_cast<std::size_t>(i) + 8);
    store.let_go(static_cast<std::size_t>(i));
  }
  sender.join();
  for (int i = 1; i <= kCount; ++i) {
    std::string expected;
    packet::v3::append_puback(expected, static_cast<packet::PacketId>(i));
    ASSERT_EQ(publisher.next(), hex_encode(expected));
  }
}

TEST_F(ListenerTest, WrongPacketsCloseTheirOwnConnectionOnly) {
  start();
  auto good = connected("good");
  for (const auto* wrong : {"ff", "00", "3005000361ff62", "8200", "101000", "30ffffffff7f", "34050001610001"}) {
    auto bad = connected("bad");
    bad.send(hex_decode(wrong).value());
    if (std::string_view(wrong) == "101000") bad.stream().shutdown(tcp::socket::shutdown_send);
    EXPECT_EQ(bad.next(), "closed") << wrong;
  }
  auto stranger = peer();
  stranger.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(stranger.next(), "closed");
  good.publish("t", "still here", 7);
  EXPECT_EQ(good.next(), "40020007");
}

TEST_F(ListenerTest, RefusalsAreSaidBeforeClosing) {
  start();
  auto banned = peer();
  banned.connect("banned");
  EXPECT_EQ(banned.next(), "20020005");
  EXPECT_EQ(banned.next(), "closed");
  auto modern = peer();
  modern.send(hex_decode("100d00044d5154540502003c000000").value());
  EXPECT_EQ(modern.next(), "20020001");
  EXPECT_EQ(modern.next(), "closed");
}

TEST_F(ListenerTest, AForbiddenPublishClosesAndWhatFollowsIsIgnored) {
  start();
  auto publisher = connected("p");
  std::string both;
  packet::v3::append_publish(both, {.topic = "fine", .payload = "1", .id = 1, .qos = 1});
  packet::v3::append_publish(both, {.topic = "forbidden", .payload = "2", .id = 2, .qos = 1});
  packet::v3::append_publish(both, {.topic = "fine", .payload = "3", .id = 3, .qos = 1});
  publisher.send(both);
  while (publisher.next() != "closed") {
  }
  const MutexLock lock(store.mutex);
  EXPECT_THAT(store.payloads, testing::ElementsAre("1"));
}

TEST_F(ListenerTest, TheSameClientIdTakesOver) {
  start();
  auto first = connected("same");
  auto second = connected("same");
  EXPECT_EQ(first.next(), "closed");
  second.send(hex_decode("c000").value());
  EXPECT_EQ(second.next(), "d000");
}

TEST_F(ListenerTest, PersistentSessionIsThereAfterAReconnect) {
  start();
  {
    auto sleeper = connected("sleeper", false);
    std::string subscribe;
    packet::v3::append_subscribe(subscribe, {.id = 1, .subscriptions = {{"t", 1}}});
    sleeper.send(subscribe);
    EXPECT_EQ(sleeper.next(), "9003000101");
    sleeper.send(hex_decode("e000").value());
    EXPECT_EQ(sleeper.next(), "closed");
  }
  auto publisher = connected("p");
  publisher.publish("t", "m", 1);
  EXPECT_EQ(publisher.next(), "40020001");
  auto sleeper = peer();
  sleeper.connect("sleeper", false);
  EXPECT_EQ(sleeper.next(), "20020100");
  EXPECT_EQ(sleeper.next(),
            "3206"
            "000174"
            "0001"
            "6d");
}

TEST_F(ListenerTest, GracefulStopAcknowledgesWhatWasTaken) {
  start();
  auto publisher = connected("p");
  publisher.publish("held", "x", 1);
  store.wait_for(1);
  std::thread stopper([&] { EXPECT_TRUE(listener->stop(std::chrono::seconds(20))); });
  boost::system::error_code refused;
  tcp::socket probe(io);
  do {  // until the port is closed
    probe.close(refused);
    refused.clear();
    probe.connect({asio::ip::make_address("127.0.0.1"), listener->address().port}, refused);
  } while (!refused);
  store.let_go(0);
  EXPECT_EQ(publisher.next(), "40020001");
  EXPECT_EQ(publisher.next(), "closed");
  stopper.join();
  EXPECT_EQ(listener->connections(), 0u);
}

TEST_F(ListenerTest, TooManyConnectionsAreRefused) {
  start({.tls = std::nullopt, .connections_max = 2});
  auto one = connected("1");
  auto two = connected("2");
  auto three = peer();
  EXPECT_EQ(three.next(), "closed");
  one.send(hex_decode("c000").value());
  EXPECT_EQ(one.next(), "d000");
}

TEST_F(ListenerTest, MoreThanTwoHundredClientsTalkAtOnce) {
  start();
  constexpr int kClients = 200;
  std::vector<Peer<tcp::socket>> all;
  all.reserve(kClients);
  for (int i = 0; i < kClients; ++i) all.push_back(connected("c" + std::to_string(i)));
  for (int i = 0; i < kClients; ++i) all[static_cast<std::size_t>(i)].publish("t/" + std::to_string(i), "x", 1);
  for (auto& one : all) EXPECT_EQ(one.next(), "40020001");
  EXPECT_EQ(broker->stats().connections_now, 200u);
  EXPECT_EQ(broker->stats().messages_in, 200u);
}

struct TlsTest : ListenerTest {
  std::shared_ptr<const pki::Authority> authority = pki::Authority::create(clock, random, {}).value();
  void start_tls() {
    auto server = authority->issue_server({}).value();
    start({.tls = TlsIdentity{server.certificate.certificate_pem, server.keys.private_key_pem}});
  }
};

TEST_F(TlsTest, TheGatekeeperSeesTheClientsCertificate) {
  start_tls();
  const auto keys = pki::generate_key(pki::KeyKind::ec_p256).value();
  const auto device = authority->issue_device(keys.public_key_pem).value();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    context.add_certificate_authority(asio::buffer(authority->certificate_pem()));
    context.set_verify_mode(asio::ssl::verify_peer);
    context.use_certificate_chain(asio::buffer(device.certificate_pem));
    context.use_private_key(asio::buffer(keys.private_key_pem), asio::ssl::context::pem);
    Peer<asio::ssl::stream<tcp::socket>> peer{asio::ssl::stream<tcp::socket>(socket(), context)};
    peer.stream().handshake(asio::ssl::stream_base::client);
    peer.connect("device");
    EXPECT_EQ(peer.next(), "20020000");
    const auto seen = door.last();
    EXPECT_TRUE(seen.secure);
    ASSERT_TRUE(seen.peer_certificate_pem.has_value());
    EXPECT_EQ(pki::read_certificate(*seen.peer_certificate_pem).value().fingerprint, device.facts.fingerprint);
    peer.publish("t", std::string(100'000, 'x'), 1);
    EXPECT_EQ(peer.next(), "40020001");
  }
}

TEST_F(TlsTest, ClientsWithoutACertificateAreTheGatekeepersToJudge) {
  start_tls();
  asio::ssl::context context(asio::ssl::context::tls_client);
  Peer<asio::ssl::stream<tcp::socket>> peer{asio::ssl::stream<tcp::socket>(socket(), context)};
  peer.stream().handshake(asio::ssl::stream_base::client);
  peer.connect("device");
  EXPECT_EQ(peer.next(), "20020000");
  EXPECT_FALSE(door.last().peer_certificate_pem.has_value());
}

TEST_F(TlsTest, PlainBytesOnTheTlsPortAreDropped) {
  start_tls();
  auto peer = this->peer();
  peer.connect("plain");
  boost::system::error_code error;
  char buffer[64];
  while (!error) (void)peer.stream().read_some(asio::buffer(buffer), error);
  EXPECT_EQ(broker->stats().connections_now, 0u);
}

/// Runs a command and gives its output and status.
std::pair<int, std::string> run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) out += buffer;
  return {::pclose(pipe), out};
}

TEST_F(ListenerTest, StockClientsWork) {
  ASSERT_EQ(run("command -v mosquitto_pub").first, 0) << "needs the Debian package mosquitto-clients";
  start();
  const std::string port = " -h 127.0.0.1 -p " + std::to_string(listener->address().port);
  std::string heard;
  std::thread subscriber([&] { heard = run("timeout 20 mosquitto_sub -C 3 -q 1 -t 'sensor/+/t' -v" + port).second; });
  while (broker->stats().subscriptions_now == 0) std::this_thread::yield();
  EXPECT_EQ(run("mosquitto_pub -q 1 -t sensor/1/t -m one" + port).first, 0);
  EXPECT_EQ(run("mosquitto_pub -q 0 -t sensor/2/t -m two" + port).first, 0);
  EXPECT_EQ(run("printf 'three\\nfour' | mosquitto_pub -q 1 -l -t sensor/3/t" + port).first, 0);
  subscriber.join();
  EXPECT_EQ(heard, "sensor/1/t one\nsensor/2/t two\nsensor/3/t three\n");
  EXPECT_NE(run("mosquitto_pub -i banned -t t -m x" + port).first, 0);
}

}  // namespace
}  // namespace penstock::mqtt
