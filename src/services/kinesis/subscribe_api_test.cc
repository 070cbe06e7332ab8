#include <gmock/gmock.h>

#include "core/encoding/base64.h"
#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::StartsWith;

class SubscribeApi : public KinesisFixture {
 protected:
  SubscribeApi() {
    ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
    arn_ = str(ok("RegisterStreamConsumer",
                  R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s","ConsumerName":"c"})")
                   .at("Consumer")
                   .at("ConsumerARN"));
  }

  std::string request(std::string_view position = R"({"Type":"LATEST"})",
                      std::string_view shard = "shardId-000000000000") {
    return fmt::format(R"({{"ConsumerARN":"{}","ShardId":"{}","StartingPosition":{}}})", arn_, shard, position);
  }
  std::unique_ptr<EventSource> subscribe(std::string_view position = R"({"Type":"LATEST"})") {
    ok("SubscribeToShard", request(position));
    return std::move(events_);
  }
  std::string put(std::string_view data) {
    return str(
        ok("PutRecord", fmt::format(R"({{"StreamName":"s","Data":"{}","PartitionKey":"k"}})", base64_encode(data)))
            .at("SequenceNumber"));
  }

  /// Asks for the next event; `arrived_` holds it once it is there.
  void ask(EventSource& events) {
    arrived_.reset();
    ended_ = false;
    spawn_here(executor_, events.next(), [this](std::optional<ApiResult<Event>> event) {
      ended_ = !event.has_value();
      if (event) arrived_ = event->has_value() ? text_of(**event) : event->error().code;
    });
    executor_.run_ready();
  }
  void run() { executor_.run_ready(); }
  void pass(milliseconds time) {
    clock_.advance(time);
    timers_.fire_due();
    run();
  }
  static std::string text_of(const Event& event) {
    EXPECT_EQ(event.type, "SubscribeToShardEvent");
    return codec::encode_json(*event.shape, event.value.get());
  }
  boost::json::value arrived() {
    EXPECT_TRUE(arrived_.has_value());
    return codec::parse_json(arrived_.value_or("{}")).value();
  }
  static std::string texts(const boost::json::value& event) {
    std::string joined;
    for (const auto& record : event.at("Records").as_array()) joined += *base64_decode(str(record.at("Data"))) + " ";
    return joined;
  }

  std::string arn_;
  ManualExecutor executor_;
  std::optional<std::string> arrived_;
  bool ended_ = false;
};

TEST_F(SubscribeApi, PushesARecordAsSoonAsItIsPut) {
  const auto events = subscribe();
  EXPECT_THAT(touched_, ElementsAre(arn_));
  ask(*events);
  EXPECT_FALSE(arrived_.has_value());
  const std::string number = put("hello");
  run();
  const auto event = arrived();
  EXPECT_EQ(texts(event), "hello ");
  EXPECT_EQ(str(event.at("ContinuationSequenceNumber")), number);
  EXPECT_EQ(event.at("MillisBehindLatest").as_int64(), 0);
  EXPECT_FALSE(event.as_object().contains("ChildShards"));
  EXPECT_EQ(str(event.at("Records").at(0).at("PartitionKey")), "k");
}

TEST_F(SubscribeApi, BeginsWhereItIsTold) {
  const std::string first = put("a");
  clock_.advance(seconds(10));
  put("b");
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"Type":"TRIM_HORIZON"})", "a b "},
      {fmt::format(R"({{"Type":"AT_SEQUENCE_NUMBER","SequenceNumber":"{}"}})", first), "a b "},
      {fmt::format(R"({{"Type":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"{}"}})", first), "b "},
      {R"({"Type":"AT_TIMESTAMP","Timestamp":1700000005})", "b "},
  };
  for (const auto& [position, expected] : kCases) {
    clock_.advance(seconds(5));
    const auto events = subscribe(position);
    ask(*events);
    EXPECT_EQ(texts(arrived()), expected) << position;
  }
}

