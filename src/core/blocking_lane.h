#pragma once
/// One thread for work that blocks (making and removing logs), so that event loops do not wait for the disk; in a
/// simulation, the simulation's own executor, which runs one piece of it at a time.
/// Bounds: the callers' own (a few streams may be made or deleted at once).

#include <deque>
#include <functional>
#include <thread>

#include "core/mutex.h"
#include "core/task.h"

namespace penstock {

class BlockingLane {
 public:
  /// With `instead`, no thread is made; it has run what was posted to it before the lane is destroyed.
  explicit BlockingLane(Executor* instead = nullptr) : instead_(instead) {
    if (instead_ == nullptr) thread_ = std::thread([this] { run(); });
  }
  ~BlockingLane() {
    if (instead_ != nullptr) return;
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      arrived_.notify_one();
    }
    thread_.join();  // what was handed in still runs
  }
  BlockingLane(const BlockingLane&) = delete;
  BlockingLane& operator=(const BlockingLane&) = delete;

  /// Runs `work` on the lane's thread, in the order of calls.
  template <class T>
  Task<T> call(std::function<T()> work) {
    const Completion<T> done;
    post([done, work = std::move(work)] { done.set(work()); });
    co_return co_await done;
  }

 private:
  void post(std::function<void()> work) EXCLUDES(mutex_) {
    if (instead_ != nullptr) return instead_->post(std::move(work));
    const MutexLock lock(mutex_);
    queue_.push_back(std::move(work));
    arrived_.notify_one();
  }

  void run() EXCLUDES(mutex_) {
    while (true) {
      std::function<void()> work;
      {
        const MutexLock lock(mutex_);
        while (queue_.empty() && !stopping_) arrived_.wait(mutex_);
        if (queue_.empty()) return;
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      work();
    }
  }

  Executor* const instead_;
  Mutex mutex_;
  CondVar arrived_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace penstock
