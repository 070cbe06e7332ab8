#pragma once
/// Counters and latency histograms by name, to be read as a snapshot (for /metrics and the live display).
///
///     static Counter& appended = metrics().counter("framelog_frames_appended_total");   // look up once
///     appended.add();
///
/// Names are Prometheus's, and may carry labels as it writes them: http_requests_total{service="kinesis"}.
/// Threads: any. add() and record() take no lock and wait for nobody; the look-up of a name takes one.
/// Bounds:  kNamesMax names of each kind; every name beyond is counted under "metrics_overflow" (labels come from a
///          fixed set, never from what a client sends).
/// A metric lives as long as its Metrics.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/mutex.h"

namespace penstock::telemetry {

class Counter {
 public:
  void add(std::uint64_t count = 1);
  [[nodiscard]] std::uint64_t value() const;

 private:
  /// Threads add to different cache lines.
  static constexpr std::size_t kSlots = 8;
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> count = 0;
  };
  std::array<Slot, kSlots> slots_;
};

/// What a histogram held at one moment (to within the additions under way).
struct HistogramSnapshot {
  /// Buckets are four to a power of two from 1 microsecond up: a quantile is at most 25 % too high.
  static constexpr std::size_t kBuckets = 112;
  std::uint64_t count = 0;
  std::chrono::nanoseconds sum{0};
  std::array<std::uint64_t, kBuckets> buckets{};

  /// The upper bound of the bucket where the quantile lies; 0 when nothing was recorded. `q` in [0, 1].
  [[nodiscard]] std::chrono::nanoseconds quantile(double q) const;
  /// Inclusive; the last bucket has none (nanoseconds::max()).
  [[nodiscard]] static std::chrono::nanoseconds upper_bound(std::size_t bucket);
};

class Histogram {
 public:
  /// Negative durations count as zero.
  void record(std::chrono::nanoseconds duration);
  [[nodiscard]] HistogramSnapshot snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, HistogramSnapshot::kBuckets> buckets_{};
  std::atomic<std::int64_t> sum_ns_ = 0;
};

struct MetricsSnapshot {
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, HistogramSnapshot> histograms;
};

class Metrics {
 public:
  static constexpr std::size_t kNamesMax = 4096;

  [[nodiscard]] Counter& counter(std::string_view name) EXCLUDES(mutex_);
  [[nodiscard]] Histogram& histogram(std::string_view name) EXCLUDES(mutex_);
  [[nodiscard]] MetricsSnapshot snapshot() const EXCLUDES(mutex_);

 private:
  template <class T>
  using ByName = std::map<std::string, std::unique_ptr<T>, std::less<>>;
  template <class T>
  static T& find_or_add(ByName<T>& all, std::string_view name);

  mutable Mutex mutex_;
  ByName<Counter> counters_ GUARDED_BY(mutex_);
  ByName<Histogram> histograms_ GUARDED_BY(mutex_);
};

/// The process's own; like the log, it is for looking at, and nothing may decide by it.
[[nodiscard]] Metrics& metrics();

}  // namespace penstock::telemetry
