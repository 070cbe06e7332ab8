#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/encoding/base64.h"
#include "services/kinesis/kinesis_fixture.h"

namespace penstock::services::kinesis {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RecordsApi : public KinesisFixture {
 protected:
  RecordsApi() { ok("CreateStream", R"({"StreamName":"s","ShardCount":1})"); }

  std::string put(std::string_view data, std::string_view key = "k") {
    return str(ok("PutRecord",
                  fmt::format(R"({{"StreamName":"s","Data":"{}","PartitionKey":"{}"}})", base64_encode(data), key))
                   .at("SequenceNumber"));
  }
  boost::json::value get(std::string_view iterator, int limit = 10'000) {
    return ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}","Limit":{}}})", iterator, limit));
  }
  static std::string texts(const boost::json::value& answer) {
    std::string joined;
    for (const auto& record : answer.at("Records").as_array()) joined += *base64_decode(str(record.at("Data"))) + " ";
    return joined;
  }
};

TEST_F(RecordsApi, PutRecordThenGetRecords) {
  const auto put_answer = ok("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"k"})");
  EXPECT_EQ(str(put_answer.at("ShardId")), "shardId-000000000000");
  EXPECT_FALSE(put_answer.as_object().contains("EncryptionType"));
  const auto answer = get(iterator("s"));
  EXPECT_THAT(touched_, ElementsAre("arn:aws:kinesis:eu-central-1:123456789012:stream/s"));
  ASSERT_EQ(answer.at("Records").as_array().size(), 1U);
  const auto& record = answer.at("Records").at(0);
  EXPECT_EQ(str(record.at("Data")), "aGVsbG8=");
  EXPECT_EQ(str(record.at("PartitionKey")), "k");
  EXPECT_EQ(str(record.at("SequenceNumber")), str(put_answer.at("SequenceNumber")));
  EXPECT_DOUBLE_EQ(record.at("ApproximateArrivalTimestamp").to_number<double>(), 1'700'000'000.0);
  EXPECT_EQ(answer.at("MillisBehindLatest").as_int64(), 0);
  EXPECT_TRUE(answer.as_object().contains("NextShardIterator"));
  EXPECT_FALSE(answer.as_object().contains("ChildShards"));
}

TEST_F(RecordsApi, PutRecordsAnswersInOrder) {
  const auto answer =
      ok("PutRecords", R"({"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"1"},)"
                       R"({"Data":"Yg==","PartitionKey":"2","ExplicitHashKey":"5"},{"Data":"","PartitionKey":"3"}]})");
  EXPECT_EQ(answer.at("FailedRecordCount").as_int64(), 0);
  const auto& records = answer.at("Records").as_array();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_LT(str(records[0].at("SequenceNumber")), str(records[1].at("SequenceNumber")));
  EXPECT_FALSE(records[0].as_object().contains("ErrorCode"));
  EXPECT_EQ(texts(get(iterator("s"))), "a b  ");
}

TEST_F(RecordsApi, PutRefusals) {
  EXPECT_EQ(error("PutRecord", R"({"StreamName":"s","PartitionKey":""})"),
            "ValidationException: 2 validation errors detected: Value null at 'data' failed to satisfy constraint: "
            "Member must not be null; Value '' at 'partitionKey' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1");
  EXPECT_THAT(error("PutRecord", R"({"StreamName":"s","Data":"!","PartitionKey":"k"})"),
              StartsWith("SerializationException"));
  EXPECT_EQ(error("PutRecord", R"({"StreamName":"none","Data":"","PartitionKey":"k"})"),
            "ResourceNotFoundException: Stream none under account 123456789012 not found.");
  EXPECT_EQ(error("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k",)"
                               R"("ExplicitHashKey":"340282366920938463463374607431768211456"})"),
            "InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            "Specified value was 340282366920938463463374607431768211456");
  EXPECT_THAT(error("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"-1"})"),
              StartsWith("ValidationException"));
  const std::string large = base64_encode(std::string((1U << 20U) + 1, 'x'));
  EXPECT_THAT(error("PutRecord", fmt::format(R"({{"StreamName":"s","Data":"{}","PartitionKey":"k"}})", large)),
              HasSubstr("maximum record size"));
  EXPECT_THAT(error("PutRecords", R"({"StreamName":"s","Records":[]})"),
              HasSubstr("Member must have length greater than or equal to 1"));
  std::string many;
  for (int i = 0; i < 501; ++i) many += std::string(i == 0 ? "" : ",") + R"({"Data":"","PartitionKey":"k"})";
  EXPECT_THAT(error("PutRecords", R"({"StreamName":"s","Records":[)" + many + "]}"),
              HasSubstr("Member must have length less than or equal to 500"));
  const std::string key(257, 'k');
  EXPECT_THAT(error("PutRecord", fmt::format(R"({{"StreamName":"s","Data":"","PartitionKey":"{}"}})", key)),
              HasSubstr("Member must have length less than or equal to 256"));
  EXPECT_TRUE(get(iterator("s")).at("Records").as_array().empty());
}

