#pragma once
/// The thread that starts environments' processes: starting blocks for milliseconds, and a child dies with the thread
/// that started it. Threads: post from any. Order: as posted.

#include <deque>
#include <functional>
#include <thread>

#include "core/mutex.h"

namespace penstock::functions::runtime {

class Spawner {
 public:
  Spawner();
  /// Finishes the job under way and drops the others. Children that live die now.
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  void post(std::move_only_function<void()> job) EXCLUDES(mutex_);

 private:
  void run() EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::move_only_function<void()>> jobs_ GUARDED_BY(mutex_);  // bounded by the environments there may be
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace penstock::functions::runtime
