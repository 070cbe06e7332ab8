#include "services/iot/rule_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/memory/memory_catalog.h"
#include "codec/json.h"
#include "core/encoding/base64.h"
#include "telemetry/log.h"

namespace penstock::services::iot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kAccount = "123456789012";

std::string role(std::string_view name) { return "arn:aws:iam::123456789012:role/" + std::string(name); }

/// Roles are allowed what the test says: "Role action resource".
class FakeAuthorizer final : public iam::Authorizer {
 public:
  std::set<std::string> roles = {"Writer", "Fallback"};
  std::set<std::string> denied;  ///< "Role action"
  mutable std::vector<std::string> asked;

  [[nodiscard]] iam::Decision authorize(const iam::Principal& who, const iam::Question& question) const override {
    asked.push_back(who.name + " " + std::string(question.action) + " " + std::string(question.resource));
    if (denied.contains(who.name + " " + std::string(question.action))) {
      return {.allowed = false,
              .explicit_deny = false,
              .reason = "because no identity-based policy allows the " + std::string(question.action) + " action"};
    }
    return {.allowed = true, .explicit_deny = false, .reason = {}};
  }
  [[nodiscard]] Result<iam::Principal> assume_as_service(std::string_view role_arn, std::string_view service,
                                                         std::string_view session_name) const override {
    EXPECT_EQ(service, "iot.amazonaws.com");
    const std::string name(role_arn.substr(role_arn.rfind('/') + 1));
    if (!roles.contains(name)) return fail(ErrorKind::missing, "The role " + name + " cannot be found.");
    iam::Principal out;
    out.kind = iam::PrincipalKind::assumed_role;
    out.name = name;
    out.arn = "arn:aws:sts::123456789012:assumed-role/" + name + "/" + std::string(session_name);
    return out;
  }
};

class FakeRecords final : public RecordSink {
 public:
  struct Put {
    std::string stream;
    stream::PutEntry entry;
    bool operator==(const Put& other) const {
      return stream == other.stream && entry.partition_key == other.entry.partition_key &&
             entry.data == other.entry.data;
    }
  };
  std::vector<Put> puts;
  std::map<std::string, std::deque<ErrorKind>> failures;  ///< of a stream's next puts
  std::map<std::string, std::vector<Completion<bool>>> held;
  std::set<std::string> hold;  ///< streams whose puts wait until the test releases them
  std::map<std::string, std::string, std::less<>> policies;

  [[nodiscard]] std::string resource_policy(std::string_view stream_name) const override {
    const auto found = policies.find(stream_name);
    return found == policies.end() ? std::string() : found->second;
  }

  Task<Result<stream::PutOutcome>> put(std::string stream_name, stream::PutEntry entry) override {
    if (hold.contains(stream_name)) {
      const Completion<bool> released;
      held[stream_name].push_back(released);
      co_await released;
    }
    auto& next = failures[stream_name];
    if (!next.empty()) {
      const ErrorKind kind = next.front();
      next.pop_front();
      co_return fail(kind, "the stream says no");
    }
    puts.push_back({std::move(stream_name), std::move(entry)});
    co_return stream::PutOutcome{.shard_id = "shardId-000000000000", .sequence_number = "1"};
  }
};

class FakePublisher final : public mqtt::Publisher {
 public:
  std::vector<mqtt::MessagePtr> delivered;
  void deliver(mqtt::MessagePtr message) override { delivered.push_back(std::move(message)); }
};

/// Timers that are over at once, and say how long they would have taken.
class InstantTimers final : public Timers {
 public:
  std::vector<std::chrono::milliseconds> delays;
  TimerId after(std::chrono::milliseconds delay, std::move_only_function<void()> call) override {
    delays.push_back(delay);
    call();
    return delays.size();
  }
  void cancel(TimerId) override {}
};

class RuleEngineTest : public testing::Test {
 protected:
  void SetUp() override {
    telemetry::set_sink([this](std::string_view line) { log.emplace_back(line); });
    engine.set_publisher(publisher);
    engine.start();
  }
  void TearDown() override { telemetry::set_sink(nullptr); }

