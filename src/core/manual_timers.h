#pragma once
/// Timers that fire when a test says so, by the test's own clock.
/// Threads: any; callbacks run on the thread that calls fire_due.

#include <map>
#include <utility>

#include "core/timers.h"

namespace penstock {

class ManualTimers final : public Timers {
 public:
  explicit ManualTimers(const Clock& clock) : clock_(clock) {}

  TimerId after(std::chrono::milliseconds delay, std::move_only_function<void()> call) override EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const TimerId id = next_id_++;
    waiting_.emplace(id, std::pair(clock_.steady() + delay, std::move(call)));
    return id;
  }
  void cancel(TimerId id) override EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    waiting_.erase(id);
  }

  /// Runs every callback whose time has come; how many ran.
  std::size_t fire_due() EXCLUDES(mutex_) {
    std::size_t fired = 0;
    while (auto call = take_due()) {
      call();
      ++fired;
    }
    return fired;
  }
  [[nodiscard]] std::size_t waiting() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return waiting_.size();
  }

 private:
  std::move_only_function<void()> take_due() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      if (at->second.first > clock_.steady()) continue;
      auto call = std::move(at->second.second);
      waiting_.erase(at);
      return call;
    }
    return {};
  }

  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<TimerId, std::pair<SteadyTime, std::move_only_function<void()>>> waiting_ GUARDED_BY(mutex_);
  TimerId next_id_ GUARDED_BY(mutex_) = 1;
};

}  // namespace penstock
