#include "stream/sequence_number.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace penstock::stream {
namespace {

SequenceNumber any(SeededRandom& random) {
  return {.shard_created = from_unix_ms(static_cast<std::int64_t>(random.below(std::uint64_t{1} << 44U))),
          .shard = ShardIndex{static_cast<std::uint32_t>(random.u64())},
          .position = Position{random.u64() >> random.below(64)},
          .index = static_cast<std::uint16_t>(random.u64())};
}

TEST(SequenceNumber, HasFiftySixDigitsAndReadsBack) {
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    const SequenceNumber number = any(random);
    const std::string text = format_sequence_number(number);
    EXPECT_EQ(text.size(), 56U);
    EXPECT_EQ(parse_sequence_number(text), number) << text;
  }
}

TEST(SequenceNumber, TheWriterGivesTheSameTextAsFormattingEach) {
  SeededRandom random(2);
  for (int i = 0; i < 200; ++i) {
    SequenceNumber number = any(random);
    number.index = static_cast<std::uint16_t>(number.index / 2);
    SequenceWriter writer(number);
    for (int n = 0; n < 600; ++n, ++number.index) ASSERT_EQ(writer.next(), format_sequence_number(number));
  }
}

TEST(SequenceNumber, GrowsWithPositionAndIndexAndFromParentToChild) {
  const SequenceNumber base{
      .shard_created = from_unix_ms(1'700'000'000'000), .shard = ShardIndex{3}, .position = Position{9}, .index = 7};
  SequenceNumber later = base;
  later.index = 8;
  EXPECT_LT(format_sequence_number(base), format_sequence_number(later));
  later = base;
  later.position = Position{10};
  later.index = 0;
  EXPECT_LT(format_sequence_number(base), format_sequence_number(later));
  SequenceNumber child = base;
  child.shard_created += std::chrono::milliseconds(1);
  child.position = Position{0};
  SequenceNumber parents_end = base;
  parents_end.position = kAfterAll;
  EXPECT_LT(format_sequence_number(parents_end), format_sequence_number(child));
}

TEST(SequenceNumber, ParsingIsStrict) {
  const std::string good = format_sequence_number({.shard_created = from_unix_ms(1'700'000'000'000)});
  EXPECT_TRUE(parse_sequence_number(good).has_value());
  EXPECT_FALSE(parse_sequence_number(good + "0").has_value());
  EXPECT_FALSE(parse_sequence_number(good.substr(1)).has_value());
  EXPECT_FALSE(parse_sequence_number("").has_value());
  EXPECT_FALSE(parse_sequence_number("0").has_value());
  EXPECT_FALSE(parse_sequence_number(std::string(56, '9')).has_value());
  std::string wrong_version = good;
  wrong_version.back() = wrong_version.back() == '1' ? '2' : '1';
  EXPECT_FALSE(parse_sequence_number(wrong_version).has_value());
}

TEST(ShardId, HasTwelveDigitsAndIsReadAsAwsReadsIt) {
  EXPECT_EQ(format_shard_id(ShardIndex{7}), "shardId-000000000007");
  EXPECT_EQ(parse_shard_id("shardId-000000000007"), ShardIndex{7});
  EXPECT_EQ(parse_shard_id("7"), ShardIndex{7});
  EXPECT_EQ(parse_shard_id("shard-1"), ShardIndex{1});
  EXPECT_EQ(parse_shard_id("-00002147483647"), ShardIndex{2147483647});
  for (const auto* bad : {"", "shardId-", "shardId-x", "shardId-2147483648", "a-b-1", "2.14E4"}) {
    EXPECT_FALSE(parse_shard_id(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace penstock::stream
