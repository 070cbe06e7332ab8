// How fast the embedded frame log is on this disk, beside what the disk itself gives in the same run.
//   framelog_bench DIRECTORY [SECONDS [ROUNDS]]
// Prints the median of the rounds. Run it on an otherwise idle machine, on the disk in question.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"
#include "framelog/embedded/embedded_store.h"
#include "os/posix_file_system.h"

namespace {

using namespace penstock;
using framelog::FrameLog;
using framelog::Position;
using framelog::ShardIndex;
using Seconds = std::chrono::duration<double>;

constexpr std::uint64_t kPreparedBytes = 1U << 30U;

double now() { return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) {
    std::fprintf(stderr, "framelog_bench: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Load {
  FrameLog& log;
  std::size_t frame_bytes;
  double end;
  std::atomic<std::uint64_t>& frames;
  std::vector<double>* latencies;
};

Task<bool> keep_appending(Load load, ShardIndex shard) {
  while (true) {
    const double start = now();
    if (start >= load.end) co_return true;
    must(co_await load.log.append(shard, std::string(load.frame_bytes, 'x')));
    ++load.frames;
    if (load.latencies != nullptr) load.latencies->push_back(now() - start);
  }
}

/// Frames per second of `producers` threads with `in_flight` appends each.
double append_rate(FrameLog& log, int producers, int in_flight, std::size_t frame_bytes, double seconds,
                   std::vector<double>* latencies = nullptr) {
  std::atomic<std::uint64_t> frames = 0;
  std::vector<std::thread> threads;
  const double start = now();
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&, p] {
      std::vector<Task<bool>> tasks;
      for (int i = 0; i < in_flight; ++i) {
        tasks.push_back(keep_appending({log, frame_bytes, start + seconds, frames, latencies},
                                       ShardIndex(static_cast<std::uint32_t>(p))));
      }
      run_sync(when_all(std::move(tasks)));
    });
  }
  for (auto& thread : threads) thread.join();
  return static_cast<double>(frames) / (now() - start);
}

