#include "services/iot/topic_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/codec.h"

namespace penstock::services::iot {
namespace {

using testing::HasSubstr;

TopicRulePayload payload_of(std::string_view json) {
  TopicRulePayload out;
  const auto decoded = codec::decode_json(json, codec::shape_of<TopicRulePayload>(), &out);
  EXPECT_TRUE(decoded.has_value());
  return out;
}

/// The error's code and message, or "ok".
std::string checked(std::string_view json) {
  const auto result = check_topic_rule(payload_of(json));
  return result.has_value() ? "ok" : result.error().code + ": " + result.error().message;
}

TEST(TopicRule, AcceptsWhatTheProviderSends) {
  EXPECT_EQ(checked(R"({"actions":[{"kinesis":{"partitionKey":"${newuuid()}","roleArn":"arn:aws:iam::1:role/r",
      "streamName":"s"}}],"awsIotSqlVersion":"2016-03-23","description":"d","ruleDisabled":false,
      "errorAction":{"republish":{"qos":0,"roleArn":"arn:aws:iam::1:role/r","topic":"errors/${topic()}"}},
      "sql":"SELECT topic() as topic, clientid() as client_id, * FROM 'experiment/data_ingest/v1/+/+/+/+'"})"),
            "ok");
  EXPECT_EQ(checked(R"({"sql":"SELECT * FROM 'a'","actions":[]})"), "ok");
}

TEST(TopicRule, RefusesEachActionThatIsNotBuiltByName) {
  for (const std::string_view name : {"cloudwatchAlarm",
                                      "cloudwatchLogs",
                                      "cloudwatchMetric",
                                      "dynamoDB",
                                      "dynamoDBv2",
                                      "elasticsearch",
                                      "firehose",
                                      "http",
                                      "iotAnalytics",
                                      "iotEvents",
                                      "iotSiteWise",
                                      "kafka",
                                      "lambda",
                                      "location",
                                      "openSearch",
                                      "s3",
                                      "salesforce",
                                      "sns",
                                      "sqs",
                                      "stepFunctions",
                                      "timestream"}) {
    const std::string action = "{\"" + std::string(name) + "\":{\"x\":1}}";
    const std::string expected =
        "InvalidRequestException: The rule action " + std::string(name) + " is not implemented by Penstock.";
    EXPECT_EQ(checked(R"({"sql":"SELECT * FROM 'a'","actions":[)" + action + "]}"), expected);
    EXPECT_EQ(checked(R"({"sql":"SELECT * FROM 'a'","actions":[],"errorAction":)" + action + "}"), expected);
  }
}

TEST(TopicRule, RefusesWhatIsWrong) {
  EXPECT_THAT(checked(R"({"sql":"SELEC * FROM 'a'","actions":[]})"), HasSubstr("SqlParseException: line 1, column 1"));
  EXPECT_THAT(checked(R"({"sql":"SELECT md5(a) AS m FROM 'a'","actions":[]})"), HasSubstr("SqlParseException"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[{}]})"), HasSubstr("InvalidRequestException"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[],"awsIotSqlVersion":"2020-01-01"})"),
              HasSubstr("InvalidRequestException: The SQL version 2020-01-01"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[{"kinesis":{"roleArn":"r","streamName":"s",
      "partitionKey":"${"}}]})"),
              HasSubstr("InvalidRequestException: The kinesis action's partitionKey is not a valid substitution"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[{"republish":{"roleArn":"r","topic":"t","qos":2}}]})"),
              HasSubstr("qos must be 0 or 1"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[{"republish":{"roleArn":"r","topic":"t",
      "headers":{"contentType":"x"}}}]})"),
              HasSubstr("headers are not implemented"));
  EXPECT_THAT(checked(R"({"sql":"SELECT * FROM 'a'","actions":[{"republish":{"roleArn":"r","topic":"t"},
      "kinesis":{"roleArn":"r","streamName":"s"}}]})"),
              HasSubstr("exactly one"));
}

TEST(TopicRule, ComesBackFromTheCatalogAsItWasWritten) {
  TopicRule rule = make_topic_rule("r", payload_of(R"({"sql":"SELECT * FROM '$$aws/\u00e9/${x}'","actions":[{"kinesis":
      {"roleArn":"a","streamName":"${topic()}"}}],"errorAction":{"republish":{"roleArn":"b","topic":"$$aws/x"}}})"),
                                   from_unix_ms(1'700'000'000'123));
  const auto back = decode_topic_rule(encode_topic_rule(rule));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->rule_name, "r");
  EXPECT_EQ(back->sql, "SELECT * FROM '$$aws/é/${x}'");
  EXPECT_EQ(back->created_at, rule.created_at);
  EXPECT_EQ(back->aws_iot_sql_version, "2015-10-08");
  ASSERT_EQ(back->actions.size(), 1U);
  EXPECT_EQ(back->actions[0].kinesis->stream_name, "${topic()}");
  EXPECT_FALSE(back->actions[0].kinesis->partition_key.has_value());
  EXPECT_FALSE(back->actions[0].republish.has_value());
  EXPECT_EQ(back->error_action->republish->topic, "$$aws/x");
  EXPECT_FALSE(back->description.has_value());
  EXPECT_FALSE(decode_topic_rule("{\"format\":2,\"rule\":{\"ruleName\":\"r\",\"sql\":\"s\"}}").has_value());
}

}  // namespace
}  // namespace penstock::services::iot
