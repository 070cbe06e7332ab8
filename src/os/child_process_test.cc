#include "os/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace penstock::os {
namespace {

ExitStatus wait_for(const Child& child) {
  pollfd wait{.fd = child.process.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&wait, 1, 30'000), 1);
  return reap(child).value_or(ExitStatus{.by_signal = true, .code = -1});
}

std::string read_all(int fd) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 30'000) != 1) return out;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

struct Ran {
  ExitStatus status;
  std::string output;
};

Ran run(ChildSpec spec) {
  auto pipe = make_pipe().value();
  spec.output = pipe.in.get();
  const auto child = start_child(spec);
  EXPECT_TRUE(child.has_value()) << child.error().message;
  pipe.in.reset();
  Ran out;
  out.output = read_all(pipe.out.get());
  out.status = wait_for(*child);
  return out;
}

ChildSpec shell(std::string script) {
  ChildSpec spec;
  spec.arguments = {"/bin/sh", "-c", std::move(script)};
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

TEST(ChildProcess, HasItsArgumentsItsEnvironmentAndNothingOfOurs) {
  ::setenv("PENSTOCK_TEST_SECRET", "x", 1);  // NOLINT(concurrency-mt-unsafe)
  ChildSpec spec = shell("echo \"$GREETING ${PENSTOCK_TEST_SECRET-none}\"; ls /proc/self/fd | tr '\\n' ' '");
  spec.environment.emplace_back("GREETING=hello");
  const Descriptor ours(::open("/dev/null", O_RDONLY));
  const Ran ran = run(std::move(spec));
  EXPECT_FALSE(ran.status.by_signal);
  EXPECT_EQ(ran.status.code, 0);
  EXPECT_EQ(ran.output, "hello none\n0 1 2 3 ");  // 3 is ls's own
}

TEST(ChildProcess, ReadsKeptTextsFromTheirDescriptors) {
  ChildSpec spec = shell("cat <&3; cat <&4");
  spec.kept_texts = {"one ", "two"};
  EXPECT_EQ(run(std::move(spec)).output, "one two");
}

TEST(ChildProcess, ItsExitStatusAndItsSignalAreToldApart) {
  EXPECT_EQ(run(shell("exit 7")).status.code, 7);
  const Ran killed = run(shell("kill -9 $$"));
  EXPECT_TRUE(killed.status.by_signal);
  EXPECT_EQ(killed.status.code, 9);
}

TEST(ChildProcess, AProgramThatIsNotThereIsAnError) {
  ChildSpec spec;
  spec.arguments = {"/no/such/program"};
  const auto child = start_child(spec);
  ASSERT_FALSE(child.has_value());
  EXPECT_EQ(child.error().kind, ErrorKind::unavailable);
  EXPECT_NE(child.error().message.find("No such file"), std::string::npos) << child.error().message;
}

TEST(ChildProcess, LimitsHold) {
  ChildSpec spec = shell("ulimit -n");
  spec.limits = {{.resource = RLIMIT_NOFILE, .value = 77}};
  EXPECT_EQ(run(std::move(spec)).output, "77\n");
}

TEST(ChildProcess, KillEndsItsWholeGroup) {
  auto pipe = make_pipe().value();
  ChildSpec spec = shell("tail -f /dev/null & echo started; wait");
  spec.output = pipe.in.get();
  const auto child = start_child(spec).value();
  pipe.in.reset();
  std::array<char, 16> buffer{};
  pollfd wait{.fd = pipe.out.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&wait, 1, 30'000), 1);
  ASSERT_EQ(::read(pipe.out.get(), buffer.data(), buffer.size()), 8);
  EXPECT_FALSE(reap(child).has_value());
  kill_child(child);
  EXPECT_TRUE(wait_for(child).by_signal);
  EXPECT_EQ(read_all(pipe.out.get()), "");  // ends only when the sleeping one too has let go of it
}

/// Where neither root nor user namespaces are to be had, these cannot be tested.
bool has_namespaces() {
  ChildSpec spec = shell("true");
  spec.own_network = true;
  return start_child(spec).has_value();
}

TEST(ChildProcess, OwnNetworkIsReachedOnlyThroughTheListenersThatComeBack) {
  if (!has_namespaces()) return;
  auto pipe = make_pipe().value();
  ChildSpec spec;
  spec.arguments = {
      "/usr/bin/python3", "-c",
      "import socket;s=socket.create_connection(('127.0.0.1',9001));print(s.recv(100).decode(),flush=True)\n"
      "try: socket.create_connection(('127.0.0.1',9002),5)\n"
      "except OSError as e: print(type(e).__name__)\n"
      "print(sorted(name for _,name in socket.if_nameindex())[-1:])"};
  spec.output = pipe.in.get();
  spec.own_network = true;
  spec.listen_ports = {9001};
  const auto child = start_child(spec);
  ASSERT_TRUE(child.has_value()) << child.error().message;
  pipe.in.reset();
  ASSERT_EQ(child->listeners.size(), 1U);
  const Descriptor accepted(::accept(child->listeners[0].get(), nullptr, nullptr));
  ASSERT_TRUE(accepted.is_open());
  ASSERT_EQ(::send(accepted.get(), "from outside", 12, MSG_NOSIGNAL), 12);
  EXPECT_EQ(read_all(pipe.out.get()).substr(0, 36), "from outside\nConnectionRefusedError\n");
  EXPECT_EQ(wait_for(*child).code, 0);
}

TEST(ChildProcess, AnotherIdentitySeesWhatIsStagedAndNotWhatLiesBesideIt) {
  if (::geteuid() != 0) return;  // only root can become another user
  const auto folder = std::filesystem::temp_directory_path() / ("penstock-staged-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "closed/code");
  std::ofstream(folder / "closed/code/file") << "code";
  std::ofstream(folder / "closed/secret") << "secret";
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::owner_all);
  std::filesystem::permissions(folder / "closed/code", std::filesystem::perms(0755));
  ChildSpec spec =
      shell("id -u; cat /mnt/0/file; cat " + (folder / "closed/secret").string() + " 2>/dev/null || echo no");
  spec.identity = ChildIdentity{
      .uid = 1'990'000'000, .gid = 1'990'000'000, .staging = "/mnt", .staged = {(folder / "closed/code").string()}};
  EXPECT_EQ(run(std::move(spec)).output, "1990000000\ncodeno\n");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace penstock::os
