#pragma once
/// What a process and all that came from it hold of this machine, read from /proc: for machines without control groups.
/// Threads: any. It looks at no more than kProcessesLookedAtMax processes.
/// Source: Linux: proc(5), /proc/<pid>/stat and statm.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock::functions::runtime {

inline constexpr std::size_t kProcessesLookedAtMax = 100'000;

struct TreeUse {
  std::uint64_t memory_bytes = 0;  ///< resident, without what is shared (files and shared memory)
  std::uint64_t processes = 0;     ///< threads are counted
};

/// All processes of the machine at one moment, each with its parent.
class ProcessTable {
 public:
  [[nodiscard]] static ProcessTable read();
  [[nodiscard]] TreeUse use_of(pid_t root) const;

 private:
  std::multimap<pid_t, pid_t> children_;
  std::map<pid_t, TreeUse> uses_;
};

/// "4711 (a name) S 1 ..." : the parent and the number of threads. nullopt: not such a text.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t threads = 0;
};
[[nodiscard]] std::optional<ProcessStat> parse_stat(std::string_view text);

}  // namespace penstock::functions::runtime
