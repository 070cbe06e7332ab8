#include "mqtt/client/client.h"

#include <gmock/gmock.h>

#include <future>

#include "mqtt/transport/listener.h"
#include "pki/pki.h"

namespace penstock::mqtt {
namespace {

struct Anyone final : ClientIdentity {
  [[nodiscard]] std::string_view principal() const override { return "anyone"; }
};

struct OpenDoor final : Gatekeeper {
  Result<IdentityPtr> connect(const ConnectAttempt& attempt) override {
    if (attempt.client_id == "banned") return fail(ErrorKind::denied, "banned");
    return std::make_shared<Anyone>();
  }
  bool may_publish(const ClientIdentity&, std::string_view topic, bool) override { return topic != "forbidden"; }
  bool may_subscribe(const ClientIdentity&, std::string_view filter) override { return filter != "#"; }
  bool may_receive(const ClientIdentity&, std::string_view) override { return true; }
};

struct NoSink final : PublishSink {
  Task<Result<void>> on_publish(MessagePtr) override { co_return Result<void>{}; }
};

struct ClientTest : testing::Test {
  SystemClock clock;
  SystemRandom random;
  OpenDoor door;
  NoSink sink;
  net::EventLoops server_loops{1};
  net::EventLoops client_loops{1};
  Broker broker{clock, random, nullptr, door, sink};
  std::unique_ptr<Listener> listener;

  void listen(ListenerOptions options = {}) {
    listener = Listener::start(server_loops, broker, {"127.0.0.1", 0}, std::move(options)).value();
  }
  std::shared_ptr<Client> make(const std::string& id, std::optional<ClientTls> tls = std::nullopt) {
    ClientOptions options;
    options.server = {"localhost", listener->address().port};
    options.client_id = id;
    options.tls = std::move(tls);
    return Client::make(client_loops.at(0), options).value();
  }
  /// Runs a call of the client on its loop and waits for its callback.
  template <class Call>
  Result<void> wait(Call call) {
    std::promise<Result<void>> done;
    client_loops.at(0).post([&] { call([&done](Result<void> result) { done.set_value(std::move(result)); }); });
    return done.get_future().get();
  }
  Result<void> connect(Client& client) {
    return wait([&](Client::Done done) { client.connect(std::move(done)); });
  }
};

TEST_F(ClientTest, PublishesAndReceives) {
  listen();
  const auto client = make("c");
  ASSERT_TRUE(connect(*client).has_value());
  std::promise<std::string> heard;
  client->on_message([&](const packet::PublishView& m) { heard.set_value(std::string(m.payload)); });
  ASSERT_TRUE(wait([&](auto done) { client->subscribe({{"t/+", 1}}, std::move(done)); }).has_value());
  ASSERT_TRUE(
      wait([&](auto done) { client->publish("t/1", std::string(100'000, 'x'), 1, std::move(done)); }).has_value());
  EXPECT_EQ(heard.get_future().get().size(), 100'000u);
  const auto refused = wait([&](auto done) { client->subscribe({{"#", 1}}, std::move(done)); });
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  net::EventLoops::run_on(client_loops.at(0), [&] { client->disconnect(); });
}

TEST_F(ClientTest, SaysWhyItWasRefused) {
  listen();
  const auto client = make("banned");
  const auto refused = connect(*client);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
}

TEST_F(ClientTest, WhatWasNotAcknowledgedIsUnknown) {
  listen();
  const auto client = make("c");
  ASSERT_TRUE(connect(*client).has_value());
  std::promise<void> closed;
  client->on_closed([&] { closed.set_value(); });
  const auto lost = wait([&](auto done) { client->publish("forbidden", "x", 1, std::move(done)); });
  EXPECT_EQ(lost.error().kind, ErrorKind::outcome_unknown);
  closed.get_future().wait();
  const auto later = wait([&](auto done) { client->publish("t", "x", 1, std::move(done)); });
  EXPECT_EQ(later.error().kind, ErrorKind::unavailable);
}

TEST_F(ClientTest, CannotConnectWhereNobodyListens) {
  listen();
  const auto client = make("c");
  listener.reset();
  EXPECT_EQ(connect(*client).error().kind, ErrorKind::unavailable);
}

TEST_F(ClientTest, TlsChecksTheServer) {
  const auto authority = pki::Authority::create(clock, random, {}).value();
  const auto other = pki::Authority::create(clock, random, {}).value();
  const auto server = authority->issue_server({}).value();
  listen({.tls = TlsIdentity{server.certificate.certificate_pem, server.keys.private_key_pem}});
  const auto keys = pki::generate_key(pki::KeyKind::ec_p256).value();
  const auto device = authority->issue_device(keys.public_key_pem).value();
  const ClientTls good{authority->certificate_pem(), device.certificate_pem, keys.private_key_pem};
  const auto client = make("c", good);
  ASSERT_TRUE(connect(*client).has_value());
  EXPECT_TRUE(wait([&](auto done) { client->publish("t", "x", 1, std::move(done)); }).has_value());
  const auto wary = make("d", ClientTls{other->certificate_pem(), {}, {}});
  EXPECT_FALSE(connect(*wary).has_value());
  net::EventLoops::run_on(client_loops.at(0), [&] { client->disconnect(); });
}

}  // namespace
}  // namespace penstock::mqtt
