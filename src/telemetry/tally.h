#pragma once
/// Counters for objects of which there are many (streams, shards, operations): small, lock-free, without a name. Who
/// owns them writes them out (exposition.h). Threads: any. Order: none; readers see sums that are right to within the
/// additions under way.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace penstock::telemetry {

/// Counted from 0 in the order in which threads ask first: who shares counters out among threads picks by it.
[[nodiscard]] std::size_t thread_number();

/// One number that only grows. Eight bytes: what many threads add to at a rate belongs in a Counter (metrics.h).
class Tally {
 public:
  void add(std::uint64_t count = 1) { count_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

/// The sum and the count of what was measured.
class Average {
 public:
  /// Below zero counts as zero.
  void note(std::int64_t value) {
    sum_.add(value > 0 ? static_cast<std::uint64_t>(value) : 0);
    count_.add();
  }
  [[nodiscard]] std::uint64_t sum() const { return sum_.value(); }
  [[nodiscard]] std::uint64_t count() const { return count_.value(); }

 private:
  Tally sum_;
  Tally count_;
};

/// Durations in the buckets that Prometheus shows: from 100 us to 10 s, three to a power of ten.
class Durations {
 public:
  static constexpr std::array<std::chrono::microseconds, 16> kBounds = {
      std::chrono::microseconds(100),       std::chrono::microseconds(250),       std::chrono::microseconds(500),
      std::chrono::microseconds(1'000),     std::chrono::microseconds(2'500),     std::chrono::microseconds(5'000),
      std::chrono::microseconds(10'000),    std::chrono::microseconds(25'000),    std::chrono::microseconds(50'000),
      std::chrono::microseconds(100'000),   std::chrono::microseconds(250'000),   std::chrono::microseconds(500'000),
      std::chrono::microseconds(1'000'000), std::chrono::microseconds(2'500'000), std::chrono::microseconds(5'000'000),
      std::chrono::microseconds(10'000'000)};

  /// Below zero counts as zero.
  void note(std::chrono::nanoseconds duration);

  struct Snapshot {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< of each bucket; the last has no bound
    std::chrono::nanoseconds sum{0};
    [[nodiscard]] std::uint64_t count() const;
    void add(const Snapshot& other);
  };
  [[nodiscard]] Snapshot snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_ns_ = 0;
};

/// The greatest value of this minute and the one before: what Prometheus, which comes by every few seconds, would not
/// see in a value that is only the latest.
class RecentMax {
 public:
  /// Values from 0 to 2^40 - 1; what lies outside is cut.
  void note(std::int64_t value, SteadyTime now);
  /// nullopt when nothing was noted in the last one to two minutes.
  [[nodiscard]] std::optional<std::int64_t> value(SteadyTime now) const;

 private:
  std::array<std::atomic<std::uint64_t>, 2> slots_{};  ///< of even and odd minutes: minute << 40 | value
};

}  // namespace penstock::telemetry
