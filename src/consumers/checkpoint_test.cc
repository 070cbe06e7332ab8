#include "consumers/checkpoint.h"

#include <gtest/gtest.h>

#include "consumers/mapping.h"

namespace penstock::consumers {
namespace {

ShardCheckpoint two_lanes() {
  ShardCheckpoint out{.revision = 3, .lanes = {{.done = {.position = 9, .index = 2}}, {.done = {.position = 7}}}};
  out.lanes[0].window = Window{.start = from_unix_ms(1000), .length = milliseconds(500), .first = {.position = 4}};
  out.lanes[1].plan = {{.end = {.position = 8}, .retries = 1, .invocations = 2}};
  return out;
}

TEST(CheckpointTest, WhatIsWrittenIsRead) {
  const ShardCheckpoint checkpoint = two_lanes();
  EXPECT_EQ(decode_checkpoint(encode_checkpoint(checkpoint)), checkpoint);
  EXPECT_FALSE(decode_checkpoint(R"({"format":2,"revision":1,"lanes":[{"position":1,"index":0}]})").has_value());
  EXPECT_FALSE(decode_checkpoint(R"({"format":1,"revision":1,"lanes":[]})").has_value());
}

TEST(CheckpointTest, TheSameMappingGoesOnWhereEachLaneStood) {
  EXPECT_EQ(resume_lanes(two_lanes(), 3, 2), two_lanes().lanes);
  EXPECT_TRUE(resume_lanes(two_lanes(), 4, 2)[1].plan.empty()) << "an updated mapping counts retries anew";
}

TEST(CheckpointTest, AnotherNumberOfLanesBeginsWhereNothingIsSkipped) {
  const auto lanes = resume_lanes(two_lanes(), 4, 3);
  ASSERT_EQ(lanes.size(), 3);
  for (const LaneCheckpoint& lane : lanes) {
    EXPECT_EQ(lane, (LaneCheckpoint{.done = {.position = 4}})) << "where the open window began";
  }
  ShardCheckpoint one_ended = two_lanes();
  one_ended.lanes[0] = {.done = {.position = 20}, .ended = true};
  EXPECT_EQ(resume_lanes(one_ended, 4, 1)[0], (LaneCheckpoint{.done = {.position = 7}}));
}

TEST(MappingTest, WhatIsWrittenIsRead) {
  Mapping mapping;
  mapping.uuid = "u";
  mapping.event_source_arn = "arn";
  mapping.function_arn = "f";
  mapping.starting_position = StartingPosition::at_timestamp;
  mapping.starting_timestamp = from_unix_ms(5);
  mapping.options.function_name = "f";
  mapping.options.filters = {"{}"};
  mapping.options.bisects = true;
  mapping.tags = {{"a", "b"}};
  EXPECT_EQ(decode_mapping(encode_mapping(mapping)), mapping);
  EXPECT_FALSE(decode_mapping("{}").has_value());
}

TEST(MappingTest, SourcesAreStreamsAndConsumersOfTheHouse) {
  const std::string arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
  EXPECT_EQ(parse_source_arn(arn, "eu-central-1", "123456789012"), (SourceName{.stream = "s"}));
  EXPECT_EQ(parse_source_arn(arn + "/consumer/c:17", "eu-central-1", "123456789012"),
            (SourceName{.stream = "s", .consumer = "c", .consumer_created = "17"}));
  EXPECT_FALSE(parse_source_arn(arn, "us-east-1", "123456789012").has_value());
  EXPECT_FALSE(parse_source_arn(arn + "/x", "eu-central-1", "123456789012").has_value());
  EXPECT_EQ(stream_arn_of(arn + "/consumer/c:17"), arn);
}

}  // namespace
}  // namespace penstock::consumers
