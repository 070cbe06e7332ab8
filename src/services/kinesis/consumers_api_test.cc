#include <gmock/gmock.h>

#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto* kStreamArn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
constexpr auto* kConsumerArn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/c:1700000000";

class ConsumersApi : public KinesisFixture {
 protected:
  ConsumersApi() { ok("CreateStream", R"({"StreamName":"s","ShardCount":1})"); }

  static std::string named(std::string_view name, std::string_view more = "") {
    return fmt::format(R"({{"StreamARN":"{}","ConsumerName":"{}"{}}})", kStreamArn, name, more);
  }
  boost::json::value add(std::string_view name, std::string_view more = "") {
    return ok("RegisterStreamConsumer", named(name, more)).at("Consumer");
  }
  std::string list(std::string_view more = "") {
    std::string names;
    const auto answer = ok("ListStreamConsumers", fmt::format(R"({{"StreamARN":"{}"{}}})", kStreamArn, more));
    for (const auto& consumer : answer.at("Consumers").as_array()) names += str(consumer.at("ConsumerName")) + " ";
    next_token_ = answer.as_object().contains("NextToken") ? str(answer.at("NextToken")) : "";
    return names;
  }
  std::string next_token_;
};

// What cannot be read is neither "none" nor "no tags that a policy could forbid".
TEST_F(ConsumersApi, CorruptDocumentsAreInternalFailures) {
  add("c");
  const std::string uid = streams_->find("s")->info->uid;
  const auto corrupt = [&](const std::string& key) { run_sync(catalog_->put(key, "{}")).value(); };
  corrupt("stream-consumer-tags/123456789012/" + uid + "/c");
  const auto by_arn = [](std::string_view member) { return fmt::format(R"({{"{}":"{}"}})", member, kConsumerArn); };
  EXPECT_THAT(error("ListTagsForResource", by_arn("ResourceARN")),
              StartsWith("InternalFailureException: What is stored"));
  EXPECT_THAT(error("DeregisterStreamConsumer", by_arn("ConsumerARN")), StartsWith("InternalFailureException: "));
  corrupt("stream-consumers/123456789012/" + uid);
  EXPECT_THAT(error("ListStreamConsumers", fmt::format(R"({{"StreamARN":"{}"}})", kStreamArn)),
              StartsWith("InternalFailureException: "));
  EXPECT_THAT(error("DescribeStreamConsumer", named("c")), StartsWith("InternalFailureException: "));
  EXPECT_THAT(error("DescribeStreamSummary", R"({"StreamName":"s"})"), StartsWith("InternalFailureException: "));
  EXPECT_THAT(error("RegisterStreamConsumer", named("d")), StartsWith("InternalFailureException: "));
}

TEST_F(ConsumersApi, RegisterThenDescribe) {
  clock_.advance(milliseconds(250));
  const auto registered = add("c");
  EXPECT_THAT(touched_, ElementsAre(kStreamArn));
  EXPECT_EQ(str(registered.at("ConsumerName")), "c");
  EXPECT_EQ(str(registered.at("ConsumerARN")), kConsumerArn);
  EXPECT_EQ(str(registered.at("ConsumerStatus")), "CREATING");
  EXPECT_DOUBLE_EQ(registered.at("ConsumerCreationTimestamp").to_number<double>(), 1'700'000'000.0);
  for (const std::string& body : {named("c"), fmt::format(R"({{"ConsumerARN":"{}"}})", kConsumerArn)}) {
    const auto description = ok("DescribeStreamConsumer", body).at("ConsumerDescription");
    EXPECT_THAT(touched_, ElementsAre(kConsumerArn));
    EXPECT_EQ(str(description.at("ConsumerStatus")), "ACTIVE");
    EXPECT_EQ(str(description.at("ConsumerARN")), kConsumerArn);
    EXPECT_EQ(str(description.at("StreamARN")), kStreamArn);
  }
  EXPECT_EQ(ok("DescribeStreamSummary", R"({"StreamName":"s"})")
                .at("StreamDescriptionSummary")
                .at("ConsumerCount")
                .as_int64(),
            1);
}

TEST_F(ConsumersApi, RegisterRefusals) {
  add("c");
  EXPECT_EQ(error("RegisterStreamConsumer", named("c")),
            "ResourceInUseException: Consumer c under stream s already exists for account 123456789012.");
  EXPECT_EQ(error("RegisterStreamConsumer",
                  R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/none","ConsumerName":"c"})"),
            "ResourceNotFoundException: Stream none under account 123456789012 not found.");
  EXPECT_THAT(error("RegisterStreamConsumer", named("a b")), StartsWith("ValidationException: 1 validation error"));
  EXPECT_THAT(error("RegisterStreamConsumer", named("d", R"(,"Tags":{"aws:x":"1"})")),
              StartsWith("InvalidArgumentException"));
  for (int i = 1; i < 20; ++i) add(fmt::format("c{}", i));
  EXPECT_THAT(error("RegisterStreamConsumer", named("d")), StartsWith("LimitExceededException"));
}

TEST_F(ConsumersApi, RegisterNeedsAnActiveStream) {
  settings_.creating = milliseconds(500);
  reopen();
  ok("CreateStream", R"({"StreamName":"t","ShardCount":1})");
  EXPECT_EQ(error("RegisterStreamConsumer",
                  R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/t","ConsumerName":"c"})"),
            "ResourceInUseException: Stream t under account 123456789012 not ACTIVE, instead in state CREATING");
}

TEST_F(ConsumersApi, DescribeRefusals) {
  add("c");
  EXPECT_THAT(error("DescribeStreamConsumer", named("none")), StartsWith("ResourceNotFoundException: Consumer none"));
  EXPECT_THAT(error("DescribeStreamConsumer", "{}"), StartsWith("InvalidArgumentException: Either ConsumerARN"));
  EXPECT_THAT(error("DescribeStreamConsumer", R"({"ConsumerName":"c"})"), StartsWith("InvalidArgumentException"));
  EXPECT_THAT(error("DescribeStreamConsumer",
                    R"({"ConsumerARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/c:1600000000"})"),
              StartsWith("ResourceNotFoundException"))
      << "an earlier consumer of the same name";
  EXPECT_THAT(
      error("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}","ConsumerName":"other"}})", kConsumerArn)),
      StartsWith("InvalidArgumentException"));
  EXPECT_THAT(error("DescribeStreamConsumer", R"({"ConsumerARN":"arn:aws:s3:::x"})"),
              StartsWith("ValidationException"));
}

