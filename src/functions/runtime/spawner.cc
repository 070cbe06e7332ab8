#include "functions/runtime/spawner.h"

#include <optional>
#include <utility>

namespace penstock::functions::runtime {

Spawner::Spawner() : thread_([this] { run(); }) {}

Spawner::~Spawner() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Spawner::post(std::move_only_function<void()> job) {
  {
    const MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Spawner::run() {
  for (;;) {
    std::move_only_function<void()> job;
    {
      const MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace penstock::functions::runtime
