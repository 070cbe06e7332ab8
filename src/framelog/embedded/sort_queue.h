#pragma once
/// Work that nobody waits for, done piece by piece on a thread of its own within a budget of bytes per second for all
/// logs of a store; in a simulation on the simulation's executor, without a budget.
/// Threads: post and stop from any. Order: a task is run to its end before the next one begins.
/// Bounds:  the callers bound what they post (one task a log).

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/task.h"

namespace penstock::framelog {

class SortQueue {
 public:
  struct Progress {
    std::uint64_t bytes = 0;  ///< read and written by this piece
    bool done = false;
  };
  using Task = std::move_only_function<Progress()>;

  /// 0 bytes per second: without a budget. With `instead`, no thread is made and pieces go there.
  SortQueue(Clock& clock, std::uint64_t bytes_per_second, Executor* instead);
  ~SortQueue();
  SortQueue(const SortQueue&) = delete;
  SortQueue& operator=(const SortQueue&) = delete;

  /// False, and the task is dropped, after stop().
  bool post(Task task);
  /// The piece under way is finished; what is left is dropped. It returns when nothing runs any more.
  void stop();

  /// How long to rest behind a piece, so that the budget is kept.
  [[nodiscard]] static std::chrono::nanoseconds rest_after(std::uint64_t bytes, std::uint64_t bytes_per_second);

 private:
  struct State {
    Mutex mutex;
    CondVar changed;
    std::deque<Task> tasks GUARDED_BY(mutex);
    bool stopping GUARDED_BY(mutex) = false;
  };

  /// Runs a piece of the oldest task. False when there is none, or after stop().
  static bool run_piece(State& state, Progress& progress);
  static void run_on(Executor& executor, const std::shared_ptr<State>& state);
  void run();

  Clock& clock_;
  const std::uint64_t bytes_per_second_;
  Executor* const instead_;
  const std::shared_ptr<State> state_;
  std::thread thread_;  ///< made with the first task; under state_->mutex until stop()
};

}  // namespace penstock::framelog
