#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "cli/commands/simulate_fleet.h"
#include "cli/commands/simulate_multispeq.h"
#include "codec/json.h"
#include "mqtt/packet/topic.h"
#include "mqtt/transport/listener.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

TEST(MultispeqTest, MeasurementsAreJsonOfThePromisedSizeAndMakeSense) {
  for (std::uint64_t number = 1; number <= 50; ++number) {
    Multispeq device("experiment", 7, number);
    EXPECT_EQ(mqtt::packet::check_topic_name(device.topic()), mqtt::packet::TopicFault::none);
    for (int hour = 0; hour < 24; ++hour) {
      const auto text = device.measure(from_unix_ms(1'780'000'000'000) + std::chrono::hours(hour));
      EXPECT_GE(text.size(), 1024u);
      EXPECT_LE(text.size(), 4096u);
      const auto value = codec::parse_json(text).value();
      const auto& sample = value.at("sample").at(0);
      const auto number_of = [&](const char* name) { return sample.at(name).to_number<double>(); };
      EXPECT_GT(number_of("Phi2"), 0.0);
      EXPECT_LT(number_of("Phi2"), 0.85);
      EXPECT_NEAR(number_of("LEF"), number_of("Phi2") * number_of("light_intensity") * 0.45, 1.0);
      EXPECT_NEAR(number_of("Phi2") + number_of("PhiNO") + number_of("PhiNPQ"), 1.0, 0.001);
      EXPECT_GE(number_of("FmPrime"), number_of("Fs"));
      EXPECT_GE(number_of("Fs"), number_of("FoPrime") * 0.99);
      const auto& ojip = sample.at("set").at(0).at("data_raw").as_array();
      EXPECT_GT(ojip.back().to_number<double>(), 3 * ojip.front().to_number<double>());
    }
  }
}

TEST(MultispeqTest, AnOpenClipGivesWhatNoLeafCan) {
  Multispeq device("experiment", 7, 1);
  for (int hour = 0; hour < 24; ++hour) {
    const auto text = device.measure(from_unix_ms(1'780'000'000'000) + std::chrono::hours(hour), Multispeq::Clip::open);
    EXPECT_GT(codec::parse_json(text).value().at("sample").at(0).at("FvP_over_FmP").to_number<double>(), 0.86);
  }
}

TEST(MultispeqTest, TheSameSeedIsTheSameDevice) {
  const auto at = from_unix_ms(1'780'000'000'000);
  EXPECT_EQ(Multispeq("e", 1, 2).measure(at), Multispeq("e", 1, 2).measure(at));
  EXPECT_NE(Multispeq("e", 1, 2).measure(at), Multispeq("e", 1, 3).measure(at));
}

struct Anyone final : mqtt::ClientIdentity {
  [[nodiscard]] std::string_view principal() const override { return "anyone"; }
};
struct OpenDoor final : mqtt::Gatekeeper {
  Result<mqtt::IdentityPtr> connect(const mqtt::ConnectAttempt&) override { return std::make_shared<Anyone>(); }
  bool may_publish(const mqtt::ClientIdentity&, std::string_view, bool) override { return true; }
  bool may_subscribe(const mqtt::ClientIdentity&, std::string_view) override { return true; }
  bool may_receive(const mqtt::ClientIdentity&, std::string_view) override { return true; }
};
/// Counts, and refuses every 50th message once.
struct Sink final : mqtt::PublishSink {
  std::atomic<int> taken = 0;
  std::atomic<int> asked = 0;
  bool failing = false;
  Task<Result<void>> on_publish(mqtt::MessagePtr) override {
    if (failing && ++asked % 50 == 0) co_return fail(ErrorKind::unavailable, "now and then");
    ++taken;
    co_return Result<void>{};
  }
};

struct FleetTest : testing::Test {
  SystemClock clock;
  SystemRandom random;
  OpenDoor door;
  Sink sink;
  net::EventLoops server_loops{1};
  net::EventLoops loops{1};
  mqtt::Broker broker{clock, random, nullptr, door, sink};
  std::unique_ptr<mqtt::Listener> listener = mqtt::Listener::start(server_loops, broker, {"127.0.0.1", 0}, {}).value();
  FleetOptions options;

  FleetTest() {
    options.server = listener->address();
    options.devices = 5;
    options.count = 20;
    options.rate = 0;
    options.in_flight = 4;
  }
  FleetSnapshot run() {
    auto fleet = Fleet::start(loops, clock, options).value();
    EXPECT_TRUE(fleet->wait_finished(std::chrono::seconds(60)));
    fleet->stop(std::chrono::seconds(10));
    return fleet->snapshot();
  }
};

TEST_F(FleetTest, EveryMeasurementIsAcknowledged) {
  const auto end = run();
  EXPECT_EQ(end.sent, 100u);
  EXPECT_EQ(end.acknowledged, 100u);
  EXPECT_EQ(end.latency.count, 100u);
  EXPECT_EQ(sink.taken, 100);
}

TEST_F(FleetTest, PacedMeasurementsToo) {
  options.rate = 500;
  EXPECT_EQ(run().acknowledged, 100u);
}

TEST_F(FleetTest, QoS0EndsToo) {
  options.qos = 0;
  options.payload_bytes = 50;
  EXPECT_EQ(run().acknowledged, 100u);
}

TEST_F(FleetTest, WhatWasNotAcknowledgedIsSentAgain) {
  sink.failing = true;
  const auto end = run();
  EXPECT_EQ(end.acknowledged, 100u);
  EXPECT_GT(end.sent_again, 0u);
  EXPECT_GE(sink.taken, 100);
}

TEST_F(FleetTest, SaysWhyItCannotConnect) {
  listener.reset();
  auto fleet = Fleet::start(loops, clock, options).value();
  EXPECT_FALSE(fleet->wait_finished(std::chrono::milliseconds(1)));
  while (fleet->snapshot().connection_failures == 0) std::this_thread::yield();
  fleet->stop(std::chrono::milliseconds(0));
  EXPECT_THAT(fleet->snapshot().last_failure, testing::HasSubstr("cannot connect"));
}

}  // namespace
}  // namespace penstock::cli
