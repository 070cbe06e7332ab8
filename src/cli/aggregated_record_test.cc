#include "cli/aggregated_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string>

#include "core/encoding/hex.h"

namespace penstock::cli {
namespace {

using testing::ElementsAre;

/// A field of a protocol buffer's message whose bytes are fewer than 128.
std::string bytes_field(int number, std::string_view bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  out.push_back(static_cast<char>(bytes.size()));
  return out.append(bytes);
}
std::string number_field(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }

std::string between_mark_and_digest(std::string_view message) {
  std::array<unsigned char, 16> digest{};
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_md5(), nullptr), 1);
  std::string out = "\xf3\x89\x9a\xc2";
  return out.append(message).append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

UserRecord user(std::string_view key, std::string_view data, std::string_view hash = {}) {
  return {.partition_key = key, .explicit_hash_key = hash, .data = data};
}

TEST(AggregatedRecord, GivesTheUserRecordsInTheirOrder) {
  const std::string message = bytes_field(1, "a") + bytes_field(1, "b") + bytes_field(2, "12345") +
                              bytes_field(3, number_field(1, 1) + bytes_field(3, "first")) +
                              bytes_field(3, number_field(1, 0) + number_field(2, 0) + bytes_field(3, "second")) +
                              bytes_field(3, number_field(1, 1) + bytes_field(3, ""));
  const std::string record = between_mark_and_digest(message);
  const auto users = read_aggregated_record(record);
  ASSERT_TRUE(users.has_value());
  EXPECT_THAT(*users, ElementsAre(user("b", "first"), user("a", "second", "12345"), user("b", "")));
}

TEST(AggregatedRecord, ReadsTheBytesOfAwsKinesisAgg) {
  // What aws-kinesis-agg 4.2.8 makes of {sensor-1, "20.5"} and {sensor-2, "21", explicit hash key 7}.
  const auto bytes = hex_decode(
      "f3899ac20a0873656e736f722d310a0873656e736f722d321201371a0808001a0432302e351a08080110001a023231aca46667ea0a72f0a7"
      "57cc6f5ef74a9a");
  ASSERT_TRUE(bytes.has_value());
  const auto users = read_aggregated_record(*bytes);
  ASSERT_TRUE(users.has_value());
  EXPECT_THAT(*users, ElementsAre(user("sensor-1", "20.5"), user("sensor-2", "21", "7")));
}

TEST(AggregatedRecord, TagsAndFieldsOfLaterVersionsAreSteppedOver) {
  const std::string tag = bytes_field(4, bytes_field(1, "k") + bytes_field(2, "v"));
  const std::string fixed = std::string("\x39") + std::string(8, 'x') + std::string("\x3d") + std::string(4, 'x');
  const std::string message = bytes_field(1, "a") + fixed + number_field(9, 5) +
                              bytes_field(3, number_field(1, 0) + bytes_field(3, "data") + tag + number_field(15, 1));
  const auto record = between_mark_and_digest(message);
  const auto users = read_aggregated_record(record);
  ASSERT_TRUE(users.has_value());
  EXPECT_THAT(*users, ElementsAre(user("a", "data")));
}

TEST(AggregatedRecord, WhatIsNotOneIsARecordOfItsOwn) {
  const std::string one = bytes_field(1, "a") + bytes_field(3, number_field(1, 0) + bytes_field(3, "data"));
  ASSERT_TRUE(read_aggregated_record(between_mark_and_digest(one)).has_value());
  std::string spoilt = between_mark_and_digest(one);
  spoilt.back() = static_cast<char>(spoilt.back() ^ 1);
  const std::string whole = between_mark_and_digest(one);
  for (const std::string& other : {
           std::string(), std::string("plain"), std::string("\xf3\x89\x9a\xc2"), spoilt, one,
           whole.substr(0, whole.size() - 1), whole + "x",
           between_mark_and_digest(""),                                                         // no user records
           between_mark_and_digest(bytes_field(1, "a")),                                        //
           between_mark_and_digest(bytes_field(3, number_field(1, 0) + bytes_field(3, "d"))),   // no such key
           between_mark_and_digest(bytes_field(1, "a") + bytes_field(3, number_field(1, 0))),   // no data
           between_mark_and_digest(bytes_field(1, "a") + bytes_field(3, bytes_field(3, "d"))),  // no key
           between_mark_and_digest(bytes_field(1, "a") + bytes_field(3, number_field(1, 0) + number_field(2, 0) +
                                                                            bytes_field(3, "d"))),  // no such hash key
           between_mark_and_digest(one + "\x1a\x7f"),                                               // cut off
           between_mark_and_digest(one + std::string("\x0b")),                                      // a group
           between_mark_and_digest(one + std::string(11, '\xff')),                                  // an endless number
           between_mark_and_digest(one + std::string(2, '\0')),                                     // field 0
       }) {
    EXPECT_FALSE(read_aggregated_record(other).has_value()) << hex_encode(other);
  }
}

}  // namespace
}  // namespace penstock::cli
