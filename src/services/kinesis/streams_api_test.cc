#include <fmt/format.h>
#include <gmock/gmock.h>

#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using StreamsApi = KinesisFixture;

TEST_F(StreamsApi, CreateDescribeDelete) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":2,"Tags":{"team":"plants"}})");
  EXPECT_THAT(touched_, ElementsAre("arn:aws:kinesis:eu-central-1:123456789012:stream/s"));
  const auto described = ok("DescribeStream", R"({"StreamName":"s"})").at("StreamDescription");
  EXPECT_EQ(str(described.at("StreamStatus")), "ACTIVE");
  EXPECT_EQ(str(described.at("StreamARN")), "arn:aws:kinesis:eu-central-1:123456789012:stream/s");
  EXPECT_EQ(described.at("RetentionPeriodHours").as_int64(), 24);
  EXPECT_EQ(str(described.at("EncryptionType")), "NONE");
  EXPECT_EQ(str(described.at("StreamModeDetails").at("StreamMode")), "PROVISIONED");
  EXPECT_TRUE(described.at("EnhancedMonitoring").at(0).at("ShardLevelMetrics").as_array().empty());
  EXPECT_FALSE(described.at("HasMoreShards").as_bool());
  const auto& second = described.at("Shards").at(1);
  EXPECT_EQ(str(second.at("ShardId")), "shardId-000000000001");
  EXPECT_EQ(str(second.at("HashKeyRange").at("StartingHashKey")), "170141183460469231731687303715884105728");
  EXPECT_EQ(str(second.at("HashKeyRange").at("EndingHashKey")), "340282366920938463463374607431768211455");
  EXPECT_FALSE(second.as_object().contains("ParentShardId"));
  EXPECT_FALSE(second.at("SequenceNumberRange").as_object().contains("EndingSequenceNumber"));

  const auto summary = ok("DescribeStreamSummary", R"({"StreamName":"s"})").at("StreamDescriptionSummary");
  EXPECT_EQ(summary.at("OpenShardCount").as_int64(), 2);
  EXPECT_EQ(summary.at("ConsumerCount").as_int64(), 0);
  EXPECT_EQ(summary.at("MaxRecordSizeInKiB").as_int64(), 1024);

  ok("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":true})");
  EXPECT_EQ(error("DescribeStream", R"({"StreamName":"s"})"),
            "ResourceNotFoundException: Stream s under account 123456789012 not found.");
}

TEST_F(StreamsApi, CreateStreamRefusals) {
  EXPECT_EQ(error("CreateStream", R"({"StreamName":"a b","ShardCount":0})"),
            "ValidationException: 2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount' "
            "failed to satisfy constraint: Member must have value greater than or equal to 1");
  EXPECT_THAT(error("CreateStream", R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"PROVISIONED"}})"),
              StartsWith("InvalidArgumentException: ShardCount"));
  EXPECT_THAT(
      error("CreateStream", R"({"StreamName":"s","ShardCount":1,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}})"),
      StartsWith("InvalidArgumentException: ShardCount must not"));
  EXPECT_THAT(error("CreateStream", R"({"StreamName":"s","ShardCount":1,"WarmThroughputMiBps":5})"),
              HasSubstr("WarmThroughputMiBps is only supported for streams of StreamMode ON_DEMAND"));
  EXPECT_THAT(error("CreateStream",
                    R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"WarmThroughputMiBps":5})"),
              HasSubstr("MinimumThroughputBillingCommitment"));
  EXPECT_THAT(error("CreateStream", R"({"StreamName":"s","RecordDistributionStrategy":"AUTO",)"
                                    R"("StreamModeDetails":{"StreamMode":"ON_DEMAND"}})"),
              HasSubstr("RecordDistributionStrategy AUTO is not implemented"));
  EXPECT_THAT(error("CreateStream", R"({"StreamName":"s","ShardCount":20001})"),
              StartsWith("LimitExceededException: This request would exceed the shard limit"));
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_EQ(error("CreateStream", R"({"StreamName":"s","ShardCount":1})"),
            "ResourceInUseException: Stream s under account 123456789012 already exists.");
}

