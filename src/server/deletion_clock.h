#pragma once
/// The time by which records are dropped from the disk: the wall clock's, while it runs like the steady one. When it
/// leaps forward (somebody set it, a machine's clock went wrong) records are no longer served at once, as the new time
/// says, but they stay on the disk for an hour: set back in time, the clock costs nobody his records.
/// Threads: one at a time.

#include <chrono>
#include <optional>

#include "core/clock.h"

namespace penstock::server {

class DeletionClock {
 public:
  static constexpr std::chrono::minutes kLeapMax{5};      ///< more is not trusted at once; NTP's steps are smaller
  static constexpr std::chrono::minutes kTrustAfter{60};  ///< of steady time

  /// What the wall clock says now is trusted. `clock` outlives it.
  explicit DeletionClock(const Clock& clock) : clock_(clock), trusted_(offset()) {}

  [[nodiscard]] Timestamp now();
  /// Since when the wall clock is ahead of what is trusted.
  [[nodiscard]] bool is_waiting() const { return leapt_.has_value(); }

 private:
  /// Of the wall clock to the steady one.
  [[nodiscard]] std::chrono::milliseconds offset() const;

  const Clock& clock_;
  std::chrono::milliseconds trusted_;
  std::optional<SteadyTime> leapt_;
};

}  // namespace penstock::server