  static Action kinesis(std::string stream, std::optional<std::string> key = "k", std::string_view by = "Writer") {
    Action out;
    out.kinesis = KinesisAction{.role_arn = role(by), .stream_name = std::move(stream), .partition_key = key};
    return out;
  }
  static Action republish(std::string topic, int qos = 0, std::string_view by = "Writer") {
    Action out;
    out.republish = RepublishAction{.role_arn = role(by), .topic = std::move(topic), .qos = qos, .headers = {}};
    return out;
  }
  void put_rule(std::string name, std::string sql, std::vector<Action> actions, std::optional<Action> error_action = {},
                bool disabled = false) {
    TopicRule rule;
    rule.rule_name = name;
    rule.sql = std::move(sql);
    rule.actions = std::move(actions);
    rule.error_action = std::move(error_action);
    rule.rule_disabled = disabled;
    rule.aws_iot_sql_version = "2016-03-23";
    ASSERT_TRUE(run_sync(catalog->put(topic_rule_key(name), encode_topic_rule(rule))).has_value());
  }
  void delete_rule(const std::string& name) {
    ASSERT_TRUE(run_sync(catalog->remove(topic_rule_key(name))).has_value());
  }
  mqtt::MessagePtr message(std::string topic, std::string payload) {
    auto out = std::make_shared<mqtt::Message>();
    out->topic = std::move(topic);
    out->payload = std::move(payload);
    out->qos = 1;
    out->client_id = "device-7";
    out->received = from_unix_ms(1'700'000'000'123);
    return out;
  }
  Result<void> publish(std::string topic, std::string payload) {
    return run_sync(engine.on_publish(message(std::move(topic), std::move(payload))));
  }
  std::vector<std::string> data_in(std::string_view stream) const {
    std::vector<std::string> out;
    for (const FakeRecords::Put& put : records.puts) {
      if (put.stream == stream) out.push_back(put.entry.data);
    }
    return out;
  }

  std::vector<std::string> log;
  std::unique_ptr<catalog::Catalog> catalog = catalog::make_memory_catalog();
  FakeAuthorizer authorizer;
  FakeRecords records;
  FakePublisher publisher;
  ManualClock clock;
  SeededRandom random{7};
  InstantTimers timers;
  RuleEngine engine{{.catalog = *catalog,
                     .authorizer = authorizer,
                     .records = records,
                     .clock = clock,
                     .random = random,
                     .timers = timers,
                     .account = std::string(kAccount),
                     .region = "eu-central-1"}};
};

TEST_F(RuleEngineTest, PutsTheRuleResultIntoTheStreamUnderTheRole) {
  put_rule("ingest", "SELECT topic() as topic, clientid() as client_id, * FROM 'experiment/+/v1'",
           {kinesis("measurements", "${topic(2)}")});
  ASSERT_TRUE(publish("experiment/e1/v1", R"({"n":1})").has_value());
  ASSERT_EQ(records.puts.size(), 1U);
  EXPECT_EQ(records.puts[0].stream, "measurements");
  EXPECT_EQ(records.puts[0].entry.partition_key, "e1");
  EXPECT_EQ(records.puts[0].entry.data, R"({"topic":"experiment/e1/v1","client_id":"device-7","n":1})");
  EXPECT_THAT(authorizer.asked,
              ElementsAre("Writer kinesis:PutRecord arn:aws:kinesis:eu-central-1:123456789012:stream/measurements"));
  EXPECT_TRUE(publish("other/e1/v1", "{}").has_value());
  EXPECT_EQ(records.puts.size(), 1U);
}