TEST_F(StreamsApi, OnlySoManyStreamsAreMadeAtOnce) {
  settings_.creating = seconds(1);
  reopen();
  for (int i = 0; i < 5; ++i) ok("CreateStream", fmt::format(R"({{"StreamName":"s{}","ShardCount":1}})", i));
  const auto described = ok("DescribeStream", R"({"StreamName":"s0"})").at("StreamDescription");
  EXPECT_EQ(str(described.at("StreamStatus")), "CREATING");
  EXPECT_TRUE(described.at("Shards").as_array().empty());
  // Terraform's provider waits and tries again when it sees these words.
  EXPECT_THAT(error("CreateStream", R"({"StreamName":"t","ShardCount":1})"),
              HasSubstr("simultaneously be in CREATING or DELETING"));
  clock_.advance(seconds(1));
  ok("CreateStream", R"({"StreamName":"t","ShardCount":1})");
}

TEST_F(StreamsApi, AStreamIsNamedByNameOrArnOrBoth) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const std::string arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
  ok("DescribeStreamSummary", fmt::format(R"({{"StreamARN":"{}"}})", arn));
  EXPECT_THAT(touched_, ElementsAre(arn));
  ok("DescribeStreamSummary", fmt::format(R"({{"StreamARN":"{}","StreamName":"s"}})", arn));
  EXPECT_THAT(touched_, ElementsAre(arn));
  EXPECT_THAT(error("DescribeStreamSummary", fmt::format(R"({{"StreamARN":"{}","StreamName":"t"}})", arn)),
              StartsWith("InvalidArgumentException"));
  EXPECT_THAT(touched_, ElementsAre(arn, "arn:aws:kinesis:eu-central-1:123456789012:stream/t"));
  EXPECT_THAT(error("DescribeStreamSummary", "{}"), StartsWith("InvalidArgumentException"));
  EXPECT_THAT(error("DescribeStreamSummary", R"({"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s"})"),
              StartsWith("ResourceNotFoundException"));
  EXPECT_THAT(error("DescribeStreamSummary", R"({"StreamARN":"nonsense"})"), StartsWith("ValidationException"));
}

TEST_F(StreamsApi, ListStreamsPages) {
  for (int i = 0; i < 7; ++i) ok("CreateStream", fmt::format(R"({{"StreamName":"s{}","ShardCount":1}})", i));
  auto page = ok("ListStreams", R"({"Limit":3})");
  EXPECT_THAT(page.at("StreamNames").as_array(), ElementsAre("s0", "s1", "s2"));
  EXPECT_TRUE(page.at("HasMoreStreams").as_bool());
  EXPECT_EQ(str(page.at("StreamSummaries").at(0).at("StreamStatus")), "ACTIVE");
  page = ok("ListStreams", fmt::format(R"({{"NextToken":"{}"}})", str(page.at("NextToken"))));
  EXPECT_EQ(page.at("StreamNames").as_array().size(), 4U);
  EXPECT_FALSE(page.at("HasMoreStreams").as_bool());
  EXPECT_FALSE(page.as_object().contains("NextToken"));
  page = ok("ListStreams", R"({"ExclusiveStartStreamName":"s5"})");
  EXPECT_THAT(page.at("StreamNames").as_array(), ElementsAre("s6"));
  EXPECT_THAT(error("ListStreams", R"({"NextToken":"made up"})"), StartsWith("InvalidArgumentException"));
}

TEST_F(StreamsApi, DescribeStreamPagesItsShards) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":5})");
  auto page = ok("DescribeStream", R"({"StreamName":"s","Limit":2})").at("StreamDescription");
  EXPECT_EQ(page.at("Shards").as_array().size(), 2U);
  EXPECT_TRUE(page.at("HasMoreShards").as_bool());
  page = ok("DescribeStream", R"({"StreamName":"s","ExclusiveStartShardId":"shardId-000000000001"})")
             .at("StreamDescription");
  EXPECT_EQ(page.at("Shards").as_array().size(), 3U);
  EXPECT_FALSE(page.at("HasMoreShards").as_bool());
}

