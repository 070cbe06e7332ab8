// Every constraint of every input, in AWS's words. Source: Kinesis API Reference, "Request Parameters" of each action.
#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

class Validation : public KinesisFixture {};

/// "Value 'v' at 'member' failed to satisfy constraint: Member must C".
std::string one(std::string_view value, std::string_view member, std::string_view constraint) {
  return fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy constraint: {}", value, member,
                     constraint);
}
std::string at_least(std::int64_t n) { return fmt::format("Member must have value greater than or equal to {}", n); }
std::string at_most(std::int64_t n) { return fmt::format("Member must have value less than or equal to {}", n); }
std::string longer(std::int64_t n) { return fmt::format("Member must have length greater than or equal to {}", n); }
std::string shorter(std::int64_t n) { return fmt::format("Member must have length less than or equal to {}", n); }
std::string matching(std::string_view pattern) {
  return fmt::format("Member must satisfy regular expression pattern: {}", pattern);
}
std::string among(std::string_view values) { return fmt::format("Member must satisfy enum value set: [{}]", values); }
constexpr std::string_view kNull = "Member must not be null";
constexpr std::string_view kName = "[a-zA-Z0-9_.-]+";
constexpr std::string_view kArn = "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+";
constexpr std::string_view kResourceArn = "arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+";
constexpr std::string_view kSequence = "0|([1-9]\\d{0,128})";
constexpr std::string_view kHashKey = "0|([1-9]\\d{0,38})";

struct Row {
  std::string_view operation;
  std::string body;
  std::string message;
};

