#include "functions/runtime/local_invoker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "core/mutex.h"
#include "functions/runtime/fakes_test.h"

namespace penstock::functions::runtime {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class LocalInvokerTest : public testing::Test {
 protected:
  LocalInvokerTest() { open({}); }

  /// Anew, with these options.
  void open(RuntimeOptions options) {
    invoker_.reset();
    options.folder = home_.path + "/runtime";
    options.region = "us-east-1";
    auto opened = LocalInvoker::open({.directory = directory_,
                                      .logs = logs_,
                                      .clock = clock_,
                                      .random = random_,
                                      .options = std::move(options),
                                      .credentials = fake_credentials,
                                      .provisioned = [this] { return provisioned_; },
                                      .api = api_});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    invoker_ = std::move(*opened);
  }

  FunctionVersion& python(const std::string& name, const std::string& code) {
    return directory_.add(home_.write_code(name, {{"index.py", code}}), name, "python3.11", "index.handler");
  }
  FunctionVersion& node(const std::string& name, const std::string& code, const std::string& file = "index.js") {
    return directory_.add(home_.write_code(name, {{file, code}}), name, "nodejs20.x", "index.handler");
  }

  Invocation event(const std::string& function, const std::string& payload = "{}") {
    return {.function = function,
            .qualifier = "",
            .payload = payload,
            .request_id = random_.uuid(),
            .wants_log_tail = true};
  }
  InvocationResult run(const std::string& function, const std::string& payload = "{}") {
    auto result = run_sync(invoker_->invoke(event(function, payload)));
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(InvocationResult{});
  }
  static boost::json::value json(const InvocationResult& result) { return boost::json::parse(result.payload); }

