#include "functions/runtime/control_groups.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "os/descriptor.h"

namespace penstock::functions::runtime {

namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const std::string& path) {
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  std::array<char, 8192> buffer{};
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  if (got < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(got));
}

bool write_file(const std::string& path, std::string_view text) {
  const os::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.is_open() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool make_folder(const std::string& path) {
  std::error_code problem;
  fs::create_directory(path, problem);
  return !problem;
}

/// Whether "penstock-4711" is of a process that is gone. Groups of one that lives may be empty for a moment.
bool is_left_behind(std::string_view name) {
  constexpr std::string_view kPrefix = "penstock-";
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  pid_t pid = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (problem != std::errc{} || end != name.data() + name.size() || pid <= 0) return false;
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

void remove_left_behind(const std::string& folder) {
  std::error_code problem;
  std::vector<fs::path> groups;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    if (is_left_behind(entry.path().filename().string())) groups.push_back(entry.path());
  }
  for (const fs::path& group : groups) {
    for (const auto& inner : fs::directory_iterator(group, problem)) {
      if (inner.is_directory(problem)) (void)::rmdir(inner.path().c_str());
    }
    (void)::rmdir(group.c_str());
  }
}

/// The folder of this process's group, or of the mount when the path is not visible here (inside containers).
std::string own_folder(const std::string& mount, const std::string& path) {
  std::error_code problem;
  std::string folder = mount + (path == "/" ? "" : path);
  return fs::is_directory(folder, problem) ? folder : mount;
}

/// Version 2: processes and groups may not lie side by side below a folder that hands controllers down, so this process
/// moves into a group of its own.
bool hand_down(const std::string& folder) {
  if (write_file(folder + "/cgroup.subtree_control", "+memory +pids")) return true;
  const std::string leaf = folder + "/penstock-server";
  return make_folder(leaf) && write_file(leaf + "/cgroup.procs", "0") &&
         write_file(folder + "/cgroup.subtree_control", "+memory +pids");
}

}  // namespace

std::optional<std::string> find_group_path(std::string_view proc_self_cgroup, std::string_view controller) {
  while (!proc_self_cgroup.empty()) {
    const std::string_view line = proc_self_cgroup.substr(0, proc_self_cgroup.find('\n'));
    proc_self_cgroup.remove_prefix(std::min(proc_self_cgroup.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty() && controller.empty()) return std::string(line.substr(second + 1));
    while (!controllers.empty()) {
      const std::string_view one = controllers.substr(0, controllers.find(','));
      if (one == controller) return std::string(line.substr(second + 1));
      controllers.remove_prefix(std::min(controllers.size(), one.size() + 1));
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> find_number(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    std::uint64_t number = 0;
    const std::string_view digits = line.substr(name.size() + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem == std::errc{}) return number;
  }
  return std::nullopt;
}

ControlGroup::ControlGroup(std::string memory_folder, std::string pids_folder, bool version_2)
    : memory_(std::move(memory_folder)), pids_(std::move(pids_folder)), version_2_(version_2) {}

ControlGroup::~ControlGroup() { (void)try_remove(); }

std::vector<std::string> ControlGroup::folders() const {
  if (version_2_) return {memory_};
  return {memory_, pids_};
}

std::optional<std::uint64_t> ControlGroup::memory_bytes() const {
  const auto stat = read_file(memory_ + "/memory.stat");
  if (!stat.has_value()) return std::nullopt;
  return find_number(*stat, version_2_ ? "anon" : "total_rss");
}

bool ControlGroup::was_out_of_memory() const {
  const auto events = read_file(memory_ + (version_2_ ? "/memory.events" : "/memory.oom_control"));
  return events.has_value() && find_number(*events, "oom_kill").value_or(0) > 0;
}

void ControlGroup::kill_all() const {
  const auto listed = read_file(memory_ + "/cgroup.procs");
  std::string_view lines = listed.has_value() ? std::string_view(*listed) : std::string_view();
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    pid_t pid = 0;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), pid);
    if (problem == std::errc{} && pid > 1) (void)::kill(pid, SIGKILL);
  }
}

bool ControlGroup::try_remove() {
  if (removed_) return true;
  removed_ = ::rmdir(memory_.c_str()) == 0;
  if (!version_2_) removed_ = ::rmdir(pids_.c_str()) == 0 && removed_;
  return removed_;
}

std::unique_ptr<ControlGroups> ControlGroups::find(std::string_view root, std::string& why) {
  const auto own = read_file(fmt::format("{}/proc/self/cgroup", root));
  if (!own.has_value()) {
    why = "/proc/self/cgroup cannot be read";
    return nullptr;
  }
  const std::string mount = fmt::format("{}/sys/fs/cgroup", root);
  const std::string name = fmt::format("/penstock-{}", ::getpid());
  const auto memory = find_group_path(*own, "memory");
  const auto pids = find_group_path(*own, "pids");
  if (memory.has_value() && pids.has_value()) {
    const std::string memory_folder = own_folder(mount + "/memory", *memory);
    const std::string pids_folder = own_folder(mount + "/pids", *pids);
    remove_left_behind(memory_folder);
    remove_left_behind(pids_folder);
    if (make_folder(memory_folder + name) && make_folder(pids_folder + name)) {
      (void)write_file(memory_folder + name + "/memory.use_hierarchy", "1");
      return std::unique_ptr<ControlGroups>(new ControlGroups(memory_folder + name, pids_folder + name, false));
    }
    (void)::rmdir((memory_folder + name).c_str());
    why = memory_folder + " cannot be written";
    return nullptr;
  }
  const auto unified = find_group_path(*own, "");
  const std::string folder = own_folder(mount, unified.value_or("/"));
  std::error_code problem;
  if (!unified.has_value() || !fs::exists(folder + "/cgroup.controllers", problem)) {
    why = "there is no hierarchy of control groups with memory and pids";
    return nullptr;
  }
  remove_left_behind(folder);
  if (hand_down(folder) && make_folder(folder + name) &&
      write_file(folder + name + "/cgroup.subtree_control", "+memory +pids")) {
    return std::unique_ptr<ControlGroups>(new ControlGroups(folder + name, folder + name, true));
  }
  why = folder + " is not handed to Penstock (systemd: Delegate=yes)";
  return nullptr;
}

ControlGroups::~ControlGroups() {
  (void)::rmdir(memory_.c_str());
  if (!version_2_) (void)::rmdir(pids_.c_str());
}

std::unique_ptr<ControlGroup> ControlGroups::make(std::string_view name, const GroupLimits& limits) const {
  auto group = std::make_unique<ControlGroup>(fmt::format("{}/{}", memory_, name), fmt::format("{}/{}", pids_, name),
                                              version_2_);
  const std::string bytes = std::to_string(limits.memory_bytes);
  const std::string processes = std::to_string(limits.processes);
  for (const std::string& folder : group->folders()) {
    if (!make_folder(folder)) return nullptr;
  }
  const std::string memory = group->folders().front();
  const std::string pids = group->folders().back();
  const bool bounded = write_file(memory + (version_2_ ? "/memory.max" : "/memory.limit_in_bytes"), bytes) &&
                       write_file(pids + "/pids.max", processes);
  if (!bounded) return nullptr;
  // Where swap is counted, it is bounded too; where it is not counted, these files are not there.
  (void)write_file(memory + (version_2_ ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"),
                   version_2_ ? "0" : bytes);
  if (version_2_) (void)write_file(memory + "/memory.oom.group", "1");
  return group;
}

}  // namespace penstock::functions::runtime
