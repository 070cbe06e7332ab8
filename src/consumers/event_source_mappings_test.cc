#include "consumers/event_source_mappings.h"

#include <gmock/gmock.h>

#include "consumers/consumer_fixture.h"

namespace penstock::consumers {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr auto* kShard0 = "shardId-000000000000";

class EventSourceMappingsTest : public ConsumerFixture {
 protected:
  EventSourceMappingsTest() { create("s"); }
  void fail_on(const std::string& bad) {
    invoker_.answer = [bad](const json::object& event) -> Result<functions::InvocationResult> {
      for (const std::string& data : FakeInvoker::data_of(event)) {
        if (data == bad) return functions::InvocationResult{.payload = "{}", .function_error = "Unhandled"};
      }
      return functions::InvocationResult{.payload = "null"};
    };
  }
};

TEST_F(EventSourceMappingsTest, RecordsReachTheFunctionAsAwsWritesThem) {
  put_data({"Hello, this is a test."}, "1");
  map(draft());
  ASSERT_EQ(invoker_.events.size(), 1);
  const json::object event = codec::parse_json(invoker_.events[0])->as_object();
  const json::object& record = event.at("Records").as_array()[0].as_object();
  const std::string sequence(record.at("kinesis").at("sequenceNumber").as_string());
  EXPECT_EQ(invoker_.events[0],
            R"({"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1","sequenceNumber":")" + sequence +
                R"(","data":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==","approximateArrivalTimestamp":1700000000.000},)"
                R"("eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:)" +
                sequence +
                R"(","eventName":"aws:kinesis:record",)"
                R"("invokeIdentityArn":"arn:aws:iam::123456789012:role/consumer","awsRegion":"eu-central-1",)"
                R"("eventSourceARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/s"}]})");
  put_data({"b", "c"});
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("b", "c"));
}

TEST_F(EventSourceMappingsTest, LanesThatWaitForFullBatchesDoNotKeepEachOthersMemory) {
  close_mappings();
  memory_.emplace(std::size_t{3} << 20U, timers_);
  open_mappings();
  std::size_t put_count = 0;
  for (int i = 0; i < 40; ++i) {
    for (const char* key : {"a", "b", "c", "d"}) put_data(std::vector<std::string>(50, std::string(500, 'x')), key);
    put_count += 200;
  }
  Mapping mapping = draft();
  mapping.options.batch_size = 10'000;
  mapping.options.parallelization = 4;
  map(mapping);
  std::size_t got = 0;
  for (const auto& batch : invoker_.batches()) got += batch.size();
  EXPECT_EQ(got, put_count) << "at once: nobody waits for memory";
}

TEST_F(EventSourceMappingsTest, StatesAndResultsAreThoseOfAws) {
  const auto made = run(mappings_->create(draft()));
  EXPECT_EQ(made->state, "Creating");
  const std::string uuid = made->mapping.uuid;
  settle();
  EXPECT_EQ(state_of(uuid), "Enabled");
  EXPECT_EQ(result_of(uuid), "No records processed");
  put_data({"a"});
  EXPECT_EQ(result_of(uuid), "OK");
  fail_on("b");
  put_data({"b"});
  EXPECT_EQ(result_of(uuid), "PROBLEM: Function call failed");
  invoker_.answer = {};
  pass(seconds(1));
  invoker_.held = true;
  put_data({"c"});
  run(mappings_->update(uuid, [](Mapping& mapping) -> Result<void> {
    mapping.options.enabled = false;
    return {};
  })).value();
  settle();
  EXPECT_EQ(state_of(uuid), "Disabling") << "an invocation is under way";
  invoker_.release();
  invoker_.held = false;
  pass(seconds(1));
  EXPECT_EQ(state_of(uuid), "Disabled");
  put_data({"d"});
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("c"));
  run(mappings_->update(uuid, [](Mapping& mapping) -> Result<void> {
    mapping.options.enabled = true;
    return {};
  })).value();
  pass(seconds(1));
  EXPECT_EQ(state_of(uuid), "Enabled");
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("d")) << "goes on where it stood";
  EXPECT_EQ(run(mappings_->remove(uuid))->state, "Deleting");
  pass(seconds(1));
  EXPECT_EQ(state_of(uuid), "gone");
  EXPECT_THAT(catalog_->list("lambda/mapping"), IsEmpty()) << "nothing is left of it";
}

TEST_F(EventSourceMappingsTest, LatestIsWhereTheShardsEndedWhenTheMappingWasMade) {
  put_data({"before"});
  map(draft(StartingPosition::latest));
  put_data({"after"});
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("after")));
  restart();
  run_sync(streams_->split("s", kShard0, stream::format_hash_key(stream::HashKey{1} << 127U))).value();
  put_data({"in a child"});
  pass(seconds(1));
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("after"), ElementsAre("in a child")));
}

