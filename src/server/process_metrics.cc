#include "server/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace penstock::server {
namespace {

using telemetry::MetricFamily;
using telemetry::MetricType;

constexpr MetricFamily kBuild{"penstock_build_info", MetricType::gauge, "version", "1, for its label."};
constexpr MetricFamily kCpu{"process_cpu_seconds_total", MetricType::counter, "", "Processor time, user and system."};
constexpr MetricFamily kResident{"process_resident_memory_bytes", MetricType::gauge, "", "Memory that is resident."};
constexpr MetricFamily kVirtual{"process_virtual_memory_bytes", MetricType::gauge, "", "Address space."};
constexpr MetricFamily kThreads{"process_threads", MetricType::gauge, "", "Threads."};
constexpr MetricFamily kFiles{"process_open_fds", MetricType::gauge, "", "Open file descriptors."};
constexpr MetricFamily kFilesMax{"process_max_fds", MetricType::gauge, "", "File descriptors that may be open."};
constexpr MetricFamily kStart{"process_start_time_seconds", MetricType::gauge, "",
                              "When the process started, in seconds since 1970-01-01 UTC."};

struct ProcessStatus {
  double cpu_seconds = 0;
  double start_seconds_after_boot = 0;
  std::uint64_t threads = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
};

/// /proc/self/stat: the fields after the name, which stands in brackets and may hold anything.
std::optional<ProcessStatus> read_status() {
  std::ifstream file("/proc/self/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::size_t name_end = all.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(all.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::uint64_t user = 0, system = 0, threads = 0, start = 0, virtual_bytes = 0, resident_pages = 0;
  rest >> user >> system;  // 14, 15
  for (int field = 16; field < 20; ++field) rest >> skipped;
  rest >> threads >> skipped >> start >> virtual_bytes >> resident_pages;  // 20, 22, 23, 24
  if (!rest) return std::nullopt;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ProcessStatus{.cpu_seconds = static_cast<double>(user + system) / ticks,
                       .start_seconds_after_boot = static_cast<double>(start) / ticks,
                       .threads = threads,
                       .virtual_bytes = virtual_bytes,
                       .resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

/// "btime" of /proc/stat.
std::optional<double> boot_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name; file.ignore(1U << 20U, '\n')) {
    double seconds = 0;
    if (name == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> open_files() {
  std::error_code problem;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", problem); !problem && at != end(at);
       at.increment(problem)) {
    ++count;
  }
  if (problem) return std::nullopt;
  return count > 0 ? count - 1 : 0;  // one of them is the look into the folder
}

}  // namespace

void write_process_metrics(telemetry::Exposition& out) {
  out.begin(kBuild);
  out.sample({{"version", PENSTOCK_VERSION}}, std::uint64_t{1});
  if (const auto status = read_status()) {
    out.begin(kCpu);
    out.sample({}, status->cpu_seconds);
    out.begin(kResident);
    out.sample({}, status->resident_bytes);
    out.begin(kVirtual);
    out.sample({}, status->virtual_bytes);
    out.begin(kThreads);
    out.sample({}, status->threads);
    if (const auto boot = boot_seconds()) {
      out.begin(kStart);
      out.sample({}, *boot + status->start_seconds_after_boot);
    }
  }
  if (const auto files = open_files()) {
    out.begin(kFiles);
    out.sample({}, *files);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.begin(kFilesMax);
    out.sample({}, static_cast<std::uint64_t>(limit.rlim_cur));
  }
}

std::vector<const MetricFamily*> process_metric_families() {
  return {&kBuild, &kCpu, &kResident, &kVirtual, &kThreads, &kFiles, &kFilesMax, &kStart};
}

}  // namespace penstock::server