TEST_F(RecordsApi, PartitionKeysCountCharactersNotBytes) {
  std::string key;
  for (int i = 0; i < 256; ++i) key += "é";
  put("x", key);
  EXPECT_EQ(str(get(iterator("s")).at("Records").at(0).at("PartitionKey")), key);
}

TEST_F(RecordsApi, ARequestOfMoreThanTenMebibytesIsRefused) {
  ok("UpdateMaxRecordSize",
     R"({"StreamARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s","MaxRecordSizeInKiB":10240})");
  const std::string half = base64_encode(std::string(5U << 20U, 'x'));
  const auto record = fmt::format(R"({{"Data":"{}","PartitionKey":"k"}})", half);
  EXPECT_THAT(error("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{},{}]}})", record, record)),
              StartsWith("InvalidArgumentException"));
  ok("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{}]}})", record));
}

TEST_F(RecordsApi, SequenceNumberForOrderingMustBeOneOfTheStream) {
  const std::string number = put("a");
  const auto with = [](std::string_view n) {
    return fmt::format(R"({{"StreamName":"s","Data":"","PartitionKey":"k","SequenceNumberForOrdering":"{}"}})", n);
  };
  ok("PutRecord", with(number));
  EXPECT_EQ(error("PutRecord", with("7")),
            "InvalidArgumentException: ExclusiveMinimumSequenceNumber 7 used in PutRecord on stream s under account "
            "123456789012 is invalid.");
  EXPECT_THAT(error("PutRecord", with("x")), StartsWith("ValidationException"));
}

TEST_F(RecordsApi, AllFiveIteratorTypes) {
  const std::string first = put("a");
  clock_.advance(seconds(10));
  const auto middle_ms = to_unix_ms(clock_.now());
  const std::string second = put("b");
  clock_.advance(seconds(10));
  put("c");
  const std::string shard = "shardId-000000000000";
  EXPECT_EQ(texts(get(iterator("s", shard, "TRIM_HORIZON"))), "a b c ");
  EXPECT_EQ(texts(get(iterator("s", shard, "AT_SEQUENCE_NUMBER", ",\"StartingSequenceNumber\":\"" + second + "\""))),
            "b c ");
  EXPECT_EQ(texts(get(iterator("s", shard, "AFTER_SEQUENCE_NUMBER", ",\"StartingSequenceNumber\":\"" + first + "\""))),
            "b c ");
  EXPECT_EQ(texts(get(iterator("s", shard, "AT_TIMESTAMP", fmt::format(",\"Timestamp\":{}", middle_ms / 1000)))),
            "b c ");
  const std::string latest = iterator("s", shard, "LATEST");
  EXPECT_EQ(texts(get(latest)), "");
  put("d");
  EXPECT_EQ(texts(get(latest)), "d ");
}

TEST_F(RecordsApi, SequenceNumbersInsideAPutAreExact) {
  const auto answer = ok("PutRecords", R"({"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"1"},)"
                                       R"({"Data":"Yg==","PartitionKey":"2"},{"Data":"Yw==","PartitionKey":"3"}]})");
  const std::string second = str(answer.at("Records").at(1).at("SequenceNumber"));
  const std::string start = ",\"StartingSequenceNumber\":\"" + second + "\"";
  EXPECT_EQ(texts(get(iterator("s", "shardId-000000000000", "AT_SEQUENCE_NUMBER", start))), "b c ");
  EXPECT_EQ(texts(get(iterator("s", "shardId-000000000000", "AFTER_SEQUENCE_NUMBER", start))), "c ");
}

