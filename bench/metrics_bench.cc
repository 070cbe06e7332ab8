// What counting costs a call: one thread, then as many as there are cores, all on one stream.
//   metrics_bench [MILLIONS]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "stream/stream_metrics.h"

namespace {

using namespace penstock;
using Nanoseconds = std::chrono::duration<double, std::nano>;

template <class Call>
double nanoseconds_a_call(unsigned threads, std::uint64_t calls, Call call) {
  std::vector<std::thread> running;
  const auto began = std::chrono::steady_clock::now();
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      for (std::uint64_t i = 0; i < calls; ++i) call(i);
    });
  }
  for (std::thread& thread : running) thread.join();
  return Nanoseconds(std::chrono::steady_clock::now() - began).count() / static_cast<double>(calls);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t calls = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20) * 1'000'000;
  stream::StreamMetrics metrics;
  stream::StreamInfo info;
  info.shard_metrics = stream::ShardMetricSet::all();
  stream::create_shards(info, 10'000, {});
  const auto shards = stream::ShardMetricsTable::make(info, nullptr);
  const auto took = [](std::uint64_t i) { return std::chrono::microseconds(300 + i % 1024); };
  for (const unsigned threads : {1U, std::max(2U, std::thread::hardware_concurrency())}) {
    const double put_record = nanoseconds_a_call(threads, calls, [&](std::uint64_t i) {
      metrics.note_put(stream::PutCall::put_record, {.bytes = 1024, .succeeded = 1}, 1, took(i));
    });
    const double put_records = nanoseconds_a_call(threads, calls, [&](std::uint64_t i) {
      metrics.note_put(stream::PutCall::put_records, {.bytes = 512'000, .succeeded = 500}, 500, took(i));
    });
    const double get_records = nanoseconds_a_call(threads, calls, [&](std::uint64_t i) {
      metrics.note_read(1024, 1, static_cast<std::int64_t>(i % 1000), SteadyTime{std::chrono::seconds(5)}, took(i));
    });
    const double shard = nanoseconds_a_call(threads, calls, [&](std::uint64_t i) {
      stream::ShardMetrics* of_shard = shards->find(stream::ShardIndex{static_cast<std::uint32_t>(i * 7919 % 10'000)});
      of_shard->incoming_bytes.add(1024);
      of_shard->incoming_records.add();
    });
    fmt::print(
        "{} threads: PutRecord {:.0f} ns, PutRecords {:.0f} ns, GetRecords {:.0f} ns, a shard of 10,000 {:.0f} ns\n",
        threads, put_record, put_records, get_records, shard);
  }
  return 0;
}
