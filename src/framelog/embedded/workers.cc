#include "framelog/embedded/workers.h"

#include <utility>

namespace penstock::framelog {

Workers::Workers(std::size_t thread_count, Executor* instead) : instead_(instead), thread_count_(thread_count) {}

Workers::~Workers() { stop(); }

bool Workers::post(Job job) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return false;
    if (instead_ == nullptr) {
      jobs_.push_back(std::move(job));
      while (threads_.size() < thread_count_) threads_.emplace_back([this] { run(); });
      arrived_.notify_one();
      return true;
    }
  }
  instead_->post(std::move(job));
  return true;
}

void Workers::stop() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  arrived_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void Workers::run() {
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) arrived_.wait(mutex_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace penstock::framelog
