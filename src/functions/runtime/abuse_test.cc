/// Functions that do harm: contained, reported, and nothing else disturbed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <thread>

#include "functions/runtime/fakes_test.h"
#include "functions/runtime/local_invoker.h"
#include "functions/runtime/process_watch.h"
#include "os/child_process.h"

namespace penstock::functions::runtime {
namespace {

using testing::HasSubstr;

class Abuse : public testing::Test {
 protected:
  Abuse() {
    RuntimeOptions options;
    options.folder = home_.path + "/runtime";
    options.region = "us-east-1";
    options.init_max = std::chrono::milliseconds(500);
    options.processes_max = 64;
    options.output_bytes_max = 1U << 20U;
    invoker_ = LocalInvoker::open({.directory = directory_,
                                   .logs = logs_,
                                   .clock = clock_,
                                   .random = random_,
                                   .options = std::move(options),
                                   .credentials = fake_credentials})
                   .value();
    add("innocent", "def handler(e, c):\n    return 'fine'\n");
  }

  /// With two seconds and 128 MB.
  FunctionVersion& add(const std::string& name, const std::string& code) {
    FunctionVersion& out =
        directory_.add(home_.write_code(name, {{"index.py", code}}), name, "python3.11", "index.handler");
    out.timeout = std::chrono::seconds(2);
    return out;
  }
  InvocationResult run(const std::string& name) {
    auto result = run_sync(invoker_->invoke(
        {.function = name, .qualifier = "", .payload = "{}", .request_id = random_.uuid(), .wants_log_tail = true}));
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(InvocationResult{});
  }
  /// The answer to harm; the innocent are served while it is done and afterwards.
  InvocationResult harm(const std::string& name) {
    EXPECT_EQ(run("innocent").payload, R"("fine")");
    InvocationResult out;
    std::thread other([&] { out = run(name); });
    EXPECT_EQ(run("innocent").payload, R"("fine")");
    other.join();
    EXPECT_EQ(run("innocent").payload, R"("fine")");
    return out;
  }