  SystemClock clock_;
  SystemRandom random_;
  CodeHome home_;
  FakeDirectory directory_;
  CollectingSink logs_;
  net::HttpHandler api_;
  std::vector<Resolved> provisioned_;
  std::unique_ptr<LocalInvoker> invoker_;
};

/// As the guide's example does it, in a shell.
constexpr std::string_view kShellBootstrap = R"(#!/bin/sh
echo "cold start of $_HANDLER" >&2
exec /usr/bin/python3 -c '
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
n = 0
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    got = api.getresponse(); event = got.read(); n += 1
    print("event", n, flush=True)
    id = got.headers["Lambda-Runtime-Aws-Request-Id"]
    assert int(got.headers["Lambda-Runtime-Deadline-Ms"]) > 0 and got.headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    arn = got.headers["Lambda-Runtime-Invoked-Function-Arn"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{id}/response", b"{\"n\": %d, \"event\": %s, \"arn\": \"%s\"}" % (n, event, arn.encode()))
    assert api.getresponse().read() == b"{\"status\":\"OK\"}"
'
)";

TEST_F(LocalInvokerTest, ACustomRuntimeGetsEventsAndIsReused) {
  directory_.add(home_.write_code("own", {{"bootstrap", std::string(kShellBootstrap)}}), "own", "provided.al2023",
                 "x.y");
  const InvocationResult first = run("own", R"({"a": 1})");
  EXPECT_EQ(first.function_error, "") << first.payload << first.log_tail;
  EXPECT_EQ(json(first).at("n"), 1);
  EXPECT_EQ(json(first).at("event").at("a"), 1);
  EXPECT_EQ(json(first).at("arn"), "arn:aws:lambda:us-east-1:000000000000:function:own");
  EXPECT_EQ(first.executed_version, "$LATEST");
  EXPECT_THAT(first.log_tail, HasSubstr("event 1\n"));
  EXPECT_THAT(first.log_tail, HasSubstr("Init Duration: "));
  const InvocationResult second = run("own");
  EXPECT_EQ(json(second).at("n"), 2) << "a warm environment is taken again";
  EXPECT_THAT(second.log_tail,
              testing::MatchesRegex("START RequestId: [-0-9a-f]+ Version: \\$LATEST\nevent 2\n"
                                    "END RequestId: [-0-9a-f]+\nREPORT RequestId: [-0-9a-f]+\tDuration: "
                                    "[.0-9]+ ms\tBilled Duration: [0-9]+ ms\tMemory Size: 128 MB\t"
                                    "Max Memory Used: [0-9]+ MB\t\n"));
  EXPECT_THAT(logs_.text("/aws/lambda/own"), StartsWith("cold start of x.y\nSTART RequestId: "));
}

TEST_F(LocalInvokerTest, PythonHandlersGetEventAndContext) {
  python("py", R"(
import os, logging
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print("printed")
    logging.getLogger().info("two\nlines")
    return {"got": event["x"] * 2, "name": context.function_name, "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(), "id": context.aws_request_id,
            "arn": context.invoked_function_arn, "key": os.environ["AWS_ACCESS_KEY_ID"], "own": os.environ["OWN"],
            "cwd": os.getcwd()}
)")
      .environment = {{"OWN", "value"}, {"AWS_ACCESS_KEY_ID", "cannot be set"}};
  const InvocationResult result = run("py", R"({"x": 21})");
  ASSERT_EQ(result.function_error, "") << result.payload << result.log_tail;
  const auto got = json(result);
  EXPECT_EQ(got.at("got"), 42);
  EXPECT_EQ(got.at("name"), "py");
  EXPECT_EQ(got.at("memory"), "128");
  EXPECT_GT(got.at("left").as_int64(), 1000);
  EXPECT_EQ(got.at("key"), "ASIAFAKE");
  EXPECT_EQ(got.at("own"), "value");
  EXPECT_EQ(got.at("cwd"), "/var/task");
  EXPECT_THAT(result.log_tail, HasSubstr("printed\n[INFO]\t"));
  EXPECT_THAT(result.log_tail, HasSubstr("\ttwo\nlines\nEND"));
}

TEST_F(LocalInvokerTest, PythonErrorsAreAnswersOfTheFunction) {
  python("raises", "def handler(event, context):\n    return 1 / 0\n");
  const InvocationResult raised = run("raises");
  EXPECT_EQ(raised.function_error, "Unhandled");
  EXPECT_EQ(json(raised).at("errorType"), "ZeroDivisionError");
  EXPECT_EQ(json(raised).at("errorMessage"), "division by zero");
  EXPECT_THAT(raised.log_tail, HasSubstr("[ERROR] ZeroDivisionError: division by zero\nTraceback"));
  python("imports", "import nothing_such\n");
  const InvocationResult imported = run("imports");
  EXPECT_EQ(imported.function_error, "Unhandled");
  EXPECT_EQ(json(imported).at("errorType"), "Runtime.ImportModuleError");
  EXPECT_EQ(json(imported).at("errorMessage"), "Unable to import module 'index': No module named 'nothing_such'");
  python("none", "other = 1\n");
  EXPECT_EQ(json(run("none")).at("errorMessage"), "Handler 'handler' missing on module 'index'");
  python("syntax", "def handler(:\n");
  EXPECT_EQ(json(run("syntax")).at("errorType"), "Runtime.UserCodeSyntaxError");
  python("set", "def handler(event, context):\n    return {1}\n");
  EXPECT_EQ(json(run("set")).at("errorType"), "Runtime.MarshalError");
}

TEST_F(LocalInvokerTest, NodeHandlersAnswerInEveryStyle) {
  node("promise", R"(
exports.handler = async (event, context) => {
  console.log("hello", { a: 1 });
  return { got: event.x * 2, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 };
};)");
  const InvocationResult promised = run("promise", R"({"x": 21})");
  ASSERT_EQ(promised.function_error, "") << promised.payload << promised.log_tail;
  EXPECT_EQ(promised.payload, R"({"got":42,"name":"promise","left":true})");
  EXPECT_THAT(promised.log_tail, HasSubstr("\tINFO\thello { a: 1 }\n"));
  EXPECT_EQ(run("promise", R"({"x": 1})").payload, R"({"got":2,"name":"promise","left":true})");
  node("callback", "exports.handler = (e, c, done) => { setTimeout(() => done(null, 'later'), 5); };");
  EXPECT_EQ(run("callback").payload, R"("later")");
  node("module", "export const handler = async () => ({ url: import.meta.url });", "index.mjs");
  EXPECT_EQ(run("module").payload, R"({"url":"file:///var/task/index.mjs"})");
  node("never", "exports.handler = () => new Promise(() => {});");
  EXPECT_EQ(run("never").payload, "null");
}

TEST_F(LocalInvokerTest, NodeErrorsAreAnswersOfTheFunction) {
  node("throws", "exports.handler = async () => { throw new TypeError('boom'); };");
  const InvocationResult thrown = run("throws");
  EXPECT_EQ(thrown.function_error, "Unhandled");
  EXPECT_EQ(json(thrown).at("errorType"), "TypeError");
  EXPECT_EQ(json(thrown).at("errorMessage"), "boom");
  EXPECT_THAT(thrown.log_tail, HasSubstr("\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\""));
  node("requires", "require('nothing-such'); exports.handler = async () => 1;");
  EXPECT_EQ(json(run("requires")).at("errorType"), "Runtime.ImportModuleError");
  node("none", "exports.other = 1;");
  EXPECT_EQ(json(run("none")).at("errorMessage"), "index.handler is undefined or not exported");
  node("rejects",
       "exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(() => setTimeout(() => {}, "
       "60000)); };");
  const InvocationResult lost = run("rejects");
  EXPECT_EQ(json(lost).at("errorType"), "Runtime.UnhandledPromiseRejection");
}

TEST_F(LocalInvokerTest, AFunctionThatNeverAnswersTimesOutAndIsReplaced) {
  python("slow",
         "import threading\nn = 0\ndef handler(e, c):\n  global n\n  n += 1\n  print('in')\n  "
         "threading.Event().wait(60 if e else 0)\n  "
         "return n\n")
      .timeout = std::chrono::seconds(1);
  EXPECT_EQ(run("slow").payload, "1");
  EXPECT_EQ(run("slow").payload, "2");
  const InvocationResult result = run("slow", "[1]");
  EXPECT_EQ(result.function_error, "Unhandled");
  EXPECT_EQ(json(result).at("errorType"), "Sandbox.Timedout");
  EXPECT_THAT(std::string(json(result).at("errorMessage").as_string()),
              HasSubstr("Error: Task timed out after 1.00 seconds"));
  EXPECT_THAT(result.log_tail, HasSubstr("in\n20"));
  EXPECT_THAT(result.log_tail, HasSubstr(" Task timed out after 1.00 seconds\nEND"));
  EXPECT_THAT(result.log_tail, HasSubstr("Status: timeout"));
  EXPECT_EQ(run("slow").payload, "1") << "another environment";
}

TEST_F(LocalInvokerTest, AFunctionThatExitsIsToldOfAndReplaced) {
  python("exits", "import os\ndef handler(e, c):\n  os._exit(7)\n");
  const InvocationResult result = run("exits");
  EXPECT_EQ(result.function_error, "Unhandled");
  EXPECT_EQ(json(result).at("errorType"), "Runtime.ExitError");
  EXPECT_THAT(std::string(json(result).at("errorMessage").as_string()),
              HasSubstr("Runtime exited with error: exit status 7"));
  python("killed", "import os\ndef handler(e, c):\n  os.kill(os.getpid(), 9)\n");
  EXPECT_THAT(run("killed").payload, HasSubstr("signal: killed"));
  python("init", "import os\nos._exit(3)\n");
  EXPECT_THAT(run("init").payload, HasSubstr("Runtime exited with error: exit status 3"));
}

TEST_F(LocalInvokerTest, AZipWithoutBootstrapIsToldOf) {
  directory_.add(home_.write_code("empty", {{"x", "y"}}), "empty", "provided.al2023", "x.y");
  const InvocationResult result = run("empty");
  EXPECT_EQ(result.function_error, "Unhandled");
  EXPECT_EQ(json(result).at("errorType"), "Runtime.InvalidEntrypoint");
  EXPECT_THAT(std::string(json(result).at("errorMessage").as_string()),
              testing::MatchesRegex("RequestId: [^ ]+ Error: Couldn't find valid bootstrap.*"));
}

TEST_F(LocalInvokerTest, AFunctionThatIsNotThereIsMissing) {
  const auto result = run_sync(invoker_->invoke(event("nobody")));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::missing);
}

TEST_F(LocalInvokerTest, ANewRevisionGetsANewEnvironment) {
  FunctionVersion& function = python("changes", "import os\ndef handler(e, c):\n  return os.environ['V']\n");
  function.environment = {{"V", "one"}};
  EXPECT_EQ(run("changes").payload, R"("one")");
  function.environment = {{"V", "two"}};
  function.revision_id = "two";
  EXPECT_EQ(run("changes").payload, R"("two")");
}

TEST_F(LocalInvokerTest, ReservedConcurrencyThrottles) {
  python("held", "import threading\ndef handler(e, c):\n  threading.Event().wait(e)\n  return 1\n").timeout =
      std::chrono::seconds(30);
  directory_.reserve("held", 0);
  EXPECT_EQ(run_sync(invoker_->invoke(event("held", "0"))).error().kind, ErrorKind::throttled);
  directory_.reserve("held", 1);
  EXPECT_EQ(run("held", "0").payload, "1");
  std::thread other([&] { EXPECT_EQ(run("held", "2").payload, "1"); });
  while (invoker_->use().in_flight == 0) std::this_thread::yield();
  EXPECT_EQ(run_sync(invoker_->invoke(event("held", "0"))).error().kind, ErrorKind::throttled);
  other.join();
  const auto tallies = invoker_->tallies();
  ASSERT_EQ(tallies.size(), 1U);
  EXPECT_EQ(tallies[0].throttles, 2U);
  EXPECT_EQ(tallies[0].invocations, 2U);
}

TEST_F(LocalInvokerTest, InvocationsAtTheSameTimeRunBesideEachOther) {
  python("pair", "import threading\ndef handler(e, c):\n  threading.Event().wait(1)\n  return c.log_stream_name\n")
      .timeout = std::chrono::seconds(30);
  std::string one;
  std::thread other([&] { one = run("pair").payload; });
  const std::string two = run("pair").payload;
  other.join();
  EXPECT_NE(one, two);
}

TEST_F(LocalInvokerTest, ProvisionedEnvironmentsAreThereBeforeTheFirstInvocation) {
  python("warm", "import os\nkind = os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\ndef handler(e, c):\n  return kind\n");
  directory_.provision("warm", 2);
  provisioned_ = {directory_.resolve("warm", "").value()};
  open({});
  while (invoker_->use().environments < 2) std::this_thread::yield();
  EXPECT_EQ(run("warm").payload, R"("provisioned-concurrency")");
  directory_.provision("warm", 0);
  provisioned_.clear();
  directory_.changed("warm");
  RuntimeOptions options;
  options.idle_max = std::chrono::milliseconds(1);
  open(options);
  EXPECT_EQ(run("warm").payload, R"("on-demand")");
  while (invoker_->use().environments > 0) std::this_thread::yield();
}

TEST_F(LocalInvokerTest, ProvisionedEnvironmentsAreNotForOtherVersions) {
  python("kept", "def handler(e, c):\n  return 1\n");
  directory_.provision("kept", 1);
  directory_.reserve("kept", 1);
  provisioned_ = {directory_.resolve("kept", "").value()};
  open({});
  EXPECT_EQ(run("kept").payload, "1");
  // As if another version had them: what was asked for has none of its own.
  directory_.provision("kept", 0);
  EXPECT_EQ(run_sync(invoker_->invoke(event("kept"))).error().kind, ErrorKind::throttled);
  directory_.reserve("kept", 2);
  EXPECT_EQ(run("kept").payload, "1");
}

TEST_F(LocalInvokerTest, EnvironmentsAreBounded) {
  RuntimeOptions options;
  options.concurrency_max = 1;
  open(options);
  python("one", "import threading\ndef handler(e, c):\n  threading.Event().wait(e)\n  return 1\n").timeout =
      std::chrono::seconds(30);
  python("two", "def handler(e, c):\n  return 2\n");
  EXPECT_EQ(run("one", "0").payload, "1");
  EXPECT_EQ(run("two").payload, "2") << "in the place of the idle environment";
  std::thread other([&] { EXPECT_EQ(run("one", "1").payload, "1"); });
  while (invoker_->use().in_flight == 0) std::this_thread::yield();
  EXPECT_EQ(run_sync(invoker_->invoke(event("two"))).error().kind, ErrorKind::throttled);
  other.join();
}

TEST_F(LocalInvokerTest, ClosingEndsWhatIsUnderWay) {
  python("held", "import threading\ndef handler(e, c):\n  threading.Event().wait(100)\n").timeout =
      std::chrono::seconds(60);
  std::thread other([&] { EXPECT_EQ(run_sync(invoker_->invoke(event("held"))).error().kind, ErrorKind::unavailable); });
  while (invoker_->use().in_flight == 0) std::this_thread::yield();
  invoker_->close();
  other.join();
}

TEST_F(LocalInvokerTest, WithoutASandboxOrWithTheMachinesNetworkFunctionsRunToo) {
  python("free",
         "import os, socket\ndef handler(e, c):\n  return [len(socket.if_nameindex()) > 1, "
         "os.path.exists('/var/task')]\n");
  RuntimeOptions open_network;
  open_network.network = Network::host;
  open(open_network);
  const auto host = json(run("free"));
  EXPECT_EQ(host.at(1), true) << host;
  RuntimeOptions unwalled;
  unwalled.sandboxed = false;
  open(unwalled);
  const auto walls = json(run("free"));
  EXPECT_EQ(walls.at(1), false) << walls;
  EXPECT_EQ(walls.at(0), host.at(0));
}

TEST_F(LocalInvokerTest, WithoutBubblewrapNothingIsRun) {
  python("any", "def handler(e, c):\n  return 1\n");
  RuntimeOptions options;
  options.bubblewrap = "/no/such/bwrap";
  open(options);
  EXPECT_THAT(run_sync(invoker_->invoke(event("any"))).error().message, HasSubstr("lambda.sandbox"));
  EXPECT_THAT(invoker_->check_runtime("python3.11").error().message, HasSubstr("bubblewrap"));
}

TEST_F(LocalInvokerTest, RuntimesThatCannotBeRunAreRefused) {
  EXPECT_TRUE(invoker_->check_runtime("provided.al2023").has_value());
  EXPECT_TRUE(invoker_->check_runtime("nodejs22.x").has_value());
  EXPECT_THAT(invoker_->check_runtime("java21").error().message, HasSubstr("java21"));
  RuntimeOptions options;
  options.interpreters.python = "/no/such/python3";
  open(options);
  EXPECT_THAT(invoker_->check_runtime("python3.11").error().message, HasSubstr("lambda.python"));
}

TEST_F(LocalInvokerTest, LayersLieOverEachOther) {
  FunctionVersion& function = python(
      "layered", "import lib, os\ndef handler(e, c):\n  return [lib.who, lib.one, sorted(os.listdir('/opt'))]\n");
  function.layer_folders = {
      home_.write_code(
          "layer1", {{"python/lib.py", "who = 1\nfrom extra import one\n"}, {"python/extra.py", "one = 1"}, {"a", ""}}),
      home_.write_code("layer2", {{"python/lib.py", "who = 2\nfrom extra import one\n"}, {"b", ""}})};
  EXPECT_EQ(run("layered").payload, R"([2, 1, ["a", "b", "python"]])");
  function.layer_folders.pop_back();
  function.revision_id = "two";
  EXPECT_EQ(run("layered").payload, R"([1, 1, ["a", "python"]])");
}

TEST_F(LocalInvokerTest, SystemLogsAndApplicationLogsInJson) {
  FunctionVersion& function =
      python("json", "import logging\ndef handler(e, c):\n  logging.getLogger().warning('w')\n");
  function.logging.json = true;
  const InvocationResult result = run("json");
  std::vector<boost::json::value> lines;
  for (std::size_t at = 0; at < result.log_tail.size();) {
    const std::size_t end = result.log_tail.find('\n', at);
    lines.push_back(boost::json::parse(result.log_tail.substr(at, end - at)));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 3U) << result.log_tail;
  EXPECT_EQ(lines[0].at("type"), "platform.start");
  EXPECT_EQ(lines[1].at("message"), "w");
  EXPECT_EQ(lines[1].at("level"), "WARNING");
  EXPECT_EQ(lines[2].at("type"), "platform.report");
  EXPECT_EQ(lines[2].at("record").at("status"), "success");
}

}  // namespace
}  // namespace penstock::functions::runtime