TEST_F(StreamsApi, ListShardsPagesAndItsTokensExpire) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":5})");
  auto page = ok("ListShards", R"({"StreamName":"s","MaxResults":2})");
  EXPECT_EQ(page.at("Shards").as_array().size(), 2U);
  const std::string token = str(page.at("NextToken"));
  page = ok("ListShards", fmt::format(R"({{"NextToken":"{}"}})", token));
  EXPECT_EQ(page.at("Shards").as_array().size(), 3U);
  EXPECT_THAT(touched_, ElementsAre("arn:aws:kinesis:eu-central-1:123456789012:stream/s"));
  EXPECT_EQ(error("ListShards", fmt::format(R"({{"NextToken":"{}","StreamName":"s"}})", token)),
            "InvalidArgumentException: NextToken and StreamName cannot be provided together.");
  EXPECT_EQ(error("ListShards", "{}"), "InvalidArgumentException: Either NextToken or StreamName should be provided.");
  EXPECT_THAT(error("ListShards", R"({"NextToken":"made up"})"), StartsWith("InvalidArgumentException"));
  clock_.advance(seconds(301));
  EXPECT_THAT(error("ListShards", fmt::format(R"({{"NextToken":"{}"}})", token)),
              StartsWith("ExpiredNextTokenException"));
}

TEST_F(StreamsApi, ListShardsFilters) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const auto born = to_unix_ms(clock_.now());
  clock_.advance(hours(1));
  ok("UpdateShardCount", R"({"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"})");
  clock_.advance(hours(1));
  const auto ids = [&](const std::string& filter) {
    std::string joined;
    const auto page = ok("ListShards", R"({"StreamName":"s","ShardFilter":)" + filter + "}");
    for (const auto& shard : page.at("Shards").as_array()) joined += str(shard.at("ShardId")).back();
    return joined;
  };
  const auto at = [&](std::string_view type, std::int64_t ms) {
    return fmt::format(R"({{"Type":"{}","Timestamp":{}.{:03}}})", type, ms / 1000, ms % 1000);
  };
  constexpr std::int64_t kHourMs = 3'600'000;
  EXPECT_EQ(ids(R"({"Type":"AT_TRIM_HORIZON"})"), "0");
  EXPECT_EQ(ids(R"({"Type":"FROM_TRIM_HORIZON"})"), "012");
  EXPECT_EQ(ids(R"({"Type":"AT_LATEST"})"), "12");
  EXPECT_EQ(ids(R"({"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001"})"), "2");
  EXPECT_EQ(ids(at("AT_TIMESTAMP", born + kHourMs / 2)), "0");
  EXPECT_EQ(ids(at("AT_TIMESTAMP", born + kHourMs * 3 / 2)), "12");
  EXPECT_EQ(ids(at("FROM_TIMESTAMP", born)), "012");
  EXPECT_EQ(ids(at("FROM_TIMESTAMP", born + kHourMs * 3 / 2)), "12");
  EXPECT_THAT(error("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}})"),
              StartsWith("InvalidArgumentException"));
  EXPECT_THAT(error("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"X"}})"),
              StartsWith("ValidationException"));
  clock_.advance(hours(24));
  EXPECT_EQ(ids(R"({"Type":"FROM_TRIM_HORIZON"})"), "12") << "a closed shard goes when its records have expired";
}

TEST_F(StreamsApi, ListShardsKnowsStreamsByTheirCreationTime) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const auto created = to_unix_ms(clock_.now()) / 1000;
  ok("ListShards", fmt::format(R"({{"StreamName":"s","StreamCreationTimestamp":{}}})", created));
  EXPECT_THAT(error("ListShards", fmt::format(R"({{"StreamName":"s","StreamCreationTimestamp":{}}})", created - 60)),
              StartsWith("ResourceNotFoundException"));
}

