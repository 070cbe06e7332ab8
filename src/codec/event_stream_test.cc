#include "codec/event_stream.h"

#include <gtest/gtest.h>

#include <array>

#include "codec/crc32.h"
#include "core/encoding/hex.h"
#include "core/random.h"

namespace penstock::codec {
namespace {

std::string message(std::span<const EventHeaderText> headers, std::string_view payload) {
  std::string out;
  append_event_message(headers, payload, out);
  return out;
}
std::string message(std::initializer_list<EventHeaderText> headers, std::string_view payload) {
  return message(std::span(headers.begin(), headers.size()), payload);
}

/// What comes out of `bytes`, fed at once: the error's text, or how many messages.
std::string read_all(std::string_view bytes, std::vector<EventMessage>* out = nullptr) {
  EventStreamReader reader;
  reader.append(bytes);
  for (int count = 0;; ++count) {
    auto next = reader.next();
    if (!next.has_value()) return next.error().message;
    if (!next->has_value()) return std::to_string(count) + (reader.at_boundary() ? "" : " and a part");
    if (out != nullptr) out->push_back(std::move(**next));
  }
}

TEST(Crc32, GivesTheKnownValuesAndContinues) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
  EXPECT_EQ(crc32("56789", crc32("1234")), 0xCBF43926U);
}

TEST(EventStream, WritesTheBytesOfTheSpecification) {
  // The specification's smallest message, and one with a header and a payload (as other implementations' tests have).
  EXPECT_EQ(hex_encode(message({}, "")), "000000100000000005c248eb7d98c8ff");
  EXPECT_EQ(hex_encode(message({}, "{'foo':'bar'}")), "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936");
  EXPECT_EQ(hex_encode(message({{"content-type", "application/json"}}, "{'foo':'bar'}")),
            "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a2762"
            "6172277d8d9c08b1");
}

TEST(EventStream, ReadsEveryTypeOfHeader) {
  std::string headers;
  const auto header = [&](std::string_view name, int type, std::string_view value_hex) {
    headers += static_cast<char>(name.size());
    headers += name;
    headers += static_cast<char>(type);
    headers += hex_decode(value_hex).value();
  };
  header("y", 0, "");
  header("n", 1, "");
  header("b", 2, "ff");
  header("s", 3, "0102");
  header("i", 4, "01020304");
  header("l", 5, "0102030405060708");
  header("a", 6, "0003010203");
  header("t", 7,
         "0001"
         "61");
  header("w", 8, "0000018bcfe5687b");
  header("u", 9, "000102030405060708090a0b0c0d0e0f");
  const auto big_endian = [](std::uint32_t v) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xFFU);
    return out;
  };
  std::string bytes = big_endian(static_cast<std::uint32_t>(16 + headers.size() + 1)) +
                      big_endian(static_cast<std::uint32_t>(headers.size()));
  bytes += big_endian(crc32(bytes)) + headers + "p";
  bytes += big_endian(crc32(bytes));
  std::vector<EventMessage> read;
  ASSERT_EQ(read_all(bytes, &read), "1");
  ASSERT_EQ(read[0].headers.size(), 10U);
  EXPECT_EQ(read[0].headers[0], (EventHeader{"y", "", EventHeaderType::yes}));
  EXPECT_EQ(read[0].headers[4], (EventHeader{"i", "\x01\x02\x03\x04", EventHeaderType::int32}));
  EXPECT_EQ(read[0].headers[6], (EventHeader{"a", "\x01\x02\x03", EventHeaderType::bytes}));
  EXPECT_EQ(read[0].headers[9].value.size(), 16U);
  EXPECT_EQ(read[0].find("t"), "a");
  EXPECT_EQ(read[0].find("a"), "") << "not a string";
  EXPECT_EQ(read[0].payload, "p");
}

TEST(EventStream, ReadsWhatItWroteInPiecesOfAnySize) {
  SeededRandom random(91);
  for (int round = 0; round < 100; ++round) {
    std::string bytes;
    std::vector<EventMessage> written;
    for (std::size_t n = 1 + random.below(4); n > 0; --n) {
      std::string payload(random.below(300), '\0');
      random.fill(std::as_writable_bytes(std::span(payload)));
      const std::array<EventHeaderText, 2> headers = {{{":message-type", "event"}, {":event-type", "SomethingNew"}}};
      append_event_message(headers, payload, bytes);
      written.push_back({.headers = {{":message-type", "event"}, {":event-type", "SomethingNew"}}, .payload = payload});
    }
    EventStreamReader reader;
    std::vector<EventMessage> read;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(1 + random.below(100), rest.size());
      reader.append(rest.substr(0, size));
      rest.remove_prefix(size);
      while (true) {
        auto next = reader.next();
        ASSERT_TRUE(next.has_value()) << next.error().message;
        if (!next->has_value()) break;
        read.push_back(std::move(**next));
      }
    }
    EXPECT_EQ(read, written);
    EXPECT_TRUE(reader.at_boundary());
  }
}

TEST(EventStream, RefusesWhateverIsNotAsItWasWritten) {
  const std::string good = message({{":message-type", "event"}}, "payload");
  EXPECT_EQ(read_all(good + good), "2");
  EXPECT_EQ(read_all(good.substr(0, good.size() - 1)), "0 and a part");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string spoilt = good;
    spoilt[i] = static_cast<char>(spoilt[i] ^ 1);
    EXPECT_TRUE(read_all(spoilt).starts_with("bad event stream: a wrong checksum")) << i << ": " << read_all(spoilt);
  }
}

TEST(EventStream, BoundsWhatALengthMayClaim) {
  const auto prelude = [](std::string_view lengths_hex) {
    std::string bytes = hex_decode(lengths_hex).value();
    const std::uint32_t crc = crc32(bytes);
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift & 0xFFU);
    return bytes;
  };
  EXPECT_EQ(read_all(prelude("0000000f00000000")), "bad event stream: lengths out of bounds");
  EXPECT_EQ(read_all(prelude("0000001000000001")), "bad event stream: lengths out of bounds");
  EXPECT_EQ(read_all(prelude("00ffffff00020001")), "bad event stream: lengths out of bounds");
  EXPECT_EQ(read_all(prelude("0100001100000000")), "bad event stream: lengths out of bounds");
  EXPECT_EQ(read_all(prelude("0100001000000000")), "0 and a part");
}

}  // namespace
}  // namespace penstock::codec
