#include "functions/runtime/runtime_api.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "functions/runtime/control_groups.h"
#include "functions/runtime/process_watch.h"

namespace penstock::functions::runtime {
namespace {

using Kind = RuntimeCall::Kind;

TEST(RuntimeApi, KnowsItsPaths) {
  EXPECT_EQ(read_runtime_call("GET", "/2018-06-01/runtime/invocation/next").kind, Kind::next);
  EXPECT_EQ(read_runtime_call("POST", "/2018-06-01/runtime/init/error").kind, Kind::init_error);
  const RuntimeCall response = read_runtime_call("POST", "/2018-06-01/runtime/invocation/a-b/response");
  EXPECT_EQ(response.kind, Kind::response);
  EXPECT_EQ(response.request_id, "a-b");
  EXPECT_EQ(read_runtime_call("POST", "/2018-06-01/runtime/invocation/a/error").kind, Kind::error);
  EXPECT_EQ(read_runtime_call("GET", "/2018-06-01/runtime/invocation/a/error").kind, Kind::wrong_method);
  for (const char* path : {"/", "/2018-06-01/runtime/", "/2018-06-01/runtime/invocation//response",
                           "/2018-06-01/runtime/invocation/a/b/response", "/2018-06-01/runtime/restore/next",
                           "/2020-01-01/extension/register"}) {
    EXPECT_EQ(read_runtime_call("POST", path).kind, Kind::unknown) << path;
  }
}

TEST(RuntimeApi, WordsTimeOutsAsLambdaDoes) {
  EXPECT_EQ(
      timed_out_document("id", std::chrono::milliseconds(3000)),
      R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds"})");
}

TEST(ControlGroups, FindThePathOfAHierarchy) {
  constexpr std::string_view kFile = "9:name=systemd:/s\n4:memory:/a/b\n3:cpu,pids:/c\n0::/user.slice/x\n";
  EXPECT_EQ(find_group_path(kFile, "memory"), "/a/b");
  EXPECT_EQ(find_group_path(kFile, "pids"), "/c");
  EXPECT_EQ(find_group_path(kFile, ""), "/user.slice/x");
  EXPECT_EQ(find_group_path(kFile, "mem"), std::nullopt);
  EXPECT_EQ(find_number("low 0\noom 1\noom_kill 3\n", "oom_kill"), 3U);
  EXPECT_EQ(find_number("oom_kills 3\n", "oom_kill"), std::nullopt);
}

/// A tree of files as version 2 shows it. The kernel's own behaviour is not in it; the names and values are.
TEST(ControlGroups, Version2IsUsedWhenItIsHandedToUs) {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("penstock-cgroup-" + std::to_string(::getpid()));
  const fs::path own = root / "sys/fs/cgroup/system.slice/penstock.service";
  fs::create_directories(own);
  fs::create_directories(root / "proc/self");
  std::ofstream(root / "proc/self/cgroup") << "0::/system.slice/penstock.service\n";
  std::string why;
  EXPECT_EQ(ControlGroups::find(root.string(), why), nullptr);
  EXPECT_FALSE(why.empty());
  std::ofstream(own / "cgroup.controllers") << "memory pids";
  std::ofstream(own / "cgroup.subtree_control") << "";
  const fs::path ours = own / ("penstock-" + std::to_string(::getpid()));
  fs::create_directories(ours / "environment");
  for (const char* name : {"cgroup.subtree_control", "environment/memory.max", "environment/pids.max"}) {
    std::ofstream(ours / name) << "";
  }
  const auto groups = ControlGroups::find(root.string(), why);
  ASSERT_NE(groups, nullptr) << why;
  const auto group = groups->make("environment", {.memory_bytes = 1000, .processes = 7});
  ASSERT_NE(group, nullptr);
  const auto text = [&](const char* name) {
    std::ifstream file(ours / "environment" / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(text("memory.max"), "1000");
  EXPECT_EQ(text("pids.max"), "7");
  EXPECT_EQ(group->folders(), std::vector<std::string>{(ours / "environment").string()});
  std::ofstream(ours / "environment/memory.stat") << "anon 4096\nfile 10\n";
  std::ofstream(ours / "environment/memory.events") << "oom 1\noom_kill 1\n";
  EXPECT_EQ(group->memory_bytes(), 4096U);
  EXPECT_TRUE(group->was_out_of_memory());
  fs::remove_all(root);
}

TEST(ProcessWatch, ReadsStatWhateverTheNameIs) {
  const auto stat = parse_stat("42 (a) b) S) S 7 42 42 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 3 0 1");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->threads, 3U);
  EXPECT_EQ(parse_stat("nothing"), std::nullopt);
  EXPECT_EQ(parse_stat("42 (x) S 7"), std::nullopt);
}

TEST(ProcessWatch, SeesThisProcess) {
  const TreeUse use = ProcessTable::read().use_of(::getpid());
  EXPECT_GE(use.processes, 1U);
  EXPECT_GT(use.memory_bytes, 0U);
}

}  // namespace
}  // namespace penstock::functions::runtime
