#pragma once
/// The kernel's bounds on an environment's memory and processes: control groups, where this machine lets us make them.
/// Version 1 (hierarchies of their own for memory and pids) and version 2 (one, if it is handed to us, as systemd's
/// Delegate=yes does). Without them the environment's processes are watched instead (process_watch.h).
///
/// Threads: any; ControlGroup: one at a time. It touches files of the kernel only (microseconds).
/// Source:  Linux: Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::functions::runtime {

struct GroupLimits {
  std::uint64_t memory_bytes = 0;
  std::uint64_t processes = 0;
};

/// Of one environment. Removed with the object, once its processes are gone (try_remove).
class ControlGroup {
 public:
  ControlGroup(std::string memory_folder, std::string pids_folder, bool version_2);
  ~ControlGroup();
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  /// What a process joins.
  [[nodiscard]] std::vector<std::string> folders() const;
  /// What its processes hold of memory of their own (not of files).
  [[nodiscard]] std::optional<std::uint64_t> memory_bytes() const;
  /// Whether the kernel has killed for the memory bound.
  [[nodiscard]] bool was_out_of_memory() const;
  /// SIGKILL to every process in it.
  void kill_all() const;
  /// False while processes are in it.
  bool try_remove();

 private:
  std::string memory_;
  std::string pids_;  ///< the same as memory_ in version 2
  bool version_2_;
  bool removed_ = false;
};

class ControlGroups {
 public:
  /// Looks for a place where groups can be made, and makes one for this process's environments. nullptr: there is none;
  /// `why` says why. `root`: "" but in tests.
  [[nodiscard]] static std::unique_ptr<ControlGroups> find(std::string_view root, std::string& why);
  ~ControlGroups();

  /// nullptr: it could not be made.
  [[nodiscard]] std::unique_ptr<ControlGroup> make(std::string_view name, const GroupLimits& limits) const;

 private:
  ControlGroups(std::string memory, std::string pids, bool version_2)
      : memory_(std::move(memory)), pids_(std::move(pids)), version_2_(version_2) {}
  std::string memory_;
  std::string pids_;
  bool version_2_;
};

/// The path of a hierarchy out of /proc/self/cgroup: of the controller ("memory"), or of version 2 ("").
[[nodiscard]] std::optional<std::string> find_group_path(std::string_view proc_self_cgroup,
                                                         std::string_view controller);
/// A number out of lines "name number"; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view lines, std::string_view name);

}  // namespace penstock::functions::runtime
