#include "functions/event_queue.h"

#include <gtest/gtest.h>

#include <deque>

#include "catalog/memory/memory_catalog.h"
#include "codec/json.h"
#include "core/manual_timers.h"
#include "framelog/memory/memory_log.h"

namespace penstock::functions {
namespace {

using std::chrono::seconds;

class OneFunction final : public FunctionDirectory {
 public:
  OneFunction() {
    auto version = std::make_shared<FunctionVersion>();
    version->name = "f";
    version->version = "$LATEST";
    version->role_arn = "arn:aws:iam::000000000000:role/r";
    answer_.version = version;
    answer_.invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  }
  [[nodiscard]] Result<Resolved> resolve(std::string_view name, std::string_view /*qualifier*/) const override {
    if (name != "f") return fail(ErrorKind::missing, "Function not found");
    return answer_;
  }
  void watch(std::function<void(std::string_view)> /*on_change*/) override {}
  Resolved answer_;
};

class ScriptedInvoker final : public Invoker {
 public:
  Task<Result<InvocationResult>> invoke(Invocation invocation) override {
    payloads.push_back(invocation.payload);
    request_ids.push_back(invocation.request_id);
    if (answers.empty()) co_return InvocationResult{.payload = "\"fine\"", .executed_version = "$LATEST"};
    auto answer = answers.front();
    answers.pop_front();
    co_return answer;
  }
  std::deque<Result<InvocationResult>> answers;
  std::vector<std::string> payloads;
  std::vector<std::string> request_ids;
};

class Recorder final : public Destinations {
 public:
  [[nodiscard]] Result<void> check(std::string_view, std::string_view) const override { return {}; }
  Task<Result<void>> send(std::string arn, std::string role, DestinationRecord record) override {
    if (failures > 0) {
      --failures;
      co_return fail(ErrorKind::unavailable, "down");
    }
    arns.push_back(arn);
    roles.push_back(role);
    documents.push_back(codec::parse_json(record.document).value());
    keys.push_back(record.object_key);
    co_return Result<void>{};
  }
  int failures = 0;
  std::vector<std::string> arns;
  std::vector<std::string> roles;
  std::vector<std::string> keys;
  std::vector<boost::json::value> documents;
};

InvocationResult function_error() {
  return {.payload = R"({"errorMessage":"no"})", .function_error = "Unhandled", .executed_version = "$LATEST"};
}

class EventQueueTest : public ::testing::Test {
 protected:
  EventQueueTest() { reopen(); }
  ~EventQueueTest() override { settle(); }

  void reopen() {
    if (queue_ != nullptr) {
      queue_->stop();
      settle();
      queue_.reset();
    }
    auto opened = EventQueue::open({.logs = *logs_,
                                    .catalog = *catalog_,
                                    .clock = clock_,
                                    .random = random_,
                                    .timers = timers_,
                                    .executor = executor_,
                                    .directory = directory_,
                                    .invoker = invoker_,
                                    .destinations = recorder_,
                                    .config = [this](std::string_view, std::string_view) { return config_; }});
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    queue_ = *std::move(opened);
  }
  void start() {
    queue_->start();
    settle();
  }
  /// Everything that can run now has run.
  void settle() {
    while (executor_.run_ready() + timers_.fire_due() > 0) {
    }
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    settle();
  }
  void enqueue(const std::string& payload, const std::string& function = "f") {
    const auto done = run_sync(
        queue_->enqueue({.function = function, .qualifier = "", .payload = payload, .request_id = "id-" + payload}));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    settle();
  }

