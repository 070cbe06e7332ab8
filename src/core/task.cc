#include "core/task.h"

namespace penstock {

void ManualExecutor::post(std::move_only_function<void()> work) {
  const MutexLock lock(mutex_);
  queue_.push_back(std::move(work));
  arrived_.notify_one();
}

std::optional<std::move_only_function<void()>> ManualExecutor::pop() {
  const MutexLock lock(mutex_);
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
    return std::nullopt;
  }
  return std::move(queue_[head_++]);
}

std::size_t ManualExecutor::run_ready() {
  std::size_t ran = 0;
  while (auto work = pop()) {
    (*work)();
    ++ran;
  }
  return ran;
}

void ManualExecutor::run_until(const std::atomic<bool>& done) {
  while (!done) {
    if (run_ready() > 0) continue;
    const MutexLock lock(mutex_);
    while (!done && head_ == queue_.size()) arrived_.wait(mutex_);
  }
}

}  // namespace penstock
