#include "stream/record_frame.h"

#include <gtest/gtest.h>

#include "core/encoding/hex.h"
#include "core/random.h"

namespace penstock::stream {
namespace {

// The worked example of docs/formats/record-frame.md.
TEST(RecordFrame, TheDocumentedExampleHolds) {
  const std::vector<FrameRecord> records = {
      {.partition_key = "sensor-1", .data = "{\"t\":1}"},
      {.partition_key = "k", .explicit_hash_key = parse_hash_key("256"), .data = ""},
  };
  const std::string frame = encode_record_frame(records);
  EXPECT_EQ(hex_encode(frame),
            "01000200"
            "0700000008000000"
            "73656e736f722d31"
            "7b2274223a317d"
            "0000000001000100"
            "6b"
            "00000000000000000000000000000100");
  const auto read = decode_record_frame(frame);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].partition_key, "sensor-1");
  EXPECT_EQ((*read)[0].data, "{\"t\":1}");
  EXPECT_FALSE((*read)[0].explicit_hash_key.has_value());
  EXPECT_EQ((*read)[1].explicit_hash_key, HashKey{256});
}

TEST(RecordFrame, EveryTruncationAndExtensionIsCorrupt) {
  const std::vector<FrameRecord> records = {{.partition_key = "a", .data = "one"},
                                            {.partition_key = "b", .explicit_hash_key = HashKey{1}, .data = "two"}};
  const std::string frame = encode_record_frame(records);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto cut = decode_record_frame(std::string_view(frame).substr(0, size));
    ASSERT_FALSE(cut.has_value()) << size;
    EXPECT_EQ(cut.error().kind, ErrorKind::corrupt);
  }
  EXPECT_FALSE(decode_record_frame(frame + "x").has_value());
}

TEST(RecordFrame, RandomRecordsRoundTrip) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> texts;
    const std::size_t count = 1 + random.below(50);
    for (std::size_t i = 0; i < count * 2; ++i) {
      texts.push_back(random.text(i % 2 == 0 ? 1 + random.below(300) : random.below(2000), "abc\"\\\n"));
    }
    std::vector<FrameRecord> records;
    for (std::size_t i = 0; i < count; ++i) {
      records.push_back({.partition_key = texts[i * 2], .data = texts[i * 2 + 1]});
      if (random.below(2) == 0) records.back().explicit_hash_key = HashKey{random.u64()} << 64U | random.u64();
    }
    const std::string frame = encode_record_frame(records);
    const auto read = decode_record_frame(frame);
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(read->size(), records.size());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ((*read)[i].partition_key, records[i].partition_key);
      EXPECT_EQ((*read)[i].data, records[i].data);
      EXPECT_EQ((*read)[i].explicit_hash_key, records[i].explicit_hash_key);
    }
  }
}

}  // namespace
}  // namespace penstock::stream