TEST_F(EventSourceMappingsTest, AtTimestampBeginsThere) {
  put_data({"early"});
  advance(seconds(10));
  const Timestamp from = clock_.now();
  put_data({"late"});
  Mapping mapping = draft(StartingPosition::at_timestamp);
  mapping.starting_timestamp = from;
  map(mapping);
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("late")));
}

TEST_F(EventSourceMappingsTest, ARestartGoesOnBehindWhatWasDone) {
  map(draft());
  put_data({"a"});
  pass(seconds(1));
  restart();
  put_data({"b"});
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST_F(EventSourceMappingsTest, ParentsAreFinishedBeforeTheirChildrenBegin) {
  fail_on("bad");
  map(draft());
  put_data({"bad"});
  run_sync(streams_->split("s", kShard0, stream::format_hash_key(stream::HashKey{1} << 127U))).value();
  put_data({"child"});
  pass(seconds(5));
  for (const auto& batch : invoker_.batches()) EXPECT_THAT(batch, ElementsAre("bad"));
  invoker_.answer = {};
  pass(seconds(10));
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("child"));
}

TEST_F(EventSourceMappingsTest, OneStuckLaneDoesNotHoldUpTheOthers) {
  fail_on("bad");
  Mapping mapping = draft();
  mapping.options.parallelization = 10;
  map(mapping);
  put_data({"bad"}, "stuck");
  std::string other = "k0";
  while (lane_of(other, 10) == lane_of("stuck", 10)) other.back() = static_cast<char>(other.back() + 1);
  for (int i = 0; i < 5; ++i) {
    put_data({"x" + std::to_string(i)}, other);
    put_data({"behind the bad one"}, "stuck");
  }
  const auto batches = invoker_.batches();
  EXPECT_THAT(batches.back(), ElementsAre("x4"));
  for (const auto& batch : batches) EXPECT_NE(batch.front(), "behind the bad one");
}

TEST_F(EventSourceMappingsTest, WhatIsGivenUpGoesToTheDestinationFirst) {
  fail_on("bad");
  Mapping mapping = draft();
  mapping.options.retries_max = 1;
  mapping.options.on_failure = "arn:aws:sqs:eu-central-1:123456789012:q";
  destinations_.broken = true;
  const std::string uuid = map(mapping);
  put_data({"bad"});
  pass(seconds(2));
  EXPECT_EQ(result_of(uuid), "PROBLEM: The destination is down.");
  put_data({"next"});
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("bad")) << "nothing goes on before it is kept";
  destinations_.broken = false;
  pass(seconds(60));
  ASSERT_EQ(destinations_.sent.size(), 1);
  const json::value document = *codec::parse_json(destinations_.sent[0].second.document);
  EXPECT_EQ(document.at("requestContext").at("condition").as_string(), "RetryAttemptsExhausted");
  EXPECT_EQ(document.at("requestContext").at("approximateInvokeCount").as_int64(), 2);
  EXPECT_EQ(document.at("requestContext").at("functionArn").as_string(), kFunctionArn);
  EXPECT_EQ(document.at("responseContext").at("functionError").as_string(), "Unhandled");
  EXPECT_EQ(document.at("KinesisBatchInfo").at("batchSize").as_int64(), 1);
  EXPECT_EQ(document.at("KinesisBatchInfo").at("shardId").as_string(), kShard0);
  EXPECT_EQ(document.at("KinesisBatchInfo").at("streamArn").as_string(), kSource);
  EXPECT_FALSE(document.as_object().contains("payload"));
  EXPECT_THAT(destinations_.sent[0].second.object_key,
              StartsWith("aws/lambda/" + uuid + "/shardId-000000000000/2023/11/14/2023-11-14T22.1"));
  EXPECT_THAT(invoker_.batches().back(), ElementsAre("next"));
}

TEST_F(EventSourceMappingsTest, AMappingWithoutPermissionSaysSoAndDoesNotRead) {
  authorizer_.denied_actions = {"kinesis:GetRecords"};
  const std::string uuid = map(draft());
  put_data({"a"});
  EXPECT_THAT(invoker_.batches(), IsEmpty());
  EXPECT_EQ(result_of(uuid),
            "PROBLEM: User: arn:aws:sts::123456789012:assumed-role/consumer/awslambda_event_source_mapping is not "
            "authorized to perform: kinesis:GetRecords on resource: "
            "arn:aws:kinesis:eu-central-1:123456789012:stream/s because the test says so");
  authorizer_.denied_actions = {};
  pass(seconds(3));
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("a")));
  authorizer_.denied_actions = {"kinesis:GetRecords"};
  put_data({"b"});
  pass(seconds(3));
  EXPECT_EQ(invoker_.batches().size(), 1) << "taken away while it runs";
  EXPECT_THAT(result_of(uuid), HasSubstr("is not authorized to perform: kinesis:GetRecords"));
}

