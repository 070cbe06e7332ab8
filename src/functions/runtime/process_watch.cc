#include "functions/runtime/process_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "os/descriptor.h"

namespace penstock::functions::runtime {

namespace {

std::string read_short(const std::string& path) {
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return {};
  std::array<char, 1024> buffer{};
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T out{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// statm: "size resident shared ...", in pages.
std::uint64_t own_memory(std::string_view statm) {
  (void)take_word(statm);
  const auto resident = number<std::uint64_t>(take_word(statm)).value_or(0);
  const auto shared = number<std::uint64_t>(take_word(statm)).value_or(0);
  return (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  // The name may hold anything, blanks and parentheses too; what follows its last parenthesis is plain.
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 2);
  (void)take_word(text);  // state
  const auto parent = number<pid_t>(take_word(text));
  constexpr int kBetween = 15;  // from pgrp (field 5) to nice (19)
  for (int i = 0; i < kBetween; ++i) (void)take_word(text);
  const auto threads = number<std::uint64_t>(take_word(text));
  if (!parent.has_value() || !threads.has_value()) return std::nullopt;
  return ProcessStat{.parent = *parent, .threads = *threads};
}

ProcessTable ProcessTable::read() {
  ProcessTable out;
  std::error_code problem;
  for (std::filesystem::directory_iterator at("/proc", problem), end; !problem && at != end; at.increment(problem)) {
    const std::string name = at->path().filename().string();
    const auto pid = number<pid_t>(name);
    if (!pid.has_value()) continue;
    const auto stat = parse_stat(read_short(fmt::format("/proc/{}/stat", name)));
    if (!stat.has_value()) continue;
    out.children_.emplace(stat->parent, *pid);
    out.uses_[*pid] = {.memory_bytes = own_memory(read_short(fmt::format("/proc/{}/statm", name))),
                       .processes = stat->threads};
    if (out.uses_.size() >= kProcessesLookedAtMax) break;
  }
  return out;
}

TreeUse ProcessTable::use_of(pid_t root) const {
  TreeUse sum;
  std::set<pid_t> seen;
  std::vector<pid_t> open{root};
  while (!open.empty()) {
    const pid_t pid = open.back();
    open.pop_back();
    const auto use = uses_.find(pid);
    if (use == uses_.end() || !seen.insert(pid).second) continue;
    sum.memory_bytes += use->second.memory_bytes;
    sum.processes += use->second.processes;
    const auto [from, to] = children_.equal_range(pid);
    for (auto at = from; at != to; ++at) open.push_back(at->second);
  }
  return sum;
}

}  // namespace penstock::functions::runtime
