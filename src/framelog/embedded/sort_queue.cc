#include "framelog/embedded/sort_queue.h"

#include <utility>

namespace penstock::framelog {

SortQueue::SortQueue(Clock& clock, std::uint64_t bytes_per_second, Executor* instead)
    : clock_(clock), bytes_per_second_(bytes_per_second), instead_(instead), state_(std::make_shared<State>()) {}

SortQueue::~SortQueue() { stop(); }

std::chrono::nanoseconds SortQueue::rest_after(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(bytes_per_second)));
}

bool SortQueue::post(Task task) {
  {
    const MutexLock lock(state_->mutex);
    if (state_->stopping) return false;
    state_->tasks.push_back(std::move(task));
    if (instead_ == nullptr) {
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      state_->changed.notify_one();
      return true;
    }
    if (state_->tasks.size() > 1) return true;  // its pieces follow those of the tasks before it
  }
  run_on(*instead_, state_);
  return true;
}

void SortQueue::stop() {
  std::deque<Task> dropped;
  std::thread thread;
  {
    const MutexLock lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->tasks);
    thread.swap(thread_);
  }
  state_->changed.notify_all();
  if (thread.joinable()) thread.join();
}

bool SortQueue::run_piece(State& state, Progress& progress) {
  Task task;
  {
    const MutexLock lock(state.mutex);
    if (state.stopping || state.tasks.empty()) return false;
    task = std::move(state.tasks.front());
    state.tasks.front() = nullptr;  // it keeps its place
  }
  progress = task();
  const MutexLock lock(state.mutex);
  if (state.stopping) return false;
  if (progress.done) {
    state.tasks.pop_front();
  } else {
    state.tasks.front() = std::move(task);
  }
  return true;
}

void SortQueue::run_on(Executor& executor, const std::shared_ptr<State>& state) {
  executor.post([&executor, state] {
    Progress progress;
    if (!run_piece(*state, progress)) return;
    {
      const MutexLock lock(state->mutex);
      if (state->tasks.empty()) return;
    }
    run_on(executor, state);
  });
}

void SortQueue::run() {
  State& state = *state_;
  for (;;) {
    {
      const MutexLock lock(state.mutex);
      while (state.tasks.empty() && !state.stopping) state.changed.wait(state.mutex);
      if (state.stopping) return;
    }
    Progress progress;
    if (!run_piece(state, progress)) return;
    const auto rest = rest_after(progress.bytes, bytes_per_second_);
    if (rest.count() == 0) continue;
    const SteadyTime end = clock_.steady() + rest;
    const MutexLock lock(state.mutex);
    // New tasks wake it too.
    for (auto left = rest; !state.stopping && left.count() > 0; left = end - clock_.steady()) {
      if (!state.changed.wait_for(state.mutex, left)) break;
    }
  }
}

}  // namespace penstock::framelog