TEST_F(EventSourceMappingsTest, OnlyRecordsThatPassAFilterAreHandedOver) {
  Mapping mapping = draft();
  mapping.options.filters = {R"({"data":{"t":[{"numeric":[">",20]}]}})", R"({"partitionKey":["all"]})"};
  const std::string uuid = map(mapping);
  put_data({R"({"t":21})", R"({"t":19})", "no JSON"});
  put_data({"anything"}, "all");
  pass(seconds(1));
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre(R"({"t":21})"), ElementsAre("anything")));
  EXPECT_EQ(mappings_->metrics()[0].counts.records_filtered, 2);
  restart();
  EXPECT_EQ(invoker_.batches().size(), 2) << "what was filtered out is done with";
}

TEST_F(EventSourceMappingsTest, AFanOutConsumerReadsOnItsOwn) {
  const std::string stream_uid = streams_->find("s")->info->uid;
  const auto consumer = run_sync(streams_->consumers().add(stream_uid, "s", "c", {})).value();
  Mapping mapping = draft();
  mapping.event_source_arn =
      std::string(kSource) + "/consumer/c:" + std::to_string(to_unix_ms(consumer.created) / 1000);
  authorizer_.denied_actions = {"kinesis:GetRecords"};
  const std::string uuid = map(mapping);
  put_data({"a"});
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(invoker_.events[0], HasSubstr("/consumer/c:")) << "the event names the consumer";
  run_sync(streams_->remove_consumer("s", "c")).value();
  put_data({"b"});
  pass(seconds(3));
  EXPECT_THAT(result_of(uuid), StartsWith("PROBLEM: Consumer not found"));
  EXPECT_EQ(invoker_.batches().size(), 1);
}

TEST_F(EventSourceMappingsTest, AWindowsStateSurvivesARestart) {
  Mapping mapping = draft();
  mapping.options.tumbling_window_s = 60;
  invoker_.answer = [](const json::object& event) -> Result<functions::InvocationResult> {
    std::int64_t count = 0;
    if (const auto* state = event.at("state").as_object().if_contains("n")) count = state->as_int64();
    count += static_cast<std::int64_t>(event.at("Records").as_array().size());
    return functions::InvocationResult{.payload = R"({"state":{"n":)" + std::to_string(count) + "}}"};
  };
  map(mapping);
  put_data({"a", "b"});
  pass(seconds(1));
  restart();
  put_data({"c"});
  pass(seconds(60), seconds(1));
  const json::object last = codec::parse_json(invoker_.events.back())->as_object();
  EXPECT_EQ(last.at("isFinalInvokeForWindow").as_bool(), true);
  EXPECT_EQ(last.at("state").at("n").as_int64(), 3);
  EXPECT_THAT(last.at("Records").as_array(), IsEmpty());
  EXPECT_EQ(last.at("window").at("start").as_string(), "2023-11-14T22:13:00Z");
  EXPECT_EQ(last.at("window").at("end").as_string(), "2023-11-14T22:14:00Z");
  EXPECT_EQ(last.at("shardId").as_string(), kShard0);
}

TEST_F(EventSourceMappingsTest, AnUpdateIsInForceForWhatComesNext) {
  Mapping mapping = draft();
  mapping.options.batch_size = 10;
  const std::string uuid = map(mapping);
  put_data({"a", "b"});
  run(mappings_->update(uuid, [](Mapping& changed) -> Result<void> {
    changed.options.batch_size = 1;
    changed.options.parallelization = 4;
    return {};
  })).value();
  pass(seconds(1));
  put_data({"c", "d"});
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("a", "b"), ElementsAre("c"), ElementsAre("d")));
}

TEST_F(EventSourceMappingsTest, OneMappingForASourceAndAFunction) {
  const std::string uuid = map(draft());
  const auto again = run(mappings_->create(draft()));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_THAT(again.error().message, HasSubstr(uuid));
}

TEST_F(EventSourceMappingsTest, AStreamMadeAnewIsReadFromItsBeginning) {
  const std::string uuid = map(draft(StartingPosition::latest));
  put_data({"old"});
  run_sync(streams_->remove("s")).value();
  pass(seconds(2));
  EXPECT_THAT(result_of(uuid), StartsWith("PROBLEM: "));
  create("s");
  put_data({"new"});
  pass(seconds(12));
  EXPECT_THAT(invoker_.batches(), ElementsAre(ElementsAre("old"), ElementsAre("new")));
}

}  // namespace
}  // namespace penstock::consumers
