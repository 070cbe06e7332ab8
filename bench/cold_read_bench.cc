// Reading what no cache holds: a log of one shard beside a plain sequential read of its files, and shards of a log of
// many before and after its segments are sorted.
//   cold_read_bench DIRECTORY [MIB [SHARDS [ROUNDS]]]
// Prints each round. Run it on an otherwise idle machine, on the disk in question.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/log_metrics.h"
#include "os/posix_file_system.h"

namespace {

using namespace penstock;
using framelog::FrameLog;
using framelog::Position;
using framelog::ShardIndex;

constexpr std::size_t kFrameBytes = 1024;
constexpr std::uint64_t kShardsRead = 20;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What the process made the disk read.
std::uint64_t disk_bytes() {
  std::ifstream in("/proc/self/io");
  for (std::string name, value; in >> name >> value;) {
    if (name == "read_bytes:") return std::strtoull(value.c_str(), nullptr, 10);
  }
  return 0;
}

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) {
    std::fprintf(stderr, "cold_read_bench: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::vector<std::filesystem::path> files_of(const std::string& directory) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

void drop_cache(const std::string& directory) {
  for (const auto& path : files_of(directory)) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    fdatasync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

Task<bool> append_some(FrameLog& log, std::uint64_t begin, std::uint64_t end, std::uint64_t shards) {
  for (std::uint64_t i = begin; i < end; ++i) {
    must(co_await log.append(ShardIndex(static_cast<std::uint32_t>(i * 7919 % shards)),
                             std::string(kFrameBytes, static_cast<char>('a' + i % 26))));
  }
  co_return true;
}

void fill(FrameLog& log, std::uint64_t frames, std::uint64_t shards) {
  constexpr std::uint64_t kWriters = 256;
  std::vector<Task<bool>> tasks;
  for (std::uint64_t i = 0; i < kWriters; ++i) {
    tasks.push_back(append_some(log, frames * i / kWriters, frames * (i + 1) / kWriters, shards));
  }
  run_sync(when_all(std::move(tasks)));
}

/// The bytes of the shard's frames.
std::uint64_t read_shard(FrameLog& log, ShardIndex shard) {
  std::uint64_t bytes = 0;
  for (Position from = framelog::kBeforeAll;;) {
    const auto page = must(run_sync(log.read(shard, from, {.frames_max = 10'000, .bytes_max = 10U << 20U})));
    for (const auto& frame : page.frames) bytes += frame.bytes->size();
    if (page.at_tip) return bytes;
    from = Position(page.frames.back().position.get() + 1);
  }
}

struct Measured {
  double began = now();
  double processor = processor_seconds();
  std::uint64_t disk = disk_bytes();
  std::uint64_t asked = framelog::log_metrics().cold_bytes.value();

  void print(const char* what, std::uint64_t payload) const {
    const double took = now() - began;
    fmt::print(
        "{:<44} {:>8.1f} MB in {:>7.3f} s: {:>8.1f} MB/s; processor {:>6.3f} s; read {:>8.1f} MB, disk {:>8.1f} MB\n",
        what, static_cast<double>(payload) / 1e6, took, static_cast<double>(payload) / 1e6 / took,
        processor_seconds() - processor, static_cast<double>(framelog::log_metrics().cold_bytes.value() - asked) / 1e6,
        static_cast<double>(disk_bytes() - disk) / 1e6);
    std::fflush(stdout);
  }
};

void read_plainly(const std::string& directory) {
  drop_cache(directory);
  const Measured measured;
  std::uint64_t bytes = 0;
  std::string buffer(1U << 20U, '\0');
  for (const auto& path : files_of(directory)) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; got > 0; bytes += static_cast<std::uint64_t>(got))
      got = read(file, buffer.data(), buffer.size());
    close(file);
  }
  measured.print("plain sequential read of the same files", bytes);
}

void read_cold(const char* what, FrameLog& log, const std::string& directory, std::uint64_t shards) {
  drop_cache(directory);
  const Measured measured;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < std::min(shards, kShardsRead); ++i) {
    bytes += read_shard(log, ShardIndex(static_cast<std::uint32_t>(i * shards / std::min(shards, kShardsRead))));
  }
  measured.print(what, bytes);
}

bool is_sorted(const std::string& directory) {
  // The last ones may be too small.
  return std::ranges::none_of(files_of(directory), [](const auto& path) {
    return path.extension() == ".new" || (path.extension() == ".seg" && std::filesystem::file_size(path) > (2U << 20U));
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: cold_read_bench DIRECTORY [MIB [SHARDS [ROUNDS]]]\n");
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/cold_read_bench";
  const std::uint64_t frames = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 512) * 1024;
  const std::uint64_t shards = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1000;
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 3;
  std::filesystem::remove_all(directory);
  const auto files = os::posix_file_system();
  must(files->make_directories(directory));
  SystemClock clock;
  SystemRandom random;
  framelog::EmbeddedOptions options{.cache_bytes_max = 0, .sorts_segments = false, .sort_bytes_per_second = 0};
  const auto open_store = [&] { return framelog::embedded_store(*files, directory, clock, random, options); };
  {
    const auto store = open_store();
    fill(*must(store->create("one")), frames, 1);
    fill(*must(store->create("many")), frames, shards);
  }
  const std::string one = directory + "/one";
  const std::string many = directory + "/many";
  for (int round = 0; round < rounds; ++round) {
    const auto store = open_store();
    const auto log = must(store->open("one"));
    read_plainly(one);
    read_cold("log of one shard", *log, one, 1);
    read_cold("some shards of many, as appended", *must(store->open("many")), many, shards);
  }
  options.sorts_segments = true;
  {
    const Measured measured;
    const auto store = open_store();
    const auto log = must(store->open("many"));
    while (!is_sorted(many)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    measured.print("sorting", framelog::log_metrics().sort_bytes.value());
  }
  for (int round = 0; round < rounds; ++round) {
    const auto store = open_store();
    read_cold("some shards of many, sorted", *must(store->open("many")), many, shards);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
