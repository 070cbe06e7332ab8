#include "services/kinesis/call_rates.h"

#include <gtest/gtest.h>

#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

enum class Of : std::uint8_t { account, stream, subscription };

struct Rate {
  std::string_view operation;
  int per_second;
  Of of;
  /// Valid, but for a stream that is not there: NAME, or its ARN.
  std::string_view body;
};

// Kinesis Data Streams Developer Guide, "Quotas and limits", API limits.
constexpr Rate kRates[] = {
    {"AddTagsToStream", 5, Of::account, R"({"StreamName":"NAME","Tags":{"a":"b"}})"},
    {"CreateStream", 5, Of::account, R"({"StreamName":"NAME"})"},
    {"DecreaseStreamRetentionPeriod", 5, Of::stream, R"({"StreamName":"NAME","RetentionPeriodHours":24})"},
    {"DeleteStream", 5, Of::account, R"({"StreamName":"NAME"})"},
    {"DeregisterStreamConsumer", 5, Of::stream, R"({"StreamARN":"ARN","ConsumerName":"c"})"},
    {"DescribeLimits", 1, Of::account, "{}"},
    {"DescribeStream", 10, Of::account, R"({"StreamName":"NAME"})"},
    {"DescribeStreamConsumer", 20, Of::stream, R"({"StreamARN":"ARN","ConsumerName":"c"})"},
    {"DescribeStreamSummary", 20, Of::account, R"({"StreamName":"NAME"})"},
    {"IncreaseStreamRetentionPeriod", 5, Of::stream, R"({"StreamName":"NAME","RetentionPeriodHours":24})"},
    {"ListShards", 1000, Of::stream, R"({"StreamName":"NAME"})"},
    {"ListStreamConsumers", 5, Of::stream, R"({"StreamARN":"ARN"})"},
    {"ListStreams", 5, Of::account, "{}"},
    {"ListTagsForStream", 5, Of::account, R"({"StreamName":"NAME"})"},
    {"MergeShards", 5, Of::account, R"({"StreamName":"NAME","ShardToMerge":"a","AdjacentShardToMerge":"b"})"},
    {"RegisterStreamConsumer", 5, Of::stream, R"({"StreamARN":"ARN","ConsumerName":"c"})"},
    {"RemoveTagsFromStream", 5, Of::account, R"({"StreamName":"NAME","TagKeys":["a"]})"},
    {"SplitShard", 5, Of::account, R"({"StreamName":"NAME","ShardToSplit":"a","NewStartingHashKey":"5"})"},
    {"SubscribeToShard", 1, Of::subscription,
     R"({"ConsumerARN":"ARN/consumer/c:1","ShardId":"a","StartingPosition":{"Type":"LATEST"}})"},
    {"UpdateShardCount", 10, Of::account,
     R"({"StreamName":"NAME","TargetShardCount":1,"ScalingType":"UNIFORM_SCALING"})"},
};

class CallRatesTest : public KinesisFixture {
 protected:
  CallRatesTest() {
    settings_.limits.control_calls.choice = stream::Limit::Choice::aws;
    reopen();
  }

  static std::string body_for(std::string_view body, const std::string& stream) {
    std::string text(body);
    for (const auto& [mark, value] :
         {std::pair<std::string, std::string>{"NAME", stream},
          {"ARN/", "arn:aws:kinesis:eu-central-1:123456789012:stream/" + stream + "/"},
          {"\"ARN\"", "\"arn:aws:kinesis:eu-central-1:123456789012:stream/" + stream + "\""}}) {
      if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), value);
    }
    return text;
  }

  bool is_too_often(std::string_view operation, const std::string& body) {
    const auto answer = call_text(operation, body);
    if (answer.has_value()) return false;
    EXPECT_NE(answer.error().code, "ValidationException") << body << answer.error().message;
    return answer.error().code == "LimitExceededException" && answer.error().message.starts_with("Rate exceeded");
  }
};

TEST_F(CallRatesTest, EachOperationMayBeCalledAsOftenAsAwsSays) {
  for (const Rate& rate : kRates) {
    SCOPED_TRACE(rate.operation);
    clock_.advance(std::chrono::seconds(5));
    const std::string body = body_for(rate.body, "s");
    for (int i = 0; i < rate.per_second; ++i) ASSERT_FALSE(is_too_often(rate.operation, body)) << i;
    EXPECT_TRUE(is_too_often(rate.operation, body));
    if (rate.body != "{}") {
      EXPECT_EQ(is_too_often(rate.operation, body_for(rate.body, "t")), rate.of == Of::account)
          << "what a call on another stream counts towards";
    }
    clock_.advance(std::chrono::seconds(1));
    EXPECT_FALSE(is_too_often(rate.operation, body)) << "a second later";
  }
}

TEST_F(CallRatesTest, ASubscriptionsRateIsOfItsConsumerAndShard) {
  const auto* body =
      R"({"ConsumerARN":"ARN/consumer/CONSUMER:1","ShardId":"SHARD","StartingPosition":{"Type":"LATEST"}})";
  const auto subscribe = [&](const std::string& consumer, const std::string& shard) {
    std::string text = body_for(body, "s");
    text.replace(text.find("CONSUMER"), 8, consumer);
    text.replace(text.find("SHARD\""), 5, shard);
    return is_too_often("SubscribeToShard", text);
  };
  EXPECT_FALSE(subscribe("c", "a"));
  EXPECT_TRUE(subscribe("c", "a"));
  EXPECT_FALSE(subscribe("c", "b"));
  EXPECT_FALSE(subscribe("d", "a"));
}

TEST_F(CallRatesTest, ANumberHoldsForEveryOperation) {
  settings_.limits.control_calls = {.choice = stream::Limit::Choice::number, .number = 2};
  reopen();
  for (const Rate& rate : kRates) {
    const std::string body = body_for(rate.body, "s");
    EXPECT_FALSE(is_too_often(rate.operation, body));
    EXPECT_FALSE(is_too_often(rate.operation, body));
    EXPECT_TRUE(is_too_often(rate.operation, body)) << rate.operation;
  }
}

TEST_F(CallRatesTest, OffIsOff) {
  settings_.limits.control_calls.choice = stream::Limit::Choice::off;
  reopen();
  for (int i = 0; i < 50; ++i) ASSERT_FALSE(is_too_often("DescribeLimits", "{}"));
}

}  // namespace
}  // namespace penstock::services::kinesis