  SystemClock clock_;
  SystemRandom random_;
  CodeHome home_;
  FakeDirectory directory_;
  CollectingSink logs_;
  std::unique_ptr<LocalInvoker> invoker_;
};

TEST_F(Abuse, EndlessLoops) {
  add("loop", "def handler(e, c):\n    while True: pass\n");
  EXPECT_THAT(harm("loop").payload, HasSubstr("Task timed out after 2.00 seconds"));
  add("import", "while True: pass\n").timeout = std::chrono::seconds(1);
  EXPECT_THAT(harm("import").payload, HasSubstr("Task timed out after 1.00 seconds"));
  EXPECT_THAT(logs_.text("/aws/lambda/import"), HasSubstr("INIT_REPORT Init Duration: "));
  RuntimeOptions options;
}

TEST_F(Abuse, SignalsThatAreIgnored) {
  add("deaf",
      "import signal\nfor s in set(signal.Signals) - {9, 19}:\n    try: signal.signal(s, signal.SIG_IGN)\n"
      "    except OSError: pass\ndef handler(e, c):\n    while True: pass\n");
  EXPECT_THAT(harm("deaf").payload, HasSubstr("Task timed out"));
}

TEST_F(Abuse, ForkBombs) {
  add("bomb",
      "import os\ndef handler(e, c):\n    n = 0\n    while True:\n        try:\n            os.fork(); n += 1\n"
      "        except OSError: pass\n");
  const InvocationResult result = harm("bomb");
  EXPECT_EQ(result.function_error, "Unhandled") << result.payload;
  add("orphans",
      "import os, signal\ndef handler(e, c):\n    for i in range(20):\n        if os.fork() == 0:\n            "
      "os.setsid()\n"
      "            while True: signal.pause()\n    os._exit(1)\n");
  EXPECT_THAT(harm("orphans").payload, HasSubstr("exit status 1"));
  // All that came from them ends with their environments: what is left is this test and the innocent.
  while (ProcessTable::read().use_of(::getpid()).processes > 24) std::this_thread::yield();
}

TEST_F(Abuse, FloodsOfOutput) {
  add("flood", "import os\ndef handler(e, c):\n    b = b'x' * 65535 + b'\\n'\n    while True: os.write(1, b)\n");
  const InvocationResult result = harm("flood");
  EXPECT_THAT(result.payload, HasSubstr("Task timed out"));
  EXPECT_THAT(result.log_tail, HasSubstr("bytes of output were dropped"));
  EXPECT_LT(logs_.text("/aws/lambda/flood").size(), 3U << 20U);
  add("line", "import os\ndef handler(e, c):\n    for i in range(100): os.write(2, b'y' * 10000)\n    return 1\n");
  EXPECT_EQ(harm("line").payload, "1");
  EXPECT_THAT(logs_.text("/aws/lambda/line"), HasSubstr("END RequestId"));
}

TEST_F(Abuse, TooMuchMemory) {
  add("hungry", "def handler(e, c):\n    a = []\n    while True: a.append(bytearray(10 << 20))\n").timeout =
      std::chrono::seconds(20);
  const InvocationResult result = harm("hungry");
  EXPECT_EQ(boost::json::parse(result.payload).at("errorType"), "Runtime.OutOfMemory") << result.payload;
  EXPECT_THAT(result.log_tail, HasSubstr("Max Memory Used: 128 MB"));
}

TEST_F(Abuse, TooMuchOfTmp) {
  add("filler",
      "def handler(e, c):\n    try:\n        with open('/tmp/x', 'wb') as f:\n"
      "            while True: f.write(b'x' * (1 << 20))\n    except OSError as error: return error.strerror\n")
      .ephemeral_mb = 16;
  EXPECT_EQ(harm("filler").payload, R"("No space left on device")");
}

TEST_F(Abuse, WritesOutsideOfTmp) {
  add("writer",
      "def handler(e, c):\n    out = []\n    for path in ['/x', '/var/task/x', '/opt/x', '/usr/x', '/etc/x', '/dev/x', "
      "'/dev/shm/x', "
      "'/proc/sys/kernel/core_pattern', '/var/runtime/x', '/proc/sysrq-trigger']:\n        try:\n            "
      "open(path, 'w').write('x')\n"
      "            out.append(path)\n        except OSError: pass\n    return out\n");
  EXPECT_EQ(harm("writer").payload, "[]");
}

TEST_F(Abuse, ReadsOfTheDataDirectoryAndOfOthers) {
  add("reader", R"(
import os
def can(path):
    try: return bool(os.listdir(path)) if os.path.isdir(path) else bool(open(path).read())
    except OSError: return False
def handler(e, c):
    home = os.environ["HOME_OF_TEST"]
    places = [home, home + "/secret", "/root", "/home", "/etc/shadow", "/mnt", "/work", "/sys", "/run", "/boot", "/var/lib"]
    seen = [p for p in places if can(p)]
    processes = [p for p in os.listdir("/proc") if p.isdigit()]
    # The sandbox's first process lives in the same sandbox.
    same_root = os.listdir("/proc/1/root") == os.listdir("/")
    secrets = "AWS_SECRET" in open("/proc/1/environ").read()
    files = set()
    for process in ("1", "self"):
        for fd in os.listdir(f"/proc/{process}/fd"):
            try: files.add(os.readlink(f"/proc/{process}/fd/{fd}").split(":")[0])
            except OSError: pass
    odd = [f for f in files if f not in ("pipe", "socket", "/dev/null", "anon_inode") and not f.startswith("/proc/")]
    return [seen, len(processes) < 6, os.listdir("/tmp"), same_root, secrets, odd]
)")
      .environment = {{"HOME_OF_TEST", home_.path}};
  EXPECT_EQ(harm("reader").payload, "[[], true, [], true, false, []]");
}

TEST_F(Abuse, TheNetworkIsNotThere) {
  // A server of this machine, which everything else here could reach.
  auto listener = os::listen_on_loopback().value();
  add("caller", "import socket\ndef handler(e, c):\n    out = []\n    for address in [('127.0.0.1', " +
                    std::to_string(listener.port) +
                    "), ('1.1.1.1', 53), ('169.254.169.254', 80)]:\n        try:\n            "
                    "socket.create_connection(address, 1)\n            out.append(address)\n"
                    "        except OSError: pass\n    return out\n");
  EXPECT_EQ(harm("caller").payload, "[]");
}

TEST_F(Abuse, MorePrivileges) {
  add("climber", R"(
import ctypes, os
def handler(e, c):
    libc = ctypes.CDLL(None, use_errno=True)
    out = []
    for name, flags in [("user", 0x10000000), ("mount", 0x20000), ("net", 0x40000000)]:
        if libc.unshare(flags) == 0: out.append(name)
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0: out.append("mounted")
    for call in (os.setuid, os.setgid):
        try:
            call(0); out.append(call.__name__)
        except OSError: pass
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    return out, int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"].strip(), os.getuid()
)");
  const auto result = boost::json::parse(harm("climber").payload);
  EXPECT_EQ(result.at(0).as_array().size(), 0U) << result;
  EXPECT_EQ(result.at(1), 0);
  EXPECT_EQ(result.at(3), "1");
  EXPECT_EQ(result.at(4), 993);
}

TEST_F(Abuse, ARuntimeThatBreaksTheRuntimeApi) {
  directory_.add(home_.write_code("liar", {{"bootstrap", R"(#!/usr/bin/python3
import http.client, os, socket
address = os.environ["AWS_LAMBDA_RUNTIME_API"]
def call(method, path, body=None):
    api = http.client.HTTPConnection(address)
    api.request(method, "/2018-06-01/runtime/" + path, body)
    got = api.getresponse()
    return got.status, got.read(), got.headers
host, port = address.split(":")
many = [socket.create_connection((host, int(port))) for i in range(40)]
many[0].sendall(b"GARBAGE\r\n\r\n")
many[1].sendall(b"POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
out = [call("POST", "invocation/nobody/response", b"{}")[0], call("DELETE", "invocation/next")[0], call("GET", "nothing")[0]]
status, event, headers = call("GET", "invocation/next")
id = headers["Lambda-Runtime-Aws-Request-Id"]
out += [call("GET", "invocation/next")[0], call("POST", "invocation/other/error", b"{}")[0], call("POST", "init/error", b"{}")[0]]
call("POST", f"invocation/{id}/response", str(out).encode())
out = call("POST", f"invocation/{id}/response", b"again")
while True:
    status, event, headers = call("GET", "invocation/next")
    call("POST", "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"] + "/response", str(out[0]).encode())
)"}}),
                 "liar", "provided.al2", "x");
  EXPECT_EQ(harm("liar").payload, "[400, 405, 404, 403, 400, 403]");
  EXPECT_EQ(harm("liar").payload, "400");
}

TEST_F(Abuse, ARuntimeThatAnswersOnceAndNeverAsksAgain) {
  directory_
      .add(home_.write_code("once", {{"bootstrap", R"(#!/usr/bin/python3
import http.client, os, signal
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2018-06-01/runtime/invocation/next")
got = api.getresponse(); got.read()
api.request("POST", "/2018-06-01/runtime/invocation/" + got.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", b"1")
api.getresponse().read()
while True: signal.pause()
)"}}),
           "once", "provided.al2023", "x")
      .timeout = std::chrono::seconds(1);
  EXPECT_EQ(harm("once").payload, "1");
  EXPECT_EQ(harm("once").payload, "1");
  while (invoker_->use().environments > 1) std::this_thread::yield();  // the innocent one stays
}

}  // namespace
}  // namespace penstock::functions::runtime