double read_rate(FrameLog& log, ShardIndex shard) {
  std::uint64_t frames = 0;
  Position from = framelog::kBeforeAll;
  const double start = now();
  for (;;) {
    const auto page = must(run_sync(log.read(shard, from, {.frames_max = 10'000, .bytes_max = 10U << 20U})));
    frames += page.frames.size();
    if (page.at_tip) break;
    from = Position(page.frames.back().position.get() + 1);
  }
  return static_cast<double>(frames) / (now() - start);
}

struct Disk {
  double sync_4k_grow = 0;  // append + fdatasync of 4 KiB, a second
  double sync_4k_zero = 0;  // the same over zero-filled bytes
  double sync_1m_zero = 0;  // MB/s
  double sequential = 0;    // MB/s, one sync at the end
};

double sync_rate(os::File& file, std::string_view bytes, double seconds) {
  const std::array<std::string_view, 1> parts = {bytes};
  std::uint64_t count = 0;
  const double start = now();
  while (now() < start + seconds) {
    must(file.pwritev(parts, count++ * bytes.size()));
    must(file.sync());
  }
  return static_cast<double>(count) / (now() - start);
}

Disk measure_disk(os::FileSystem& files, const std::string& directory, double seconds) {
  constexpr std::uint64_t kBytes = 256U << 20U;
  const std::string block(1U << 20U, 'x');
  const std::array<std::string_view, 1> parts = {block};
  Disk disk;
  const std::string path = directory + "/raw";
  {
    const auto file = must(files.open(path, os::OpenMode::create_new));
    disk.sync_4k_grow = sync_rate(*file, std::string_view(block).substr(0, 4096), seconds);
  }
  must(files.unlink(path));
  const auto file = must(files.open(path, os::OpenMode::create_new));
  const double start = now();
  for (std::uint64_t at = 0; at < kBytes; at += block.size()) must(file->pwritev(parts, at));
  must(file->sync());
  disk.sequential = kBytes / 1e6 / (now() - start);
  disk.sync_4k_zero = sync_rate(*file, std::string_view(block).substr(0, 4096), seconds);
  disk.sync_1m_zero = sync_rate(*file, block, std::min(seconds, 1.0)) * 1.048576;
  must(files.unlink(path));
  return disk;
}

void report(const char* what, std::vector<double> values, const char* unit) {
  fmt::print("{:<64} {:>12.0f} {}\n", what, median(std::move(values)), unit);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: framelog_bench DIRECTORY [SECONDS [ROUNDS]]\n");
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/framelog_bench";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  const auto files = os::posix_file_system();
  std::filesystem::remove_all(directory);
  must(files->make_directories(directory));
  SystemClock clock;
  SystemRandom random;

  std::vector<double> grow, zero, big, sequential, small, bulk, prepared_small, prepared_bulk, single, p50, p99, cold,
      create_ms;
  for (int round = 0; round < rounds; ++round) {
    const Disk disk = measure_disk(*files, directory, seconds / 2);
    grow.push_back(disk.sync_4k_grow);
    zero.push_back(disk.sync_4k_zero);
    big.push_back(disk.sync_1m_zero);
    sequential.push_back(disk.sequential);
    const auto store = framelog::embedded_store(*files, directory + "/logs", clock, random);
    const auto fresh = [&](const std::string& id) { return must(store->create(id)); };
    const double start = now();
    const auto one = fresh("one");
    create_ms.push_back((now() - start) * 1e6);
    std::vector<double> latencies;
    single.push_back(append_rate(*one, 1, 1, 1024, seconds, &latencies));
    std::ranges::sort(latencies);
    p50.push_back(latencies[latencies.size() / 2] * 1e6);
    p99.push_back(latencies[latencies.size() * 99 / 100] * 1e6);
    const auto many = fresh("many");
    small.push_back(append_rate(*many, 8, 64, 1024, seconds));
    cold.push_back(read_rate(*many, ShardIndex(0)));
    bulk.push_back(append_rate(*fresh("bulk"), 1, 16, 60'000, seconds));
    for (const char* id : {"one", "many", "bulk"}) must(store->remove(id));
    // The same where zero-filling is paid already, as on recycled segments: 1 GiB is made ready before the clock runs.
    const auto prepared_store =
        framelog::embedded_store(*files, directory + "/prepared", clock, random,
                                 {.segment_bytes_max = kPreparedBytes, .segment_bytes_first = kPreparedBytes});
    for (const bool is_bulk : {false, true}) {
      const std::string id = is_bulk ? "bulk" : "many";
      const auto log = must(prepared_store->create(id));
      must(run_sync(log->append(ShardIndex(0), "first")));
      // At most a quarter is written: then the next segment would be prepared.
      if (is_bulk) {
        prepared_bulk.push_back(append_rate(*log, 1, 16, 60'000, std::min(seconds, 1.0) / 2));
      } else {
        prepared_small.push_back(append_rate(*log, 8, 64, 1024, std::min(seconds, 1.0) / 2));
      }
      must(prepared_store->remove(id));
    }
  }
  report("disk: append 4 KiB + fdatasync, growing file", grow, "/s");
  report("disk: write 4 KiB + fdatasync over written bytes", zero, "/s");
  report("disk: write 1 MiB + fdatasync over written bytes", big, "MB/s");
  report("disk: 256 MiB written, one fdatasync", sequential, "MB/s");
  report("frame log: create", create_ms, "us");
  report("frame log: 1 KiB, 1 in flight", single, "frames/s");
  report("frame log:   p50", p50, "us");
  report("frame log:   p99", p99, "us");
  report("frame log: 1 KiB, 8 producers x 64 in flight", small, "frames/s");
  report("frame log: reading one of these 8 shards from the start", cold, "frames/s");
  report("frame log: 60,000 bytes, 16 in flight", bulk, "frames/s");
  report("frame log: 1 KiB, 8 x 64 in flight, segment ready", prepared_small, "frames/s");
  report("frame log: 60,000 bytes, 16 in flight, segment ready", prepared_bulk, "frames/s");
  std::filesystem::remove_all(directory);
  return 0;
}
