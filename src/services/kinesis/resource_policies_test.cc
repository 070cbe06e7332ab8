#include "services/kinesis/resource_policies.h"

#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

constexpr std::string_view kArn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
constexpr std::string_view kConsumerArn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/c:1700000000";

std::string policy(std::string_view action, std::string_view resource = kArn,
                   std::string_view principal = R"({"AWS":"arn:aws:iam::111122223333:root"})") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{},"Action":{},"Resource":"{}"}}]}})",
      principal, action, resource);
}

class ResourcePolicies : public KinesisFixture {
 protected:
  ResourcePolicies() {
    ok("CreateStream", R"({"StreamName":"s","ShardCount":1,"Tags":{"team":"red"}})");
    clock_.advance(std::chrono::seconds(1));
  }
  static std::string body(std::string_view arn, std::string_view policy_text = {}) {
    boost::json::object object{{"ResourceARN", arn}};
    if (!policy_text.empty()) object["Policy"] = policy_text;
    return codec::serialize(object);
  }
  void put(std::string_view text, std::string_view arn = kArn) { ok("PutResourcePolicy", body(arn, text)); }
  std::string get(std::string_view arn = kArn) { return str(ok("GetResourcePolicy", body(arn)).at("Policy")); }
  /// What the gateway is told that the call touches.
  Touched touched(std::string_view name, std::string_view text) {
    const Operation& operation = find(name);
    Erased input = operation.make_input();
    EXPECT_TRUE(codec::decode_json(text, operation.input_shape(), input.get()).has_value());
    CallContext call{.house = *house_,
                     .principal = {},
                     .request_id = "1",
                     .source_ip = "127.0.0.1",
                     .region = settings_.region,
                     .account = settings_.account};
    return operation.touched(call, input.get());
  }
};

TEST_F(ResourcePolicies, AreKeptReplacedAndDeleted) {
  const std::string first = policy(R"("kinesis:PutRecord")");
  const std::string second = policy(R"(["kinesis:Get*","kinesis:ListShards"])", "*");
  EXPECT_EQ(error("GetResourcePolicy", body(kArn)),
            fmt::format("ResourceNotFoundException: No resource policy found for resource ARN {}.", kArn));
  put(first);
  EXPECT_EQ(get(), first);
  put(second);
  EXPECT_EQ(get(), second);
  reopen();
  EXPECT_EQ(get(), second);
  ok("DeleteResourcePolicy", body(kArn));
  EXPECT_TRUE(error("DeleteResourcePolicy", body(kArn)).starts_with("ResourceNotFoundException: No resource policy"));
}

TEST_F(ResourcePolicies, GoWithTheirStream) {
  put(policy(R"("kinesis:PutRecord")"));
  ok("DeleteStream", R"({"StreamName":"s"})");
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(run_sync(streams_->trim_expired(clock_.now())).has_value());
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_TRUE(error("GetResourcePolicy", body(kArn)).starts_with("ResourceNotFoundException: No resource policy"));
  EXPECT_TRUE(catalog_->list("kinesis/policy/").empty());
}

TEST_F(ResourcePolicies, AreAskedWhereverTheStreamIsTouched) {
  const std::string text = policy(R"("kinesis:*")");
  put(text);
  const std::string iterator_body = fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s"));
  const std::pair<std::string_view, std::string> calls[] = {
      {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})"},
      {"PutRecords", fmt::format(R"({{"StreamARN":"{}","Records":[]}})", kArn)},
      {"GetRecords", iterator_body},
      {"ListShards", R"({"StreamName":"s"})"},
      {"DescribeStreamSummary", R"({"StreamName":"s"})"},
      {"ListTagsForResource", body(kArn)},
  };
  for (const auto& [name, request] : calls) {
    const Touched one = touched(name, request);
    EXPECT_EQ(one.resources, std::vector<std::string>{std::string(kArn)}) << name;
    EXPECT_EQ(one.resource_policies, std::vector<std::string>{text}) << name;
    EXPECT_EQ(one.conditions.at("aws:ResourceTag/team"), std::vector<std::string>{"red"}) << name;
  }
}

