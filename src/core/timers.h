#pragma once
/// "Call me later", injected like the clock.
/// Threads: `after` and `cancel` from any thread; callbacks run on the timer's thread and must only post work.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "core/clock.h"
#include "core/mutex.h"

namespace penstock {

using TimerId = std::uint64_t;

class Timers {
 public:
  virtual ~Timers() = default;
  virtual TimerId after(std::chrono::milliseconds delay, std::move_only_function<void()> call) = 0;
  /// After cancel returns, the callback will not start (it may be running if called from another thread).
  virtual void cancel(TimerId id) = 0;
};

/// One thread and an ordered map; fit for thousands of timers.
class ThreadTimers final : public Timers {
 public:
  explicit ThreadTimers(const Clock& clock);
  ~ThreadTimers() override;
  TimerId after(std::chrono::milliseconds delay, std::move_only_function<void()> call) override EXCLUDES(mutex_);
  void cancel(TimerId id) override EXCLUDES(mutex_);

 private:
  void run() EXCLUDES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::map<std::pair<SteadyTime, TimerId>, std::move_only_function<void()>> due_ GUARDED_BY(mutex_);
  std::map<TimerId, SteadyTime> when_ GUARDED_BY(mutex_);
  TimerId next_id_ GUARDED_BY(mutex_) = 1;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace penstock
