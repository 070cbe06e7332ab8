#include "consumers/kinesis_event.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "consumers/lane_fixture.h"

namespace penstock::consumers {
namespace {

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() {
    for (std::uint64_t i = 1; i <= 3; ++i) records_.push_back(test_record(i, from_unix_ms(kTestStartMs)));
    batch_.records = records_;
  }
  BatchAnswer read(std::string_view payload, AnswerRules rules = {.reports_failures = true}) const {
    return read_answer(payload, batch_, rules);
  }
  [[nodiscard]] std::string failed(std::size_t index) const {
    return R"({"itemIdentifier":")" + records_[index].sequence_number.str() + R"("})";
  }
  std::vector<LaneRecord> records_;
  InvokeBatch batch_;
};

// "Configuring partial batch response": what counts as complete success and as complete failure.
TEST_F(AnswerTest, EmptyReportsAreSuccesses) {
  for (const std::string_view payload :
       {R"({"batchItemFailures":[]})", R"({"batchItemFailures":null})", "{}", "null", "", "\"text\"", "[]"}) {
    EXPECT_TRUE(read(payload).succeeded) << payload;
  }
}

TEST_F(AnswerTest, ReportsThatCannotBeUnderstoodAreFailuresOfTheWholeBatch) {
  for (const std::string_view payload :
       {R"({"batchItemFailures":[{"itemIdentifier":""}]})", R"({"batchItemFailures":[{"itemIdentifier":null}]})",
        R"({"batchItemFailures":[{"identifier":"1"}]})", R"({"batchItemFailures":[{"itemIdentifier":"12"}]})",
        R"({"batchItemFailures":{}})", "{"}) {
    const BatchAnswer answer = read(payload);
    EXPECT_FALSE(answer.succeeded) << payload;
    EXPECT_FALSE(answer.first_failed.has_value()) << payload;
  }
}

TEST_F(AnswerTest, TheLowestReportedRecordCounts) {
  const BatchAnswer answer = read(R"({"batchItemFailures":[)" + failed(2) + "," + failed(1) + "]}");
  EXPECT_FALSE(answer.succeeded);
  EXPECT_EQ(answer.first_failed, 1);
}

TEST_F(AnswerTest, ReportsCountOnlyWhenTheMappingSaysSo) {
  EXPECT_TRUE(read(R"({"batchItemFailures":[)" + failed(0) + "]}", {}).succeeded);
  EXPECT_TRUE(read("{", {}).succeeded) << "nobody reads it";
}

TEST_F(AnswerTest, AWindowNeedsAState) {
  const AnswerRules rules{.reports_failures = true, .has_window = true};
  EXPECT_EQ(read(R"({"state":{"1":282,"2":715},"batchItemFailures":[]})", rules).state, R"({"1":282,"2":715})");
  for (const std::string_view payload : {"{}", "null", R"({"state":null})", R"({"state":5})"}) {
    EXPECT_FALSE(read(payload, rules).succeeded) << payload;
  }
  batch_.ends_window = true;
  EXPECT_TRUE(read("null", rules).succeeded) << "its last invocation needs none";
}

TEST(KinesisEventTest, AnEventIsNoLargerThanWasReckoned) {
  const EventOrigin origin{.event_source_arn = std::string(150, 'a'),
                           .stream_arn = "s",
                           .region = "ap-southeast-2",
                           .role_arn = std::string(100, 'r'),
                           .shard_id = "shardId-000000000000"};
  LaneRecord record = test_record(1, from_unix_ms(kTestStartMs), std::string(256, '\x01'));
  record.event_bytes = record_event_bytes(record, origin);
  const std::vector<LaneRecord> records(3, record);
  const Window window{.start = from_unix_ms(kTestStartMs), .length = milliseconds(60'000), .state = "{}"};
  const InvokeBatch batch{.records = records, .window = &window};
  const std::string event = render_event(batch, origin);
  EXPECT_LE(event.size(), event_overhead_bytes(origin) + window.state.size() + 3 * record.event_bytes);
  EXPECT_TRUE(codec::parse_json(event).has_value());
}

TEST(KinesisEventTest, ABucketGetsTheEventToo) {
  const EventOrigin origin{.event_source_arn = "arn", .stream_arn = "arn", .shard_id = "shardId-000000000000"};
  const std::vector<LaneRecord> records{test_record(1, from_unix_ms(kTestStartMs))};
  const Discard discard{.records = records, .reason = DiscardReason::too_old};
  const auto document = codec::parse_json(render_discarded({.discard = discard,
                                                            .request_id = "id",
                                                            .function_arn = "f",
                                                            .now = from_unix_ms(kTestStartMs),
                                                            .with_payload = true},
                                                           origin));
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->at("requestContext").at("condition").as_string(), "RecordAgeExceeded");
  EXPECT_EQ(document->at("requestContext").at("approximateInvokeCount"), 1) << "as AWS counts";
  EXPECT_EQ(document->at("timestamp").as_string(), "2023-11-14T22:13:20.000Z");
  EXPECT_FALSE(document->as_object().contains("responseContext")) << "it was never invoked";
  EXPECT_TRUE(codec::parse_json(document->at("payload").as_string())->as_object().contains("Records"));
  EXPECT_EQ(discarded_key("uuid", "shardId-000000000000", from_unix_ms(kTestStartMs), "r"),
            "aws/lambda/uuid/shardId-000000000000/2023/11/14/2023-11-14T22.13.20-r");
}

}  // namespace
}  // namespace penstock::consumers