TEST_F(ResourcePolicies, TagsOfRequestsAreConditions) {
  const Touched add = touched("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{"a":"1","b":""}}}})", kArn));
  EXPECT_EQ(add.conditions.at("aws:RequestTag/a"), std::vector<std::string>{"1"});
  EXPECT_EQ(add.conditions.at("aws:TagKeys"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(add.conditions.at("aws:ResourceTag/team"), std::vector<std::string>{"red"});
  const Touched remove = touched("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["a"]})");
  EXPECT_EQ(remove.conditions.at("aws:TagKeys"), std::vector<std::string>{"a"});
  const Touched create = touched("CreateStream", R"({"StreamName":"n","ShardCount":1,"Tags":{"a":"1"}})");
  EXPECT_EQ(create.conditions.at("aws:RequestTag/a"), std::vector<std::string>{"1"});
  EXPECT_EQ(create.more_actions, std::vector<std::string_view>{"kinesis:AddTagsToStream"});
  EXPECT_TRUE(touched("CreateStream", R"({"StreamName":"n","ShardCount":1})").more_actions.empty());
}

TEST_F(ResourcePolicies, ConsumersAndOtherResourcesMustBeThere) {
  const std::string text = policy(R"("kinesis:SubscribeToShard")", kConsumerArn);
  EXPECT_EQ(error("PutResourcePolicy", body(kConsumerArn, text)),
            fmt::format("ResourceNotFoundException: Consumer {}, account 123456789012 not found.", kConsumerArn));
  for (const auto* arn :
       {"arn:aws:kinesis:eu-central-1:123456789012:stream/none", "arn:aws:kinesis:eu-central-1:999999999999:stream/s",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "arn:aws:kinesis:eu-central-1:123456789012:stream/s/other/c:1",
        "arn:aws:kinesis:eu-central-1:123456789012:stream/s/consumer/c"}) {
    EXPECT_TRUE(error("PutResourcePolicy", body(arn, text)).starts_with("ResourceNotFoundException: ")) << arn;
  }
  EXPECT_TRUE(error("GetResourcePolicy", R"({"ResourceARN":"x"})")
                  .starts_with("ValidationException: 1 validation error detected: Value 'x' at 'resourceARN'"));
  EXPECT_TRUE(error("PutResourcePolicy", body(kArn))
                  .starts_with("ValidationException: 1 validation error detected: "
                               "Value null at 'policy'"));
}

TEST(ResourcePolicyCheck, TakesWhatCanBeShared) {
  for (const auto* action : {R"("kinesis:PutRecord")", R"(["kinesis:DescribeStreamSummary","kinesis:ListShards"])",
                             R"("kinesis:Put*")", R"("kinesis:*")", R"("KINESIS:getrecords")"}) {
    const auto checked = check_resource_policy(policy(action), kArn);
    EXPECT_TRUE(checked.has_value()) << action << ": " << checked.error().message;
  }
  EXPECT_TRUE(check_resource_policy(policy(R"("kinesis:SubscribeToShard")", kConsumerArn), kConsumerArn).has_value());
  EXPECT_TRUE(
      check_resource_policy(policy(R"("kinesis:PutRecord")", "arn:aws:kinesis:*:*:stream/*"), kArn).has_value());
}

TEST(ResourcePolicyCheck, RefusesWhatCanNot) {
  const auto why = [](std::string_view text, std::string_view arn = kArn) {
    const auto checked = check_resource_policy(text, arn);
    return checked.has_value() ? std::string("taken") : checked.error().message;
  };
  EXPECT_EQ(why(policy(R"("kinesis:DeleteStream")")),
            fmt::format("Invalid resource policy: the action kinesis:DeleteStream can not be granted by the policy of "
                        "{}.",
                        kArn));
  EXPECT_NE(why(policy(R"("s3:GetObject")")), "taken");
  EXPECT_NE(why(policy(R"(["kinesis:PutRecord","kinesis:CreateStream"])")), "taken");
  EXPECT_NE(why(policy(R"("kinesis:PutRecord")", kConsumerArn), kConsumerArn), "taken") << "not of a consumer";
  EXPECT_EQ(why(policy(R"("kinesis:PutRecord")", "arn:aws:kinesis:eu-central-1:123456789012:stream/t")),
            fmt::format("Invalid resource policy: the resource arn:aws:kinesis:eu-central-1:123456789012:stream/t is "
                        "not the resource {} that the policy is put on.",
                        kArn));
  EXPECT_NE(
      why(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kinesis:PutRecord","Resource":"*"}})"),
      "taken")
      << "no principal";
  EXPECT_NE(why(policy(R"("kinesis:PutRecord")", kArn, R"({"AWS":"nobody"})")), "taken");
  EXPECT_NE(why("{}"), "taken");
  EXPECT_NE(why("not json"), "taken");
  EXPECT_NE(
      why(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","NotAction":"kinesis:PutRecord",)"
          R"("Resource":"*"}})"),
      "taken");
  EXPECT_NE(why(std::string(kResourcePolicyBytesMax + 1, ' ')), "taken");
}

}  // namespace
}  // namespace penstock::services::kinesis
