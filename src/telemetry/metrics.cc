#include "telemetry/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "telemetry/tally.h"

namespace penstock::telemetry {
namespace {

constexpr std::string_view kOverflow = "metrics_overflow";

/// Bucket 0 ends at 1 us; then every power of two is cut into four equal parts.
std::size_t bucket_of(std::uint64_t ns) {
  const std::uint64_t us = (ns + 999) / 1000;
  if (us <= 1) return 0;
  const std::uint64_t scaled = (us - 1) * 4;  // >= 4
  const auto power = static_cast<unsigned>(std::bit_width(scaled)) - 3;
  const std::uint64_t quarter = (scaled >> power) & 3U;
  return std::min<std::size_t>(1 + power * std::size_t{4} + quarter, HistogramSnapshot::kBuckets - 1);
}

}  // namespace

void Counter::add(std::uint64_t count) {
  slots_[thread_number() % kSlots].count.fetch_add(count, std::memory_order_relaxed);
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.count.load(std::memory_order_relaxed);
  return sum;
}

std::chrono::nanoseconds HistogramSnapshot::upper_bound(std::size_t bucket) {
  if (bucket + 1 >= kBuckets) return std::chrono::nanoseconds::max();
  if (bucket == 0) return std::chrono::microseconds{1};
  const std::size_t power = (bucket - 1) / 4;
  const std::size_t quarter = (bucket - 1) % 4;
  // The bucket holds us with 1 + (4 + quarter) * 2^power / 4 <= us < 1 + (5 + quarter) * 2^power / 4.
  const std::uint64_t end_quarters = (5 + quarter) << power;
  return std::chrono::microseconds{static_cast<std::int64_t>((end_quarters + 3) / 4)};
}

std::chrono::nanoseconds HistogramSnapshot::quantile(double q) const {
  if (count == 0) return std::chrono::nanoseconds{0};
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count))));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += buckets[i];
    if (below >= rank) return upper_bound(i);
  }
  return upper_bound(kBuckets - 1);
}

void Histogram::record(std::chrono::nanoseconds duration) {
  const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
  buckets_[bucket_of(static_cast<std::uint64_t>(ns))].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

HistogramSnapshot Histogram::snapshot() const {
  HistogramSnapshot out;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    out.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    out.count += out.buckets[i];
  }
  out.sum = std::chrono::nanoseconds{sum_ns_.load(std::memory_order_relaxed)};
  return out;
}

template <class T>
T& Metrics::find_or_add(ByName<T>& all, std::string_view name) {
  auto found = all.find(name);
  if (found == all.end()) {
    if (all.size() >= kNamesMax) name = kOverflow;
    found = all.try_emplace(std::string(name)).first;
    if (!found->second) found->second = std::make_unique<T>();
  }
  return *found->second;
}

Counter& Metrics::counter(std::string_view name) {
  const MutexLock lock(mutex_);
  return find_or_add(counters_, name);
}

Histogram& Metrics::histogram(std::string_view name) {
  const MutexLock lock(mutex_);
  return find_or_add(histograms_, name);
}

MetricsSnapshot Metrics::snapshot() const {
  MetricsSnapshot out;
  const MutexLock lock(mutex_);
  for (const auto& [name, counter] : counters_) out.counters.emplace(name, counter->value());
  for (const auto& [name, histogram] : histograms_) out.histograms.emplace(name, histogram->snapshot());
  return out;
}

Metrics& metrics() {
  static auto& all = *new Metrics;  // never destroyed: threads may count until the end
  return all;
}

}  // namespace penstock::telemetry