TEST_F(StreamsApi, Tags) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"a":"1","b":"2","c":""}})");
  ok("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["b","not there"]})");
  auto page = ok("ListTagsForStream", R"({"StreamName":"s","Limit":1})");
  EXPECT_EQ(codec::serialize(page), R"({"Tags":[{"Key":"a","Value":"1"}],"HasMoreTags":true})");
  page = ok("ListTagsForStream", R"({"StreamName":"s","ExclusiveStartTagKey":"a"})");
  EXPECT_EQ(codec::serialize(page), R"({"Tags":[{"Key":"c","Value":""}],"HasMoreTags":false})");
  EXPECT_THAT(error("AddTagsToStream", R"({"StreamName":"s","Tags":{"a*":"1"}})"),
              StartsWith("InvalidArgumentException: Some tags contain invalid characters."));
  std::string many;
  for (int i = 0; i < 60; ++i) many += fmt::format(R"({}"k{}":"v")", i == 0 ? "" : ",", i);
  EXPECT_THAT(error("AddTagsToStream", R"({"StreamName":"s","Tags":{)" + many + "}}"), HasSubstr("more than 50 tags"));
  const std::string arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
  ok("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{"d":"4"}}}})", arn));
  ok("UntagResource", fmt::format(R"({{"ResourceARN":"{}","TagKeys":["c"]}})", arn));
  EXPECT_EQ(codec::serialize(ok("ListTagsForResource", fmt::format(R"({{"ResourceARN":"{}"}})", arn))),
            R"({"Tags":[{"Key":"a","Value":"1"},{"Key":"d","Value":"4"}]})");
}

TEST_F(StreamsApi, Retention) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":24})");
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":8760})");
  EXPECT_EQ(error("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})"),
            "InvalidArgumentException: Requested retention period (48 hours) for stream s can not be shorter than "
            "existing retention period (8760 hours). Use DecreaseRetentionPeriod API.");
  ok("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})");
  EXPECT_EQ(error("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":72})"),
            "InvalidArgumentException: Requested retention period (72 hours) for stream s can not be longer than "
            "existing retention period (48 hours). Use IncreaseRetentionPeriod API.");
  EXPECT_EQ(error("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":23})"),
            "InvalidArgumentException: Minimum allowed retention period is 24 hours. Requested retention period (23 "
            "hours) is too short.");
  EXPECT_THAT(error("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":8761})"),
              HasSubstr("Maximum allowed retention period is 8760 hours."));
  EXPECT_EQ(error("IncreaseStreamRetentionPeriod", R"({"StreamName":"s"})"),
            "ValidationException: 1 validation error detected: Value null at 'retentionPeriodHours' failed to satisfy "
            "constraint: Member must not be null");
}

TEST_F(StreamsApi, UpdateShardCount) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":2})");
  const auto scale = [](int target) {
    return fmt::format(R"({{"StreamName":"s","TargetShardCount":{},"ScalingType":"UNIFORM_SCALING"}})", target);
  };
  const auto answer = ok("UpdateShardCount", scale(3));
  EXPECT_EQ(answer.at("CurrentShardCount").as_int64(), 2);
  EXPECT_EQ(answer.at("TargetShardCount").as_int64(), 3);
  EXPECT_EQ(str(answer.at("StreamName")), "s");
  EXPECT_EQ(error("UpdateShardCount", scale(7)),
            "LimitExceededException: UpdateShardCount cannot scale up over double your current open shard count. "
            "Current open shard count: 3, Target shard count: 7");
  EXPECT_EQ(error("UpdateShardCount", scale(1)),
            "LimitExceededException: UpdateShardCount cannot scale down below half your current open shard count. "
            "Current open shard count: 3, Target shard count: 1");
  EXPECT_THAT(error("UpdateShardCount", R"({"StreamName":"s","TargetShardCount":3,"ScalingType":"X"})"),
              StartsWith("ValidationException"));
  for (int i = 0; i < 9; ++i) ok("UpdateShardCount", scale(3 + i % 2 + 1));
  EXPECT_THAT(error("UpdateShardCount", scale(6)), StartsWith("LimitExceededException"));
  clock_.advance(hours(24));
  ok("UpdateShardCount", scale(6));
}

TEST_F(StreamsApi, DescribeLimitsCountsOpenShards) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":4})");
  EXPECT_EQ(codec::serialize(ok("DescribeLimits", "{}")),
            R"({"ShardLimit":20000,"OpenShardCount":4,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":50})");
}

}  // namespace
}  // namespace penstock::services::kinesis
