#pragma once
/// A few threads that do the blocking work of all logs, or, in a simulation, the simulation's own executor.
/// Threads: post from any thread. Bounds: the callers bound what they post (one serve job a log, one read a reader).

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "core/task.h"

namespace penstock::framelog {

class Workers {
 public:
  using Job = std::move_only_function<void()>;

  /// With `instead`, no thread is made and jobs go there.
  Workers(std::size_t thread_count, Executor* instead);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False, and the job is dropped, after stop().
  bool post(Job job) EXCLUDES(mutex_);
  /// Runs what is queued to its end, then ends the threads. An `instead` executor is left as it is.
  void stop() EXCLUDES(mutex_);

 private:
  void run() EXCLUDES(mutex_);

  Executor* instead_;
  std::size_t thread_count_;
  Mutex mutex_;
  CondVar arrived_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);  ///< made with the first job
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace penstock::framelog