TEST_F(SubscribeApi, AnIdleShardSaysSoEveryFiveSeconds) {
  const auto events = subscribe();
  ask(*events);
  pass(milliseconds(4999));
  EXPECT_FALSE(arrived_.has_value());
  pass(milliseconds(1));
  const auto event = arrived();
  EXPECT_TRUE(event.at("Records").as_array().empty());
  EXPECT_EQ(event.at("MillisBehindLatest").as_int64(), 0);
  const std::string progress = str(event.at("ContinuationSequenceNumber"));
  put("later");
  ask(*events);
  EXPECT_EQ(texts(arrived()), "later ");
  clock_.advance(seconds(5));
  const auto again = subscribe(fmt::format(R"({{"Type":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"{}"}})", progress));
  ask(*again);
  EXPECT_EQ(texts(arrived()), "later ");
}

TEST_F(SubscribeApi, EndsAfterFiveMinutes) {
  const auto events = subscribe();
  for (int i = 0; i < 59; ++i) {
    ask(*events);
    pass(seconds(5));
    EXPECT_TRUE(arrived_.has_value());
  }
  ask(*events);
  pass(seconds(5));
  EXPECT_TRUE(ended_);
  EXPECT_EQ(timers_.waiting(), 0U);
}

TEST_F(SubscribeApi, AClosedShardEndsWithItsChildren) {
  const auto events = subscribe();
  put("last");
  ok("UpdateShardCount", R"({"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"})");
  ask(*events);
  EXPECT_EQ(texts(arrived()), "last ");
  ask(*events);
  const auto event = arrived();
  EXPECT_TRUE(event.at("Records").as_array().empty());
  EXPECT_FALSE(event.as_object().contains("ContinuationSequenceNumber"));
  ASSERT_EQ(event.at("ChildShards").as_array().size(), 2U);
  EXPECT_EQ(str(event.at("ChildShards").at(0).at("ParentShards").at(0)), "shardId-000000000000");
  ask(*events);
  EXPECT_TRUE(ended_);
}

TEST_F(SubscribeApi, TheNextSubscriptionTakesOver) {
  const auto first = subscribe();
  EXPECT_THAT(error("SubscribeToShard", request()), StartsWith("ResourceInUseException"));
  ask(*first);
  clock_.advance(seconds(5));
  const auto second = subscribe();
  run();
  EXPECT_EQ(arrived_, "ResourceInUseException");
  ask(*first);
  EXPECT_TRUE(ended_);
  put("a");
  ask(*second);
  EXPECT_EQ(texts(arrived()), "a ");
}

TEST_F(SubscribeApi, EndsWithItsStreamAndItsConsumer) {
  const auto events = subscribe();
  ask(*events);
  ok("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", arn_));
  run();
  EXPECT_EQ(arrived_, "ResourceNotFoundException");
  EXPECT_THAT(error("SubscribeToShard", request()), StartsWith("ResourceNotFoundException: Consumer arn:"));

  ok("RegisterStreamConsumer",
     R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s","ConsumerName":"c"})");
  const auto other = subscribe();
  ask(*other);
  ok("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":true})");
  run();
  EXPECT_EQ(arrived_, "ResourceNotFoundException");
}

TEST_F(SubscribeApi, CancelEndsTheWait) {
  const auto events = subscribe();
  ask(*events);
  events->cancel();
  run();
  EXPECT_TRUE(ended_);
}

TEST_F(SubscribeApi, Refusals) {
  EXPECT_THAT(error("SubscribeToShard", request(R"({"Type":"NEWEST"})")), StartsWith("ValidationException"));
  EXPECT_THAT(error("SubscribeToShard", request(R"({"Type":"AT_SEQUENCE_NUMBER"})")),
              StartsWith("InvalidArgumentException"));
  EXPECT_THAT(error("SubscribeToShard", request(R"({"Type":"LATEST"})", "shardId-000000000007")),
              StartsWith("ResourceNotFoundException"));
  settings_.consumers.creating = milliseconds(500);
  reopen();
  ok("RegisterStreamConsumer",
     R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s","ConsumerName":"d"})");
  arn_ = "arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/d:1700000000";
  EXPECT_THAT(error("SubscribeToShard", request()), StartsWith("ResourceInUseException"));
}

}  // namespace
}  // namespace penstock::services::kinesis