TEST_F(Validation, OfEveryOperation) {
  const std::string long_name(129, 'a');
  const std::string long_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/" + std::string(2048, 'a');
  const std::string good = R"("StreamName":"s")";
  const auto with = [&](std::string_view rest) { return fmt::format("{{{},{}}}", good, rest); };
  const auto many = [](std::size_t count, std::string_view item) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(item);
    return out;
  };
  const auto quoted = [](std::string_view text) { return fmt::format("'{}'", text); };
  const std::string record = R"({"Data":"","PartitionKey":"k"})";
  const Row rows[] = {
      // StreamName and StreamARN are the same everywhere
      {"DescribeStream", R"({"StreamName":"a b"})", one("'a b'", "streamName", matching(kName))},
      {"DescribeStream", fmt::format(R"({{"StreamName":"{}"}})", long_name),
       one(quoted(long_name), "streamName", shorter(128))},
      {"DescribeStream", R"({"StreamARN":"x"})", one("'x'", "streamARN", matching(kArn))},
      {"DescribeStream", fmt::format(R"({{"StreamARN":"{}"}})", long_arn),
       one(quoted(long_arn), "streamARN", shorter(2048))},
      {"DescribeStream", R"({"StreamName":""})",
       "2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: " + matching(kName) +
           "; Value '' at 'streamName' failed to satisfy constraint: " + longer(1)},

      {"CreateStream", R"({"ShardCount":1})", one("null", "streamName", kNull)},
      {"CreateStream", with(R"("ShardCount":0)"), one("'0'", "shardCount", at_least(1))},
      {"CreateStream", with(R"("ShardCount":1,"Tags":{})"), one("'{}'", "tags", longer(1))},
      {"CreateStream", with(R"("ShardCount":1,"Tags":{"":"v"})"),
       one("'{=v}'", "tags", "Map keys must satisfy constraint: [" + shorter(128) + ", " + longer(1) + "]")},
      {"CreateStream", with(fmt::format(R"("ShardCount":1,"Tags":{{"k":"{}"}})", std::string(257, 'v'))),
       one(fmt::format("'{{k={}}}'", std::string(257, 'v')), "tags",
           "Map value must satisfy constraint: [" + shorter(256) + ", " + longer(0) + "]")},
      {"CreateStream", with(R"("StreamModeDetails":{"StreamMode":"FAST"})"),
       one("'FAST'", "streamModeDetails.streamMode", among("PROVISIONED, ON_DEMAND"))},
      {"CreateStream", with(R"("StreamModeDetails":{})"), one("null", "streamModeDetails.streamMode", kNull)},
      {"CreateStream", with(R"("ShardCount":1,"MaxRecordSizeInKiB":1023)"),
       one("'1023'", "maxRecordSizeInKiB", at_least(1024))},
      {"CreateStream", with(R"("ShardCount":1,"MaxRecordSizeInKiB":10241)"),
       one("'10241'", "maxRecordSizeInKiB", at_most(10240))},

      {"DescribeStream", with(R"("Limit":0)"), one("'0'", "limit", at_least(1))},
      {"DescribeStream", with(R"("Limit":10001)"), one("'10001'", "limit", at_most(10000))},
      {"DescribeStream", with(R"("ExclusiveStartShardId":"a b")"),
       one("'a b'", "exclusiveStartShardId", matching(kName))},
      {"ListStreams", R"({"Limit":10001})", one("'10001'", "limit", at_most(10000))},
      {"ListStreams", R"({"ExclusiveStartStreamName":"a b"})",
       one("'a b'", "exclusiveStartStreamName", matching(kName))},
      {"ListStreams", R"({"NextToken":""})", one("''", "nextToken", longer(1))},
      {"ListShards", R"({"NextToken":""})", one("''", "nextToken", longer(1))},
      {"ListShards", with(R"("MaxResults":0)"), one("'0'", "maxResults", at_least(1))},
      {"ListShards", with(R"("ShardFilter":{"Type":"NONE"})"),
       one("'NONE'", "shardFilter.type",
           among("AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP"))},
      {"ListShards", with(R"("ShardFilter":{})"), one("null", "shardFilter.type", kNull)},

      {"PutRecord", with(R"("Data":"")"), one("null", "partitionKey", kNull)},
      {"PutRecord", with(R"("PartitionKey":"k")"), one("null", "data", kNull)},
      {"PutRecord", with(R"("Data":"","PartitionKey":"")"), one("''", "partitionKey", longer(1))},
      {"PutRecord", with(fmt::format(R"("Data":"","PartitionKey":"{}")", many(129, "é"))),
       one(quoted(many(129, "é")), "partitionKey", shorter(256))},
      {"PutRecord", with(R"("Data":"","PartitionKey":"k","ExplicitHashKey":"01")"),
       one("'01'", "explicitHashKey", matching(kHashKey))},
      {"PutRecord", with(R"("Data":"","PartitionKey":"k","SequenceNumberForOrdering":"-1")"),
       one("'-1'", "sequenceNumberForOrdering", matching(kSequence))},
      {"PutRecords", with(R"("Records":[])"), one("'[]'", "records", longer(1))},
      {"PutRecords", with(R"("Records":[{"Data":"","PartitionKey":"k"},{"Data":"","PartitionKey":""}])"),
       one("''", "records.2.member.partitionKey", longer(1))},
      {"PutRecords", with(R"("Records":[{"PartitionKey":"k"}])"), one("null", "records.1.member.data", kNull)},
      {"GetShardIterator", with(R"("ShardId":"shardId-0","ShardIteratorType":"HERE")"),
       one("'HERE'", "shardIteratorType",
           among("AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON"))},
      {"GetShardIterator", with(R"("ShardIteratorType":"LATEST")"), one("null", "shardId", kNull)},
      {"GetShardIterator",
       with(R"("ShardId":"s","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"x")"),
       one("'x'", "startingSequenceNumber", matching(kSequence))},
      {"GetRecords", "{}", one("null", "shardIterator", kNull)},
      {"GetRecords", R"({"ShardIterator":""})", one("''", "shardIterator", longer(1))},
      {"GetRecords", R"({"ShardIterator":"x","Limit":10001})", one("'10001'", "limit", at_most(10000))},

      {"AddTagsToStream", with(R"("Tags":{})"), one("'{}'", "tags", longer(1))},
      {"AddTagsToStream", fmt::format("{{{}}}", good), one("null", "tags", kNull)},
      {"RemoveTagsFromStream", with(R"("TagKeys":[])"), one("'[]'", "tagKeys", longer(1))},
      {"RemoveTagsFromStream", with(R"("TagKeys":[""])"),
       one("'[]'", "tagKeys",
           "Member must satisfy constraint: [" + shorter(128) + ", " + longer(1) + ", Member must not be null]")},
      {"ListTagsForStream", with(R"("Limit":51)"), one("'51'", "limit", at_most(50))},
      {"ListTagsForStream", with(R"("ExclusiveStartTagKey":"")"), one("''", "exclusiveStartTagKey", longer(1))},
      {"TagResource", R"({"ResourceARN":"x","Tags":{"a":"b"}})", one("'x'", "resourceARN", matching(kResourceArn))},
      {"UntagResource", R"({"ResourceARN":"x","TagKeys":["b"]})", one("'x'", "resourceARN", matching(kResourceArn))},
      {"ListTagsForResource", R"({})", one("null", "resourceARN", kNull)},
      {"PutResourcePolicy", R"({"ResourceARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s"})",
       one("null", "policy", kNull)},

      {"IncreaseStreamRetentionPeriod", fmt::format("{{{}}}", good), one("null", "retentionPeriodHours", kNull)},
      {"DecreaseStreamRetentionPeriod", fmt::format("{{{}}}", good), one("null", "retentionPeriodHours", kNull)},
      {"EnableEnhancedMonitoring", fmt::format("{{{}}}", good), one("null", "shardLevelMetrics", kNull)},
      {"EnableEnhancedMonitoring", with(R"("ShardLevelMetrics":[])"), one("'[]'", "shardLevelMetrics", longer(1))},
      {"DisableEnhancedMonitoring", with(fmt::format(R"("ShardLevelMetrics":[{}])", many(8, R"("ALL")"))),
       one("'[ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL]'", "shardLevelMetrics", shorter(7))},
      {"EnableEnhancedMonitoring", with(R"("ShardLevelMetrics":["Bytes"])"),
       one("'[Bytes]'", "shardLevelMetrics",
           "Member must satisfy constraint: [" +
               among("IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, "
                     "WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, "
                     "ALL") +
               ", Member must not be null]")},
      {"StartStreamEncryption", with(R"("KeyId":"alias/a")"), one("null", "encryptionType", kNull)},
      {"StartStreamEncryption", with(R"("EncryptionType":"KMS")"), one("null", "keyId", kNull)},
      {"StartStreamEncryption", with(R"("EncryptionType":"AES","KeyId":"alias/a")"),
       one("'AES'", "encryptionType", among("NONE, KMS"))},
      {"StartStreamEncryption", with(R"("EncryptionType":"KMS","KeyId":"")"), one("''", "keyId", longer(1))},
      {"StartStreamEncryption", with(fmt::format(R"("EncryptionType":"KMS","KeyId":"{}")", std::string(2049, 'a'))),
       one(quoted(std::string(2049, 'a')), "keyId", shorter(2048))},
      {"StopStreamEncryption", with(R"("EncryptionType":"","KeyId":"alias/a")"),
       one("''", "encryptionType", among("NONE, KMS"))},
      {"StopStreamEncryption", with(R"("EncryptionType":"KMS")"), one("null", "keyId", kNull)},
      {"UpdateShardCount", with(R"("TargetShardCount":0,"ScalingType":"UNIFORM_SCALING")"),
       one("'0'", "targetShardCount", at_least(1))},
      {"UpdateShardCount", with(R"("TargetShardCount":1,"ScalingType":"X")"),
       one("'X'", "scalingType", among("UNIFORM_SCALING"))},
  };
  ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  for (const Row& row : rows) {
    EXPECT_EQ(error(row.operation, row.body), "ValidationException: " + row.message) << row.operation << row.body;
  }
  EXPECT_EQ(error("PutRecords", with(fmt::format(R"("Records":[{}])", many(501, record)))).substr(0, 70),
            "ValidationException: 1 validation error detected: Value '[PutRecordsRe");
}

TEST_F(Validation, ListsAllThatIsWrongUpToTen) {
  EXPECT_EQ(
      error("PutRecord", R"({"StreamName":"a b","PartitionKey":"","ExplicitHashKey":"x"})"),
      "ValidationException: 4 validation errors detected: Value 'a b' at 'streamName' failed to satisfy "
      "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'data' failed to "
      "satisfy constraint: Member must not be null; Value '' at 'partitionKey' failed to satisfy constraint: "
      "Member must have length greater than or equal to 1; Value 'x' at 'explicitHashKey' failed to satisfy "
      "constraint: Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})");
  std::string records;
  for (int i = 0; i < 20; ++i) records += std::string(i == 0 ? "" : ",") + R"({"Data":"","PartitionKey":""})";
  const std::string ten = error("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{}]}})", records));
  EXPECT_TRUE(ten.starts_with("ValidationException: 10 validation errors detected: Value '' at 'records.1.member."));
  EXPECT_TRUE(ten.contains("records.10.member.partitionKey"));
  EXPECT_FALSE(ten.contains("records.11.member"));
}

}  // namespace
}  // namespace penstock::services::kinesis
