#pragma once
/// Event loops: one thread each, everything of one connection on one of them, so that a connection needs no locks.
/// Threads: post from any thread; the rest as each function says.

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/task.h"

namespace boost::asio {
class io_context;
}

namespace penstock::net {

class EventLoop final : public Executor {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Order: work posted by one thread runs in that order. Work posted after stop() is freed without running.
  void post(std::move_only_function<void()> work) override;
  /// For sockets and timers that live on this loop; to be used from its thread, or before it runs.
  [[nodiscard]] boost::asio::io_context& context() { return *context_; }

  /// Runs on the calling thread until stop().
  void run();
  /// From any thread; what is running finishes, what is queued does not run.
  void stop();

 private:
  struct Running;
  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<Running> running_;
};

/// `count` loops, each on a thread of its own from construction on. Destruction stops and joins them: whatever uses
/// them must have ended before.
class EventLoops {
 public:
  explicit EventLoops(std::size_t count);
  ~EventLoops();
  EventLoops(const EventLoops&) = delete;
  EventLoops& operator=(const EventLoops&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] EventLoop& at(std::size_t index) { return *loops_[index]; }

  /// Runs `work` on the loop and waits for it and for what it queued there itself, such as the handlers of what it
  /// cancelled. Never from a loop's own thread.
  static void run_on(EventLoop& loop, std::move_only_function<void()> work);

 private:
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace penstock::net