TEST_F(RuleEngineTest, AcknowledgesOnlyAfterEveryRecordIsDurable) {
  put_rule("a", "SELECT * FROM 't'", {kinesis("one"), kinesis("two")});
  put_rule("b", "SELECT * FROM '#'", {kinesis("three")});
  records.hold = {"one", "three"};
  ManualExecutor executor;
  std::optional<Result<void>> done;
  spawn_here(executor, engine.on_publish(message("t", "x")), [&](Result<void> result) { done = std::move(result); });
  executor.run_ready();
  EXPECT_EQ(data_in("two").size(), 1U);
  EXPECT_FALSE(done.has_value());
  records.held["one"][0].set(true);
  executor.run_ready();
  EXPECT_FALSE(done.has_value());
  records.held["three"][0].set(true);
  executor.run_ready();
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->has_value());
}

TEST_F(RuleEngineTest, MatchesWildcardsAndDollarTopicsAsMqttDoes) {
  put_rule("exact", "SELECT 'exact' AS r FROM 'a/b'", {kinesis("s")});
  put_rule("plus", "SELECT 'plus' AS r FROM 'a/+'", {kinesis("s")});
  put_rule("hash", "SELECT 'hash' AS r FROM 'a/#'", {kinesis("s")});
  put_rule("all", "SELECT 'all' AS r FROM '#'", {kinesis("s")});
  put_rule("first", "SELECT 'first' AS r FROM '+/b'", {kinesis("s")});
  put_rule("events", "SELECT 'events' AS r FROM '$aws/events/#'", {kinesis("s")});
  const auto called = [&](std::string topic) {
    records.puts.clear();
    EXPECT_TRUE(publish(std::move(topic), "{}").has_value());
    std::vector<std::string> out;
    for (const std::string& data : data_in("s")) out.push_back(data.substr(6, data.size() - 8));
    return out;
  };
  EXPECT_THAT(called("a/b"), UnorderedElementsAre("exact", "plus", "hash", "all", "first"));
  EXPECT_THAT(called("a"), UnorderedElementsAre("hash", "all"));
  EXPECT_THAT(called("a/b/c"), UnorderedElementsAre("hash", "all"));
  EXPECT_THAT(called("a/"), UnorderedElementsAre("plus", "hash", "all"));
  EXPECT_THAT(called("$x/b"), IsEmpty());
  EXPECT_THAT(called("$aws/events/presence/connected/c"), UnorderedElementsAre("events"));
}

TEST_F(RuleEngineTest, RuleChangesHoldFromTheNextMessage) {
  put_rule("r", "SELECT 1 AS v FROM 't'", {kinesis("s")});
  ASSERT_TRUE(publish("t", "{}").has_value());
  put_rule("r", "SELECT 2 AS v FROM 't'", {kinesis("s")});
  ASSERT_TRUE(publish("t", "{}").has_value());
  put_rule("r", "SELECT 3 AS v FROM 't'", {kinesis("s")}, {}, /*disabled=*/true);
  ASSERT_TRUE(publish("t", "{}").has_value());
  put_rule("r", "SELECT 4 AS v FROM 't'", {kinesis("s")});
  delete_rule("r");
  ASSERT_TRUE(publish("t", "{}").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre(R"({"v":1})", R"({"v":2})"));
}

TEST_F(RuleEngineTest, LoadsTheRulesThatAreThereAlready) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")});
  RuleEngine second({.catalog = *catalog,
                     .authorizer = authorizer,
                     .records = records,
                     .clock = clock,
                     .random = random,
                     .timers = timers,
                     .account = std::string(kAccount),
                     .region = "eu-central-1"});
  second.start();
  EXPECT_EQ(second.stats().rules_enabled, 1U);
  ASSERT_TRUE(run_sync(second.on_publish(message("t", "x"))).has_value());
  EXPECT_THAT(data_in("s"), ElementsAre("x"));
}