TEST_F(RecordsApi, GetShardIteratorRefusals) {
  const auto why = [&](std::string_view rest, std::string_view stream = "s",
                       std::string_view shard = "shardId-000000000000") {
    return error("GetShardIterator", fmt::format(R"({{"StreamName":"{}","ShardId":"{}",{}}})", stream, shard, rest));
  };
  EXPECT_EQ(why(R"("ShardIteratorType":"LATEST")", "none"),
            "ResourceNotFoundException: Shard shardId-000000000000 in stream none under account 123456789012 does not "
            "exist");
  EXPECT_EQ(why(R"("ShardIteratorType":"LATEST")", "s", "shardId-000000000009"),
            "ResourceNotFoundException: Shard shardId-000000000009 in stream s under account 123456789012 does not "
            "exist");
  EXPECT_EQ(why(R"("ShardIteratorType":"LATEST")", "s", "shardX"),
            "ResourceNotFoundException: Could not find shard shardX in stream s under account 123456789012.");
  EXPECT_EQ(why(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER")"),
            "InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
            "AT_SEQUENCE_NUMBER and no StartingSequenceNumber.");
  EXPECT_THAT(why(R"("ShardIteratorType":"LATEST","StartingSequenceNumber":"5")"),
              HasSubstr("Request specified LATEST and also a StartingSequenceNumber."));
  EXPECT_EQ(why(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"5")"),
            "InvalidArgumentException: StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000000 "
            "in stream s under account 123456789012 is invalid.");
  EXPECT_THAT(why(R"("ShardIteratorType":"SIDEWAYS")"),
              HasSubstr("Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                        "AT_SEQUENCE_NUMBER, TRIM_HORIZON]"));
  EXPECT_EQ(why(R"("ShardIteratorType":"AT_TIMESTAMP")"),
            "InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            "Current request has no timestamp parameter.");
  EXPECT_THAT(why(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1800000000)"),
              HasSubstr("cannot be greater than the currentTimestampInMillis"));
}

TEST_F(RecordsApi, IteratorsExpireAfterFiveMinutesAndCannotBeForged) {
  std::string token = iterator("s");
  clock_.advance(minutes(5));
  get(token);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(error("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", token)),
            "ExpiredIteratorException: Iterator expired. The iterator was created at time Tue Nov 14 22:13:20 UTC 2023 "
            "while right now it is Tue Nov 14 22:18:20 UTC 2023 which is further in the future than the tolerated "
            "delay of 300000 milliseconds.");
  token = iterator("s");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(error("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", forged)),
              "InvalidArgumentException: Invalid ShardIterator.");
  }
}

TEST_F(RecordsApi, MillisBehindLatestIsHonest) {
  put("a");
  clock_.advance(seconds(10));
  put("b");
  clock_.advance(seconds(5));
  auto answer = get(iterator("s"), 1);
  EXPECT_EQ(answer.at("MillisBehindLatest").as_int64(), 5000) << "since the oldest record not yet given arrived";
  answer = get(str(answer.at("NextShardIterator")), 1);
  EXPECT_EQ(texts(answer), "b ");
  EXPECT_EQ(answer.at("MillisBehindLatest").as_int64(), 0);
}

TEST_F(RecordsApi, AnAnswerHoldsAtMostTenMebibytes) {
  const std::string data = base64_encode(std::string(1'000'000, 'x'));
  for (int i = 0; i < 12; ++i) {
    ok("PutRecord", fmt::format(R"({{"StreamName":"s","Data":"{}","PartitionKey":"k"}})", data));
  }
  auto answer = get(iterator("s"));
  EXPECT_EQ(answer.at("Records").as_array().size(), 10U);
  EXPECT_GT(answer.at("MillisBehindLatest").as_int64(), 0);
  answer = get(str(answer.at("NextShardIterator")));
  EXPECT_EQ(answer.at("Records").as_array().size(), 2U);
}

TEST_F(RecordsApi, ThrottledRecordsAreNamedOneByOne) {
  settings_.limits.shard_write_bytes.choice = stream::Limit::Choice::aws;
  reopen();
  const std::string data = base64_encode(std::string(700'000, 'x'));
  const auto record = fmt::format(R"({{"Data":"{}","PartitionKey":"k"}})", data);
  const auto answer = ok("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{},{}]}})", record, record));
  EXPECT_EQ(answer.at("FailedRecordCount").as_int64(), 1);
  EXPECT_EQ(str(answer.at("Records").at(1).at("ErrorCode")), "ProvisionedThroughputExceededException");
  EXPECT_EQ(str(answer.at("Records").at(1).at("ErrorMessage")),
            "Rate exceeded for shard shardId-000000000000 in stream s under account 123456789012.");
  EXPECT_FALSE(answer.at("Records").at(1).as_object().contains("ShardId"));
}

TEST_F(RecordsApi, ReadersOfAResharedStreamDrainParentsThenChildren) {
  put("before");
  const std::string open_iterator = iterator("s");
  ok("UpdateShardCount", R"({"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"})");
  ok("PutRecord", R"({"StreamName":"s","Data":"bG93","PartitionKey":"k","ExplicitHashKey":"0"})");
  const auto answer = get(open_iterator);
  EXPECT_EQ(texts(answer), "before ");
  EXPECT_FALSE(answer.as_object().contains("NextShardIterator"));
  const auto& children = answer.at("ChildShards").as_array();
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(str(children[0].at("ShardId")), "shardId-000000000001");
  EXPECT_EQ(str(children[0].at("ParentShards").at(0)), "shardId-000000000000");
  EXPECT_EQ(str(children[0].at("HashKeyRange").at("StartingHashKey")), "0");
  EXPECT_EQ(texts(get(iterator("s", "shardId-000000000001"))), "low ");
}

}  // namespace
}  // namespace penstock::services::kinesis
