#pragma once
/// Time, injected. Nothing in Penstock asks the system for the time except SystemClock.
/// Units: a Timestamp counts milliseconds since 1970-01-01T00:00:00Z.
/// Threads: every Clock may be used from any thread.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace penstock {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

[[nodiscard]] constexpr std::int64_t to_unix_ms(Timestamp t) { return t.time_since_epoch().count(); }
[[nodiscard]] constexpr Timestamp from_unix_ms(std::int64_t ms) { return Timestamp{std::chrono::milliseconds{ms}}; }

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time: for records, expiry, signatures. May jump.
  [[nodiscard]] virtual Timestamp now() const = 0;
  /// Never goes back: for durations and timeouts.
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

/// A clock that tests move by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = from_unix_ms(1'700'000'000'000)) : now_ms_(to_unix_ms(start)) {}
  [[nodiscard]] Timestamp now() const override { return from_unix_ms(now_ms_.load()); }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime{std::chrono::milliseconds{now_ms_.load()}}; }
  void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }
  void set(Timestamp t) { now_ms_ = to_unix_ms(t); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

}  // namespace penstock
