#include <gmock/gmock.h>

#include "core/encoding/hex.h"
#include "mqtt/packet/v3.h"
#include "mqtt/session/channel.h"
#include "mqtt/session/outbox.h"

namespace penstock::mqtt::session {
namespace {

using namespace std::chrono_literals;
using packet::ConnectCode;

SteadyTime at(std::chrono::milliseconds ms) { return SteadyTime{ms}; }

std::string connect_packet(std::string client_id = "c", bool clean = true, std::uint16_t keep_alive_s = 60) {
  std::string out;
  packet::Connect connect;
  connect.client_id = std::move(client_id);
  connect.clean_session = clean;
  connect.keep_alive_s = keep_alive_s;
  packet::v3::append_connect(out, connect);
  return out;
}

std::string publish_packet(std::uint8_t qos, packet::PacketId id, std::string_view topic = "t",
                           std::string_view payload = "p") {
  std::string out;
  packet::v3::append_publish(out, {.topic = topic, .payload = payload, .id = id, .qos = qos});
  return out;
}

struct ChannelTest : testing::Test {
  Limits limits;
  Channel channel{limits, at(0ms)};
  Effects out;

  void connect(std::uint16_t keep_alive_s = 60) {
    channel.on_bytes(connect_packet("c", true, keep_alive_s), at(0ms), out);
    ASSERT_TRUE(out.connect.has_value());
    channel.accepted(false, at(0ms), out);
    ASSERT_EQ(hex_encode(out.send), "20020000");
    out.clear();
  }
  Ticket feed_publish(std::uint8_t qos, packet::PacketId id) {
    channel.on_bytes(publish_packet(qos, id), at(0ms), out);
    const auto ticket = std::get<Incoming>(out.requests.back()).ticket;
    out.requests.clear();
    return ticket;
  }
  void expect_closed(std::string_view bytes, CloseReason reason) {
    channel.on_bytes(bytes, at(0ms), out);
    ASSERT_TRUE(out.close.has_value());
    EXPECT_EQ(to_string(out.close->reason), to_string(reason)) << out.close->detail;
    const std::string more = publish_packet(1, 9);
    EXPECT_EQ(channel.on_bytes(more, at(0ms), out), 0u) << "a closed channel takes nothing";
  }
};

TEST_F(ChannelTest, PubacksLeaveInOrderOfThePublishes) {
  connect();
  const auto one = feed_publish(1, 11);
  const auto two = feed_publish(1, 12);
  const auto three = feed_publish(1, 13);
  channel.settled(three, true, out);
  channel.settled(two, true, out);
  EXPECT_EQ(out.send, "");
  channel.settled(one, true, out);
  EXPECT_EQ(hex_encode(out.send), "4002000b4002000c4002000d");
  EXPECT_EQ(channel.open_count(), 0u);
}

TEST_F(ChannelTest, QoS0DoesNotHoldUpPubacks) {
  connect();
  const auto zero = feed_publish(0, 0);
  const auto one = feed_publish(1, 5);
  channel.settled(one, true, out);
  EXPECT_EQ(hex_encode(out.send), "40020005");
  channel.settled(zero, false, out);
  EXPECT_FALSE(out.close.has_value());
}

TEST_F(ChannelTest, AFailedMessageIsNotAcknowledgedAndEndsTheConnection) {
  connect();
  const auto one = feed_publish(1, 1);
  const auto two = feed_publish(1, 2);
  channel.settled(two, true, out);
  channel.settled(one, false, out);
  EXPECT_EQ(out.send, "");
  ASSERT_TRUE(out.close.has_value());
  EXPECT_EQ(out.close->reason, CloseReason::not_stored);
}

TEST_F(ChannelTest, StopsReadingWhenAllClientsTogetherHaveTooMuchOpen) {
  connect();
  limits.all_inbound_bytes_max = 1000;
  limits.memory->inbound = 1000;  // of others
  EXPECT_FALSE(channel.has_room());
  EXPECT_EQ(channel.on_bytes(publish_packet(1, 1), at(0ms), out), 0U);
  limits.memory->inbound = 990;
  const auto ticket = feed_publish(1, 1);
  EXPECT_EQ(limits.memory->inbound, 990 + ticket.bytes);
  channel.settled(ticket, true, out);
  EXPECT_EQ(limits.memory->inbound, 990U);
}

TEST_F(ChannelTest, StopsReadingWhenTheWindowIsFull) {
  limits.inbound_in_flight_max = 2;
  connect();
  const auto three = publish_packet(1, 1) + publish_packet(1, 2) + publish_packet(1, 3);
  const auto taken = channel.on_bytes(three, at(0ms), out);
  EXPECT_EQ(taken, three.size() / 3 * 2);
  EXPECT_FALSE(channel.has_room());
  channel.settled(std::get<Incoming>(out.requests[0]).ticket, true, out);
  EXPECT_TRUE(channel.has_room());
  EXPECT_EQ(channel.on_bytes(std::string_view(three).substr(taken), at(0ms), out), three.size() / 3);
}

TEST_F(ChannelTest, TakesPacketsByteByByte) {
  const auto all = connect_packet() + publish_packet(1, 1);
  std::string pending;
  for (const char c : all) {
    pending.push_back(c);
    pending.erase(0, channel.on_bytes(pending, at(0ms), out));
    if (out.connect.has_value()) {
      channel.accepted(false, at(0ms), out);
      out.connect.reset();
    }
  }
  EXPECT_TRUE(pending.empty());
  ASSERT_EQ(out.requests.size(), 1u);
  EXPECT_EQ(std::get<Incoming>(out.requests[0]).message->payload, "p");
}

TEST_F(ChannelTest, NothingIsTakenBeforeTheConnectIsDecided) {
  const auto all = connect_packet() + publish_packet(0, 0);
  const auto taken = channel.on_bytes(all, at(0ms), out);
  EXPECT_EQ(taken, connect_packet().size());
  EXPECT_EQ(channel.on_bytes(std::string_view(all).substr(taken), at(0ms), out), 0u);
}

TEST_F(ChannelTest, FirstPacketMustBeConnect) { expect_closed(publish_packet(0, 0), CloseReason::protocol_error); }
TEST_F(ChannelTest, SecondConnectCloses) {
  connect();
  expect_closed(connect_packet(), CloseReason::protocol_error);
}
TEST_F(ChannelTest, QoS2Closes) {
  connect();
  expect_closed(publish_packet(2, 1), CloseReason::limit);
}
TEST_F(ChannelTest, SubscribeWithQoS2Closes) {
  connect();
  std::string in;
  packet::v3::append_subscribe(in, {.id = 1, .subscriptions = {{"a", 2}}});
  expect_closed(in, CloseReason::limit);
}
TEST_F(ChannelTest, NineSubscriptionsAtOnceClose) {
  connect();
  std::string in;
  packet::v3::append_subscribe(in, {.id = 1, .subscriptions = std::vector<packet::Subscription>(9, {"a", 0})});
  expect_closed(in, CloseReason::limit);
}
TEST_F(ChannelTest, TopicsBeyondAwsLimitsClose) {
  connect();
  expect_closed(publish_packet(1, 1, "1/2/3/4/5/6/7/8/9"), CloseReason::limit);
}
TEST_F(ChannelTest, OverlongPayloadCloses) {
  connect();
  expect_closed(publish_packet(1, 1, "t", std::string(packet::kPayloadBytesMax + 1, 'x')), CloseReason::limit);
}
TEST_F(ChannelTest, ServerPacketsFromAClientClose) {
  connect();
  expect_closed(hex_decode("d000").value(), CloseReason::protocol_error);
}
TEST_F(ChannelTest, DisconnectIsClean) {
  connect();
  expect_closed(hex_decode("e000").value(), CloseReason::client_disconnect);
}

TEST_F(ChannelTest, OtherProtocolVersionsAreRefusedWithCode1) {
  channel.on_bytes(hex_decode("100d00044d5154540502003c000000").value(), at(0ms), out);
  EXPECT_EQ(hex_encode(out.send), "20020001");
  ASSERT_TRUE(out.close.has_value());
  EXPECT_EQ(out.close->reason, CloseReason::refused);
}

TEST_F(ChannelTest, NamelessPersistentClientIsRefusedWithCode2) {
  channel.on_bytes(connect_packet("", false), at(0ms), out);
  EXPECT_EQ(hex_encode(out.send), "20020002");
}

TEST_F(ChannelTest, KeepAliveIsOneAndAHalfTimes) {
  connect(40);
  channel.on_tick(at(60s), true, out);
  EXPECT_FALSE(out.close.has_value());
  channel.on_bytes(hex_decode("c000").value(), at(60s), out);
  EXPECT_EQ(hex_encode(out.send), "d000");
  channel.on_tick(at(120s), true, out);
  EXPECT_FALSE(out.close.has_value());
  channel.on_tick(at(121s), true, out);
  ASSERT_TRUE(out.close.has_value());
  EXPECT_EQ(out.close->reason, CloseReason::keep_alive);
}

TEST_F(ChannelTest, TimeInWhichWeDidNotReadDoesNotCount) {
  connect(40);
  channel.on_tick(at(61s), false, out);
  channel.on_tick(at(120s), true, out);
  EXPECT_FALSE(out.close.has_value());
}

TEST_F(ChannelTest, NoConnectInTimeCloses) {
  channel.on_tick(at(11s), true, out);
  ASSERT_TRUE(out.close.has_value());
  EXPECT_EQ(out.close->reason, CloseReason::connect_timeout);
}

// Outbox

MessagePtr message(std::string payload, std::uint8_t qos) {
  auto m = std::make_shared<Message>();
  m->topic = "t";
  m->payload = std::move(payload);
  m->qos = qos;
  return m;
}

struct Sent {
  std::string payload;
  packet::PacketId id;
  bool duplicate;
};

std::vector<Sent> sent(std::string_view bytes) {
  std::vector<Sent> out;
  while (!bytes.empty()) {
    const auto frame = packet::cut_frame(bytes).value().value();
    const auto publish = packet::v3::decode_publish(frame).value();
    out.push_back({std::string(publish.payload), publish.id, publish.duplicate});
    bytes.remove_prefix(frame.size);
  }
  return out;
}

struct OutboxTest : testing::Test {
  Limits limits;
  Outbox outbox{limits};
  std::vector<Sent> pump(bool permitted = true) {
    std::string out;
    outbox.pump(out, 1 << 20, [permitted](const Message&) { return permitted; });
    return sent(out);
  }
};

TEST_F(OutboxTest, WindowOfUnacknowledgedMessages) {
  limits.outbound_in_flight_max = 2;
  for (const auto* text : {"a", "b", "c"}) EXPECT_TRUE(outbox.offer(message(text, 1), 1));
  const auto first = pump();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_FALSE(outbox.ready());
  EXPECT_TRUE(outbox.acknowledge(first[0].id));
  EXPECT_FALSE(outbox.acknowledge(first[0].id));
  EXPECT_TRUE(outbox.ready());
  ASSERT_EQ(pump().size(), 1u);
}

TEST_F(OutboxTest, AfterAReconnectTheUnacknowledgedComeFirstWithDup) {
  for (const auto* text : {"a", "b"}) outbox.offer(message(text, 1), 1);
  const auto before = pump();
  outbox.offer(message("zero", 0), 1);
  outbox.offer(message("c", 1), 1);
  outbox.interrupted();
  const auto after = pump();
  ASSERT_EQ(after.size(), 3u);
  EXPECT_EQ(after[0].payload, "a");
  EXPECT_EQ(after[0].id, before[0].id);
  EXPECT_TRUE(after[0].duplicate);
  EXPECT_EQ(after[2].payload, "c");
  EXPECT_FALSE(after[2].duplicate);
}

TEST_F(OutboxTest, RefusesWhatDoesNotFit) {
  limits.outbound_waiting_max = 1;
  EXPECT_TRUE(outbox.offer(message("a", 1), 1));
  EXPECT_FALSE(outbox.offer(message("b", 1), 1));
  limits.outbound_waiting_max = 10;
  limits.outbound_waiting_bytes_max = 5;
  EXPECT_FALSE(outbox.offer(message("12345", 1), 1));
}

TEST_F(OutboxTest, RefusesWhenTheMessagesOfAllClientsTakeTooMuch) {
  limits.all_outbound_bytes_max = 100;
  limits.memory->outbound = 101;
  EXPECT_FALSE(outbox.offer(message("a", 1), 1));
  limits.memory->outbound = 100;
  EXPECT_TRUE(outbox.offer(message("a", 1), 1));
}

TEST_F(OutboxTest, SubscriptionAndPublisherBothCapTheQos) {
  outbox.offer(message("a", 1), 0);
  outbox.offer(message("b", 0), 1);
  for (const auto& one : pump()) EXPECT_EQ(one.id, 0);
}

TEST_F(OutboxTest, WhatMayNotBeReceivedIsNotSent) {
  outbox.offer(message("a", 1), 1);
  EXPECT_TRUE(pump(false).empty());
  EXPECT_EQ(outbox.in_flight(), 0u);
  EXPECT_EQ(outbox.waiting(), 0u);
}

TEST_F(OutboxTest, PacketIdsNeverCollide) {
  limits.outbound_in_flight_max = 3;
  outbox.offer(message("stays", 1), 1);
  const auto stays = pump()[0].id;
  for (int i = 0; i < 70'000; ++i) {
    outbox.offer(message("x", 1), 1);
    const auto id = pump()[0].id;
    ASSERT_NE(id, stays);
    ASSERT_NE(id, 0);
    outbox.acknowledge(id);
  }
}

}  // namespace
}  // namespace penstock::mqtt::session
