#pragma once
/// An executor with a thread of its own.
/// Threads: post from any. What is still queued when it is destroyed does not run: whoever starts coroutines on it
///          waits for their ends first.

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "core/task.h"

namespace penstock {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { queue_.run_until(stopping_); }) {}
  ~ThreadExecutor() override {
    queue_.post([this] { stopping_ = true; });
    thread_.join();
  }
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void post(std::move_only_function<void()> work) override { queue_.post(std::move(work)); }

 private:
  ManualExecutor queue_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace penstock
