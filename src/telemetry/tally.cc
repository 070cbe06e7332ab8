#include "telemetry/tally.h"

#include <algorithm>

namespace penstock::telemetry {
namespace {

constexpr unsigned kValueBits = 40;
constexpr std::uint64_t kValueMax = (std::uint64_t{1} << kValueBits) - 1;

/// From 1 on, in 24 bits: that is 31 years, and 0 means that a slot was never used.
std::uint64_t minute_of(SteadyTime now) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
  return (static_cast<std::uint64_t>(minutes) + 1) & 0xffffffU;
}

}  // namespace

std::size_t thread_number() {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void Durations::note(std::chrono::nanoseconds duration) {
  const auto at = std::ranges::lower_bound(kBounds, duration);
  counts_[static_cast<std::size_t>(at - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(std::max<std::int64_t>(duration.count(), 0), std::memory_order_relaxed);
}

Durations::Snapshot Durations::snapshot() const {
  Snapshot out;
  for (std::size_t i = 0; i < counts_.size(); ++i) out.counts[i] = counts_[i].load(std::memory_order_relaxed);
  out.sum = std::chrono::nanoseconds(sum_ns_.load(std::memory_order_relaxed));
  return out;
}

std::uint64_t Durations::Snapshot::count() const {
  std::uint64_t all = 0;
  for (const std::uint64_t of_bucket : counts) all += of_bucket;
  return all;
}

void Durations::Snapshot::add(const Snapshot& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

void RecentMax::note(std::int64_t value, SteadyTime now) {
  const std::uint64_t minute = minute_of(now);
  const auto cut = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)), kValueMax);
  const std::uint64_t wanted = minute << kValueBits | cut;
  std::atomic<std::uint64_t>& slot = slots_[minute % 2];
  std::uint64_t there = slot.load(std::memory_order_relaxed);
  while (there >> kValueBits != minute || there < wanted) {
    if (slot.compare_exchange_weak(there, wanted, std::memory_order_relaxed)) return;
  }
}

std::optional<std::int64_t> RecentMax::value(SteadyTime now) const {
  const std::uint64_t minute = minute_of(now);
  std::optional<std::int64_t> greatest;
  for (const auto& slot : slots_) {
    const std::uint64_t there = slot.load(std::memory_order_relaxed);
    const std::uint64_t noted = there >> kValueBits;
    if (noted == 0 || (noted != minute && noted + 1 != minute)) continue;
    greatest = std::max(greatest.value_or(0), static_cast<std::int64_t>(there & kValueMax));
  }
  return greatest;
}

}  // namespace penstock::telemetry