TEST_F(RuleEngineTest, WithoutPermissionTheErrorActionRunsAndNothingReachesTheStream) {
  put_rule("ingest", "SELECT * FROM 'a/b'", {kinesis("measurements", "key-1")},
           kinesis("failures", std::nullopt, "Fallback"));
  authorizer.denied = {"Writer kinesis:PutRecord"};
  ASSERT_TRUE(publish("a/b", "payload \xff").has_value());
  EXPECT_THAT(data_in("measurements"), IsEmpty());
  ASSERT_EQ(data_in("failures").size(), 1U);
  const auto json = codec::parse_json(data_in("failures")[0]).value().as_object();
  EXPECT_EQ(json.at("ruleName").as_string(), "ingest");
  EXPECT_EQ(json.at("topic").as_string(), "a/b");
  EXPECT_EQ(json.at("clientId").as_string(), "device-7");
  EXPECT_EQ(json.at("cloudwatchTraceId").as_string().size(), 36U);
  EXPECT_EQ(base64_decode(std::string_view(json.at("base64OriginalPayload").as_string())), "payload \xff");
  ASSERT_EQ(json.at("failures").as_array().size(), 1U);
  const auto& failure = json.at("failures").as_array()[0].as_object();
  EXPECT_EQ(failure.at("failedAction").as_string(), "KinesisAction");
  EXPECT_EQ(failure.at("failedResource").as_string(), "measurements");
  EXPECT_THAT(std::string(failure.at("errorMessage").as_string()),
              HasSubstr("User: arn:aws:sts::123456789012:assumed-role/Writer/ingest is not authorized to perform: "
                        "kinesis:PutRecord on resource: "
                        "arn:aws:kinesis:eu-central-1:123456789012:stream/measurements because no identity-based "
                        "policy allows the kinesis:PutRecord action"));
  EXPECT_EQ(engine.stats().error_actions_succeeded, 1U);
}

TEST_F(RuleEngineTest, ATakenPermissionHoldsForTheNextMessage) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")});
  ASSERT_TRUE(publish("t", "1").has_value());
  authorizer.denied = {"Writer kinesis:PutRecord"};
  ASSERT_TRUE(publish("t", "2").has_value());
  authorizer.denied.clear();
  authorizer.roles.erase("Writer");
  ASSERT_TRUE(publish("t", "3").has_value());
  authorizer.roles.insert("Writer");
  ASSERT_TRUE(publish("t", "4").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre("1", "4"));
}

TEST_F(RuleEngineTest, OneErrorMessageTellsAllFailuresOfARule) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("gone"), kinesis("good"), kinesis("s", "${missing}")},
           republish("errors", 0, "Fallback"));
  records.failures["gone"] = {ErrorKind::missing};
  ASSERT_TRUE(publish("t", "{}").has_value());
  EXPECT_THAT(data_in("good"), ElementsAre("{}"));
  ASSERT_EQ(publisher.delivered.size(), 1U);
  EXPECT_EQ(publisher.delivered[0]->topic, "errors");
  const auto json = codec::parse_json(publisher.delivered[0]->payload).value().as_object();
  EXPECT_EQ(json.at("failures").as_array().size(), 2U);
}

TEST_F(RuleEngineTest, WhatCannotGetBetterIsAcknowledgedLoggedAndCounted) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")});
  for (const ErrorKind kind : {ErrorKind::missing, ErrorKind::invalid, ErrorKind::denied}) {
    log.clear();
    clock.advance(std::chrono::seconds(2));
    records.failures["s"] = {kind};
    EXPECT_TRUE(publish("t", "x").has_value()) << to_string(kind);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_THAT(log[0], HasSubstr("rule action failed"));
  }
  EXPECT_THAT(timers.delays, IsEmpty());
  EXPECT_EQ(engine.stats().actions_failed, 3U);
}

TEST_F(RuleEngineTest, WhatMayGetBetterIsTriedAgainAndThenNotAcknowledged) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")});
  records.failures["s"] = {ErrorKind::throttled, ErrorKind::unavailable};
  EXPECT_TRUE(publish("t", "1").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre("1"));
  EXPECT_EQ(timers.delays.size(), 2U);

  records.failures["s"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  const auto refused = publish("t", "2");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(data_in("s"), ElementsAre("1"));

  // What may have been written is not written a second time.
  timers.delays.clear();
  records.failures["s"] = {ErrorKind::outcome_unknown};
  EXPECT_FALSE(publish("t", "3").has_value());
  EXPECT_THAT(timers.delays, IsEmpty());
}

