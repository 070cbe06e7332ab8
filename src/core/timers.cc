#include "core/timers.h"

#include <algorithm>

namespace penstock {

ThreadTimers::ThreadTimers(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

ThreadTimers::~ThreadTimers() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

TimerId ThreadTimers::after(std::chrono::milliseconds delay, std::move_only_function<void()> call) {
  const MutexLock lock(mutex_);
  const TimerId id = next_id_++;
  const SteadyTime when = clock_.steady() + delay;
  due_.emplace(std::pair(when, id), std::move(call));
  when_.emplace(id, when);
  if (due_.begin()->first.second == id) changed_.notify_one();
  return id;
}

void ThreadTimers::cancel(TimerId id) {
  const MutexLock lock(mutex_);
  const auto found = when_.find(id);
  if (found == when_.end()) return;
  due_.erase({found->second, id});
  when_.erase(found);
}

void ThreadTimers::run() {
  while (true) {
    std::move_only_function<void()> call;
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      if (due_.empty()) {
        changed_.wait(mutex_);
        continue;
      }
      const auto first = due_.begin();
      const SteadyTime now = clock_.steady();
      if (first->first.first > now) {
        changed_.wait_for(mutex_, first->first.first - now);
        continue;
      }
      call = std::move(first->second);
      when_.erase(first->first.second);
      due_.erase(first);
    }
    call();
  }
}

}  // namespace penstock