  ManualClock clock_;
  SeededRandom random_{3};
  ManualTimers timers_{clock_};
  ManualExecutor executor_;
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<framelog::FrameLogStore> logs_ = framelog::make_memory_store(clock_);
  OneFunction directory_;
  ScriptedInvoker invoker_;
  Recorder recorder_;
  EventInvokeConfig config_{.on_success_arn = "arn:ok", .on_failure_arn = "arn:bad"};
  std::unique_ptr<EventQueue> queue_;
};

using Texts = std::vector<std::string>;

TEST_F(EventQueueTest, AQueueThatCannotBeReadTakesNothingAndSaysWhy) {
  queue_.reset();
  const auto log = logs_->open(std::string(EventQueue::kLogId));
  ASSERT_TRUE(log.has_value());
  ASSERT_TRUE(run_sync((*log)->append(framelog::ShardIndex{0}, "no event")).has_value());
  reopen();
  start();
  const auto refused = run_sync(queue_->enqueue({.function = "f", .qualifier = "", .payload = "1", .request_id = "r"}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
  EXPECT_TRUE(run_sync(queue_->trim()).has_value());
  EXPECT_TRUE(invoker_.payloads.empty());
}

TEST_F(EventQueueTest, AnEventRunsOnceAndItsSuccessIsTold) {
  start();
  enqueue("{\"n\":1}");
  EXPECT_EQ(invoker_.payloads, Texts{"{\"n\":1}"});
  ASSERT_EQ(recorder_.arns, Texts{"arn:ok"});
  EXPECT_EQ(recorder_.roles.front(), "arn:aws:iam::000000000000:role/r");
  const auto& document = recorder_.documents.front().as_object();
  EXPECT_EQ(document.at("version"), "1.0");
  EXPECT_EQ(document.at("timestamp"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(document.at("requestContext"),
            (boost::json::value{{"requestId", "id-{\"n\":1}"},
                                {"functionArn", "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"},
                                {"condition", "Success"},
                                {"approximateInvokeCount", 1}}));
  EXPECT_EQ(document.at("requestPayload").at("n"), 1);
  EXPECT_EQ(document.at("responseContext"), (boost::json::value{{"statusCode", 200}, {"executedVersion", "$LATEST"}}));
  EXPECT_EQ(document.at("responsePayload"), "fine");
  EXPECT_TRUE(recorder_.keys.front().starts_with("aws/lambda/async/f/2023/11/14/2023-11-14T22.13.20-"));
  reopen();
  start();
  EXPECT_EQ(invoker_.payloads.size(), 1U);
}

TEST_F(EventQueueTest, ErrorsOfTheFunctionAreRetriedAfterAMinuteAndTwoAndThenToldAsAFailure) {
  start();
  invoker_.answers = {function_error(), function_error(), function_error()};
  enqueue("1");
  EXPECT_EQ(invoker_.payloads.size(), 1U);
  pass(seconds(59));
  EXPECT_EQ(invoker_.payloads.size(), 1U);
  pass(seconds(8));
  EXPECT_EQ(invoker_.payloads.size(), 2U);
  pass(seconds(119));
  EXPECT_EQ(invoker_.payloads.size(), 2U);
  EXPECT_TRUE(recorder_.arns.empty());
  pass(seconds(14));
  EXPECT_EQ(invoker_.request_ids, (Texts{"id-1", "id-1", "id-1"}));
  ASSERT_EQ(recorder_.arns, Texts{"arn:bad"});
  const auto& document = recorder_.documents.front();
  EXPECT_EQ(document.at("requestContext").at("condition"), "RetriesExhausted");
  EXPECT_EQ(document.at("requestContext").at("approximateInvokeCount"), 3);
  EXPECT_EQ(document.at("responseContext").at("functionError"), "Unhandled");
  EXPECT_EQ(document.at("responsePayload").at("errorMessage"), "no");
}

TEST_F(EventQueueTest, TheConfigurationSaysHowOftenAndHowLong) {
  config_.retries_max = 0;
  start();
  invoker_.answers = {function_error()};
  enqueue("1");
  EXPECT_EQ(recorder_.arns, Texts{"arn:bad"});
  config_.retries_max = 2;
  config_.age_max = seconds(60);  // the retry would come too late
  invoker_.answers = {function_error()};
  enqueue("2");
  ASSERT_EQ(recorder_.documents.size(), 2U);
  EXPECT_EQ(recorder_.documents.back().at("requestContext").at("condition"), "EventAgeExceeded");
}

TEST_F(EventQueueTest, ThrottlingIsRetriedUntilTheEventIsTooOldAndDoesNotCountAsAnAttempt) {
  start();
  config_.retries_max = 0;
  for (int i = 0; i < 3; ++i) invoker_.answers.emplace_back(fail(ErrorKind::throttled, "Rate Exceeded."));
  enqueue("1");
  for (int i = 0; i < 10; ++i) pass(seconds(1));
  EXPECT_EQ(invoker_.payloads.size(), 4U);
  EXPECT_EQ(recorder_.arns, Texts{"arn:ok"});
  for (int i = 0; i < 2000; ++i) invoker_.answers.emplace_back(fail(ErrorKind::throttled, "Rate Exceeded."));
  enqueue("2");
  for (int i = 0; i < 7 * 60; ++i) pass(seconds(60));
  ASSERT_EQ(recorder_.arns.size(), 2U);
  EXPECT_EQ(recorder_.documents.back().at("requestContext").at("condition"), "EventAgeExceeded");
  EXPECT_FALSE(recorder_.documents.back().as_object().contains("responseContext"));
}

TEST_F(EventQueueTest, WhatWasTakenIsRunAfterARestartWithTheAttemptsItHad) {
  enqueue("1");  // not started: nothing runs
  EXPECT_TRUE(invoker_.payloads.empty());
  reopen();
  invoker_.answers = {function_error()};
  start();
  EXPECT_EQ(invoker_.payloads, Texts{"1"});
  reopen();
  start();
  EXPECT_EQ(invoker_.payloads.size(), 1U);  // its retry is not due
  invoker_.answers = {function_error(), function_error()};
  pass(seconds(70));
  pass(seconds(140));
  EXPECT_EQ(invoker_.payloads.size(), 3U);
  EXPECT_EQ(recorder_.arns, Texts{"arn:bad"});
  ASSERT_TRUE(run_sync(queue_->trim()).has_value());
  reopen();
  start();
  EXPECT_EQ(invoker_.payloads.size(), 3U);
}

TEST_F(EventQueueTest, ALogThatIsGoneBeginsAnewWhateverTheCursorSays) {
  start();
  for (int i = 0; i < 5; ++i) enqueue("1");
  clock_.advance(seconds(10));
  ASSERT_TRUE(run_sync(queue_->trim()).has_value());
  queue_->stop();
  settle();
  queue_.reset();
  ASSERT_TRUE(logs_->remove(std::string(EventQueue::kLogId)).has_value());
  reopen();
  enqueue("2");  // not started
  reopen();
  start();
  EXPECT_EQ(invoker_.payloads.back(), "2");
}

TEST_F(EventQueueTest, WithReservedConcurrencyZeroNothingRunsAndTheFailureIsTold) {
  directory_.answer_.reserved_concurrency = 0;
  start();
  enqueue("1");
  EXPECT_TRUE(invoker_.payloads.empty());
  EXPECT_EQ(recorder_.arns, Texts{"arn:bad"});
  const boost::json::object& document = recorder_.documents.back().as_object();
  EXPECT_EQ(document.at("requestContext").at("condition"), "ZeroReservedConcurrency");
  EXPECT_EQ(document.at("requestContext").at("approximateInvokeCount"), 0);
  EXPECT_FALSE(document.contains("responseContext") || document.contains("responsePayload"));
}

TEST_F(EventQueueTest, ADeletedFunctionsEventsAreGivenUp) {
  start();
  enqueue("1", "gone");
  EXPECT_EQ(queue_->tallies().dropped, 1U);
  EXPECT_EQ(queue_->tallies().waiting, 0U);
}

TEST_F(EventQueueTest, ADestinationThatIsDownIsTriedAgainAndThenCounted) {
  start();
  recorder_.failures = 2;
  enqueue("1");
  for (int i = 0; i < 5; ++i) pass(seconds(1));
  EXPECT_EQ(recorder_.arns, Texts{"arn:ok"});
  recorder_.failures = 3;
  enqueue("2");
  for (int i = 0; i < 5; ++i) pass(seconds(1));
  EXPECT_EQ(recorder_.arns.size(), 1U);
  EXPECT_EQ(queue_->tallies().destination_failures, 1U);
  EXPECT_EQ(queue_->tallies().waiting, 0U);
}

TEST_F(EventQueueTest, TooLargeAndTooManyAreRefused) {
  EXPECT_EQ(run_sync(queue_->enqueue({.function = "f",
                                      .qualifier = "",
                                      .payload = std::string(kAsyncPayloadBytesMax + 1, ' '),
                                      .request_id = "1"}))
                .error()
                .kind,
            ErrorKind::invalid);
}

}  // namespace
}  // namespace penstock::functions