TEST_F(RuleEngineTest, ADurableErrorActionIsEnoughForTheAcknowledgement) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")}, kinesis("failures", "k", "Fallback"));
  records.failures["s"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  EXPECT_TRUE(publish("t", "1").has_value());
  EXPECT_EQ(data_in("failures").size(), 1U);

  records.failures["s"] = {ErrorKind::missing};
  records.failures["failures"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  EXPECT_FALSE(publish("t", "2").has_value()) << "neither is durable, and trying again may help";

  records.failures["s"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  records.failures["failures"] = {ErrorKind::missing};
  EXPECT_FALSE(publish("t", "3").has_value());

  records.failures["s"] = {ErrorKind::missing};
  records.failures["failures"] = {ErrorKind::missing};
  EXPECT_TRUE(publish("t", "4").has_value());
}

TEST_F(RuleEngineTest, StatementsThatCannotBeEvaluatedDoNotRunActions) {
  put_rule("r", "SELECT a FROM 't'", {kinesis("s")}, kinesis("failures"));
  EXPECT_TRUE(publish("t", "not json").has_value());
  EXPECT_THAT(records.puts, IsEmpty());
  EXPECT_EQ(engine.stats().statements_failed, 1U);
  EXPECT_TRUE(publish("t", R"({"a":1})").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre(R"({"a":1})"));
}

TEST_F(RuleEngineTest, WhereKeepsActionsFromRunning) {
  put_rule("r", "SELECT v FROM 't' WHERE v > 10", {kinesis("s")});
  ASSERT_TRUE(publish("t", R"({"v":10})").has_value());
  ASSERT_TRUE(publish("t", R"({"v":11})").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre(R"({"v":11})"));
}

TEST_F(RuleEngineTest, RecordsWithoutPartitionKeyGetARandomOne) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s", std::nullopt)});
  ASSERT_TRUE(publish("t", "1").has_value());
  ASSERT_TRUE(publish("t", "2").has_value());
  ASSERT_EQ(records.puts.size(), 2U);
  EXPECT_EQ(records.puts[0].entry.partition_key.size(), 36U);
  EXPECT_NE(records.puts[0].entry.partition_key, records.puts[1].entry.partition_key);
}

TEST_F(RuleEngineTest, RepublishesToSubscribersAndToOtherRules) {
  put_rule("first", "SELECT v * 2 AS v FROM 'in'", {republish("$$aws/things/${topic()}/x", 1)});
  put_rule("second", "SELECT v + 1 AS v, clientid() AS c FROM '$aws/things/+/x'", {kinesis("s")});
  ASSERT_TRUE(publish("in", R"({"v":4})").has_value());
  ASSERT_EQ(publisher.delivered.size(), 1U);
  EXPECT_EQ(publisher.delivered[0]->topic, "$aws/things/in/x");
  EXPECT_EQ(publisher.delivered[0]->payload, R"({"v":8})");
  EXPECT_EQ(publisher.delivered[0]->qos, 1);
  EXPECT_THAT(data_in("s"), ElementsAre(R"({"v":9,"c":"n/a"})"));
  EXPECT_THAT(authorizer.asked,
              ElementsAre("Writer iot:Publish arn:aws:iot:eu-central-1:123456789012:topic/$aws/things/in/x",
                          "Writer kinesis:PutRecord arn:aws:kinesis:eu-central-1:123456789012:stream/s"));
}

TEST_F(RuleEngineTest, RepublishNeedsPermissionAndAGoodTopic) {
  put_rule("r", "SELECT * FROM 'in'", {republish("${t}")});
  ASSERT_TRUE(publish("in", R"({"t":"a/+"})").has_value());
  ASSERT_TRUE(publish("in", R"({"t":"$aws/x"})").has_value());
  ASSERT_TRUE(publish("in", R"({"t":""})").has_value());
  EXPECT_THAT(publisher.delivered, IsEmpty());
  ASSERT_TRUE(publish("in", R"({"t":"ok"})").has_value());
  EXPECT_EQ(publisher.delivered.size(), 1U);
  authorizer.denied = {"Writer iot:Publish"};
  ASSERT_TRUE(publish("in", R"({"t":"ok"})").has_value());
  EXPECT_EQ(publisher.delivered.size(), 1U);
}

TEST_F(RuleEngineTest, RepublishLoopsEnd) {
  put_rule("loop", "SELECT * FROM 'loop'", {republish("loop", 1)});
  EXPECT_TRUE(publish("loop", "x").has_value());
  EXPECT_EQ(publisher.delivered.size(), static_cast<std::size_t>(kRepublishDepthMax));

  publisher.delivered.clear();
  put_rule("wide", "SELECT * FROM 'wide'", {republish("wide", 1), republish("wide", 1), republish("wide", 1)});
  EXPECT_TRUE(publish("wide", "x").has_value());
  EXPECT_EQ(publisher.delivered.size(), static_cast<std::size_t>(kRepublishedMax));

  publisher.delivered.clear();
  put_rule("errors", "SELECT * FROM 'e'", {kinesis("s", "${missing}")}, republish("e"));
  EXPECT_TRUE(publish("e", "{}").has_value());
  EXPECT_EQ(publisher.delivered.size(), static_cast<std::size_t>(kRepublishDepthMax));
}

TEST_F(RuleEngineTest, ARepublishAtQos1WaitsForTheRecordsItSetsOff) {
  put_rule("first", "SELECT * FROM 'in'", {republish("out", 1)});
  put_rule("second", "SELECT * FROM 'out'", {kinesis("s")});
  records.failures["s"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  EXPECT_FALSE(publish("in", "x").has_value());
  put_rule("first", "SELECT * FROM 'in'", {republish("out", 0)});
  records.failures["s"] = std::deque<ErrorKind>(4, ErrorKind::unavailable);
  EXPECT_TRUE(publish("in", "x").has_value());
}

TEST_F(RuleEngineTest, TooManyMessagesUnderWayAreRefused) {
  put_rule("r", "SELECT * FROM 't'", {kinesis("s")});
  records.hold = {"s"};
  ManualExecutor executor;
  std::size_t done = 0;
  std::size_t refused = 0;
  const std::string payload(1U << 20U, 'x');
  for (int i = 0; i < 300; ++i) {
    spawn_here(executor, engine.on_publish(message("t", payload)), [&](Result<void> result) {
      ++done;
      if (!result.has_value() && result.error().kind == ErrorKind::throttled) ++refused;
    });
  }
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(done, refused);
  for (const Completion<bool>& held : records.held["s"]) held.set(true);
  executor.run_ready();
  EXPECT_EQ(done, 300U);
  records.hold.clear();
  EXPECT_TRUE(publish("t", "x").has_value());
}

TEST_F(RuleEngineTest, AFailingRuleDoesNotFloodTheLog) {
  put_rule("r", "SELECT a FROM 't'", {kinesis("s")});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(publish("t", "x").has_value());
  EXPECT_EQ(log.size(), 1U);
  clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(publish("t", "x").has_value());
  ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log[1], HasSubstr("\"lines_held_back\":99"));
}

TEST_F(RuleEngineTest, ARuleThatCannotBeReadIsToldAndTheOthersRun) {
  put_rule("good", "SELECT * FROM 't'", {kinesis("s")});
  ASSERT_TRUE(run_sync(catalog->put(topic_rule_key("bad"), "{")).has_value());
  put_rule("sql", "SELEKT * FROM 't'", {kinesis("s")});
  EXPECT_EQ(log.size(), 2U);
  ASSERT_TRUE(publish("t", "x").has_value());
  EXPECT_THAT(data_in("s"), ElementsAre("x"));
}

}  // namespace
}  // namespace penstock::services::iot
