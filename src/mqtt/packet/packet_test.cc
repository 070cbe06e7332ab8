#include <gmock/gmock.h>

#include "core/encoding/hex.h"
#include "core/random.h"
#include "mqtt/packet/frame.h"
#include "mqtt/packet/topic.h"
#include "mqtt/packet/utf8.h"
#include "mqtt/packet/v3.h"

namespace penstock::mqtt::packet {
namespace {

using testing::ElementsAre;

std::string bytes(std::string_view hex) { return hex_decode(hex).value(); }

Frame whole(std::string_view in) {
  auto frame = cut_frame(in);
  EXPECT_TRUE(frame.has_value());
  EXPECT_TRUE(frame->has_value());
  EXPECT_EQ((*frame)->size, in.size());
  return **frame;
}

// Golden packets: written out by hand from the specification's tables.

TEST(Golden, ConnectWithEverything) {
  const auto in = bytes(
      "102a"          // CONNECT, 42 bytes follow
      "00044d515454"  // "MQTT"
      "04"
      "ee"
      "003c"                // level 4; user, password, Will retain, QoS 1, Will, clean; 60 s
      "00076465766963652d"  // client id, 7 bytes "device-"
      "00047761726e"
      "0003627965"  // Will topic "warn", payload "bye"
      "000475736572"
      "000470617373");  // "user", "pass"
  const auto packet = v3::decode_connect(whole(in)).value();
  EXPECT_EQ(packet.client_id, "device-");
  EXPECT_EQ(packet.keep_alive_s, 60);
  EXPECT_TRUE(packet.clean_session);
  ASSERT_TRUE(packet.will.has_value());
  EXPECT_EQ(packet.will->topic, "warn");
  EXPECT_EQ(packet.will->payload, "bye");
  EXPECT_EQ(packet.will->qos, 1);
  EXPECT_TRUE(packet.will->retain);
  EXPECT_EQ(packet.username, "user");
  EXPECT_EQ(packet.password, "pass");
  std::string out;
  v3::append_connect(out, packet);
  EXPECT_EQ(hex_encode(out), hex_encode(in));
}

TEST(Golden, PublishQos1) {
  const auto in = bytes(
      "3209"
      "0003612f62"
      "000a"
      "6869");
  const auto packet = v3::decode_publish(whole(in)).value();
  EXPECT_EQ(packet.topic, "a/b");
  EXPECT_EQ(packet.id, 10);
  EXPECT_EQ(packet.qos, 1);
  EXPECT_EQ(packet.payload, "hi");
  EXPECT_FALSE(packet.retain);
  std::string out;
  v3::append_publish(out, packet);
  EXPECT_EQ(hex_encode(out), hex_encode(in));
}

TEST(Golden, SubscribeAndItsAnswer) {
  const auto in = bytes(
      "820e"
      "000a"
      "0003612f62"
      "01"
      "0003632f64"
      "00");
  const auto packet = v3::decode_subscribe(whole(in)).value();
  EXPECT_EQ(packet.id, 10);
  ASSERT_EQ(packet.subscriptions.size(), 2u);
  EXPECT_EQ(packet.subscriptions[0].filter, "a/b");
  EXPECT_EQ(packet.subscriptions[0].qos, 1);
  EXPECT_EQ(packet.subscriptions[1].qos, 0);
  std::string out;
  v3::append_subscribe(out, packet);
  EXPECT_EQ(hex_encode(out), hex_encode(in));
  out.clear();
  v3::append_suback(out, {.id = 10, .codes = {1, 0x80}});
  EXPECT_EQ(hex_encode(out), "9004000a0180");
  EXPECT_THAT(v3::decode_suback(whole(out)).value().codes, ElementsAre(1, 0x80));
}

TEST(Golden, SmallPackets) {
  std::string out;
  v3::append_connack(out, {.session_present = true, .code = ConnectCode::accepted});
  v3::append_puback(out, 0x1234);
  v3::append_unsuback(out, 1);
  v3::append_unsubscribe(out, {.id = 2, .filters = {"a"}});
  v3::append_pingreq(out);
  v3::append_pingresp(out);
  v3::append_disconnect(out);
  EXPECT_EQ(hex_encode(out),
            "20020100"
            "40021234"
            "b0020001"
            "a2050002000161"
            "c000"
            "d000"
            "e000");
}

TEST(FrameTest, RemainingLengthsOfEverySize) {
  for (const std::size_t size : {0UL, 127UL, 128UL, 16'383UL, 16'384UL, kPayloadBytesMax - 3}) {
    std::string out;
    const std::string payload(size, 'x');
    v3::append_publish(out, {.topic = "t", .payload = payload});
    const auto packet = v3::decode_publish(whole(out)).value();
    EXPECT_EQ(packet.payload.size(), size);
    for (std::size_t cut = 0; cut < std::min<std::size_t>(out.size(), 6); ++cut) {
      EXPECT_FALSE(cut_frame(std::string_view(out).substr(0, cut)).value().has_value());
    }
  }
}

TEST(FrameTest, RefusesEarly) {
  for (const auto* wrong : {"00", "f0", "11", "c1", "80", "a0", "60", "30ffffffff", "30ffffff7f", "30ffffff"}) {
    const auto frame = cut_frame(bytes(wrong));
    if (std::string_view(wrong) == "30ffffff") {
      EXPECT_TRUE(frame.has_value()) << wrong;  // the fourth length byte is still to come
    } else {
      EXPECT_FALSE(frame.has_value()) << wrong;
    }
  }
}

TEST(Malformed, Packets) {
  const auto refused = [](std::string_view hex) {
    const auto in = bytes(hex);
    const auto frame = whole(in);
    switch (frame.type) {
      case Type::connect: return !v3::decode_connect(frame).has_value();
      case Type::publish: return !v3::decode_publish(frame).has_value();
      case Type::subscribe: return !v3::decode_subscribe(frame).has_value();
      case Type::unsubscribe: return !v3::decode_unsubscribe(frame).has_value();
      case Type::puback: return !v3::decode_id_only(frame).has_value();
      default: return !v3::decode_empty(frame).has_value();
    }
  };
  EXPECT_TRUE(refused("1000"));                            // CONNECT without anything
  EXPECT_TRUE(refused("100c00044d5154540403003c0000"));    // reserved flag set
  EXPECT_TRUE(refused("100c00044d5154540442003c0000"));    // password without user name
  EXPECT_TRUE(refused("100c00044d515454040a003c0000"));    // Will QoS without Will
  EXPECT_TRUE(refused("100d00044d5154540402003c000000"));  // a byte too many
  EXPECT_TRUE(refused("100c00044d5154580402003c0000"));    // "MQTX"
  EXPECT_TRUE(refused("30020005"));                        // topic longer than the packet
  EXPECT_TRUE(refused("3007000361ff62000a"));              // 0xff is no UTF-8
  EXPECT_TRUE(
      refused("320500016100"
              "00"));                        // id 0
  EXPECT_TRUE(refused("36050001610001"));    // QoS 3
  EXPECT_TRUE(refused("3803000161"));        // DUP with QoS 0
  EXPECT_TRUE(refused("8202000a"));          // SUBSCRIBE to nothing
  EXPECT_TRUE(refused("8206000a00016103"));  // QoS 3
  EXPECT_TRUE(refused("8205000a000161"));    // no QoS
  EXPECT_TRUE(refused("a202000a"));          // UNSUBSCRIBE from nothing
  EXPECT_TRUE(refused("40020000"));          // PUBACK for 0
  EXPECT_TRUE(refused("4003000100"));        // PUBACK with more
  EXPECT_TRUE(refused("c00100"));            // PINGREQ with a body
}

TEST(Connect, TellsOtherVersionsApart) {
  EXPECT_EQ(v3::decode_connect(whole(bytes("100d00044d5154540502003c000000"))).value().protocol_level, 5);
  EXPECT_EQ(v3::decode_connect(whole(bytes("100e00064d51497364700302003c0000"))).value().protocol_level, 3);
}

TEST(Utf8, IsStrict) {
  for (const std::string_view good : {"", "a", "abcdefgh", "ä", "€ and more", "😀", "\xef\xbb\xbf"}) {
    EXPECT_TRUE(is_mqtt_utf8(good)) << good;
  }
  using namespace std::string_view_literals;
  for (const std::string_view bad : {"\0"sv, "abcdefg\0"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv,
                                     "\xe0\x80\x80"sv, "abc\xe2\x82"sv, "\x80"sv, "\xff"sv}) {
    EXPECT_FALSE(is_mqtt_utf8(bad)) << hex_encode(bad);
  }
}

TEST(Topic, NamesAndFilters) {
  EXPECT_EQ(check_topic_name("a/b"), TopicFault::none);
  EXPECT_EQ(check_topic_name("/"), TopicFault::none);
  EXPECT_EQ(check_topic_name(""), TopicFault::malformed);
  EXPECT_EQ(check_topic_name("a/+"), TopicFault::malformed);
  EXPECT_EQ(check_topic_name(std::string(257, 'x')), TopicFault::too_long);
  EXPECT_EQ(check_topic_name("1/2/3/4/5/6/7/8"), TopicFault::none);
  EXPECT_EQ(check_topic_name("1/2/3/4/5/6/7/8/9"), TopicFault::too_deep);
  EXPECT_EQ(check_topic_name("$aws/rules/r/1/2/3/4/5/6/7/8"), TopicFault::none);
  EXPECT_EQ(check_topic_filter("+/a/#"), TopicFault::none);
  EXPECT_EQ(check_topic_filter("#"), TopicFault::none);
  for (const auto* bad : {"", "a+", "a/#/b", "a#", "+a/b"}) EXPECT_EQ(check_topic_filter(bad), TopicFault::malformed);
}

TEST(Topic, Matching) {
  EXPECT_TRUE(topic_matches("a/b", "a/b"));
  EXPECT_FALSE(topic_matches("a/b", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/b/c", "a/b"));
  EXPECT_TRUE(topic_matches("a/+/c", "a/b/c"));
  EXPECT_TRUE(topic_matches("a/+", "a/"));
  EXPECT_FALSE(topic_matches("a/+", "a"));
  EXPECT_TRUE(topic_matches("+/+", "/"));
  EXPECT_TRUE(topic_matches("sensor/#", "sensor/"));
  EXPECT_TRUE(topic_matches("sensor/#", "sensor/temperature/room1"));
  EXPECT_FALSE(topic_matches("sensor/#", "sensor"));  // as AWS IoT, unlike the specification
  EXPECT_TRUE(topic_matches("#", "a/b"));
  EXPECT_FALSE(topic_matches("#", "$aws/x"));
  EXPECT_FALSE(topic_matches("+/x", "$aws/x"));
  EXPECT_TRUE(topic_matches("$aws/#", "$aws/x"));
}

}  // namespace
}  // namespace penstock::mqtt::packet