TEST_F(ConsumersApi, Deregister) {
  add("c");
  ok("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", kConsumerArn));
  EXPECT_THAT(touched_, ElementsAre(kConsumerArn));
  EXPECT_THAT(error("DeregisterStreamConsumer", named("c")), StartsWith("ResourceNotFoundException"));
  EXPECT_EQ(list(), "");
}

TEST_F(ConsumersApi, ListsInPages) {
  for (const auto* name : {"c", "a", "b"}) add(name);
  EXPECT_EQ(list(), "a b c ");
  EXPECT_THAT(touched_, ElementsAre(kStreamArn));
  EXPECT_EQ(list(R"(,"MaxResults":2)"), "a b ");
  const std::string token = next_token_;
  EXPECT_EQ(list(fmt::format(R"(,"NextToken":"{}")", token)), "c ");
  EXPECT_EQ(next_token_, "");
  EXPECT_EQ(list(R"(,"StreamCreationTimestamp":1700000000)"), "a b c ");
  const auto refused = [&](std::string_view more) {
    return error("ListStreamConsumers", fmt::format(R"({{"StreamARN":"{}"{}}})", kStreamArn, more));
  };
  EXPECT_THAT(refused(R"(,"StreamCreationTimestamp":1600000000)"), StartsWith("ResourceNotFoundException"));
  EXPECT_THAT(refused(R"(,"NextToken":"forged")"), StartsWith("InvalidArgumentException"));
  clock_.advance(seconds(301));
  EXPECT_THAT(refused(fmt::format(R"(,"NextToken":"{}")", token)), StartsWith("ExpiredNextTokenException"));
}

TEST_F(ConsumersApi, HasTagsAndAPolicyOfItsOwn) {
  add("c", R"(,"Tags":{"team":"red"})");
  const auto resource = [](std::string_view more = "") {
    return fmt::format(R"({{"ResourceARN":"{}"{}}})", kConsumerArn, more);
  };
  ok("TagResource", resource(R"(,"Tags":{"note":"x"})"));
  EXPECT_THAT(touched_, ElementsAre(kConsumerArn));
  EXPECT_EQ(ok("ListTagsForResource", resource()).at("Tags").as_array().size(), 2U);
  ok("UntagResource", resource(R"(,"TagKeys":["team"])"));
  const auto tags = ok("ListTagsForResource", resource()).at("Tags");
  ASSERT_EQ(tags.as_array().size(), 1U);
  EXPECT_EQ(str(tags.at(0).at("Key")), "note");

  const std::string policy = fmt::format(
      R"({{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"111122223333\"}},)"
      R"(\"Action\":\"kinesis:SubscribeToShard\",\"Resource\":\"{}\"}}}})",
      kConsumerArn);
  ok("PutResourcePolicy", resource(fmt::format(R"(,"Policy":"{}")", policy)));
  EXPECT_THAT(str(ok("GetResourcePolicy", resource()).at("Policy")), HasSubstr("SubscribeToShard"));
  ok("DeregisterStreamConsumer", named("c"));
  add("c");  // in the same second: the ARN is the same
  EXPECT_THAT(error("GetResourcePolicy", resource()), StartsWith("ResourceNotFoundException: No resource policy"));
  EXPECT_TRUE(ok("ListTagsForResource", resource()).at("Tags").as_array().empty());
}

TEST_F(ConsumersApi, DeletingAStreamWithConsumersMustBeAskedFor) {
  add("c");
  EXPECT_THAT(error("DeleteStream", R"({"StreamName":"s"})"), StartsWith("ResourceInUseException"));
  EXPECT_THAT(error("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":false})"),
              StartsWith("ResourceInUseException"));
  ok("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":true})");
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_EQ(list(), "");
}

}  // namespace
}  // namespace penstock::services::kinesis
