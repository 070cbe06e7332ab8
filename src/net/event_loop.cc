#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <semaphore>

namespace penstock::net {

namespace asio = boost::asio;

struct EventLoop::Running {
  asio::executor_work_guard<asio::io_context::executor_type> guard;
};

EventLoop::EventLoop()
    : context_(std::make_unique<asio::io_context>(1)),  // 1: one thread runs it, which saves wake-ups
      running_(std::make_unique<Running>(Running{asio::make_work_guard(*context_)})) {}

EventLoop::~EventLoop() = default;

void EventLoop::post(std::move_only_function<void()> work) {
  asio::post(*context_, [work = std::move(work)]() mutable { work(); });
}

void EventLoop::run() { context_->run(); }

void EventLoop::stop() { context_->stop(); }

EventLoops::EventLoops(std::size_t count) {
  loops_.reserve(count);
  threads_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<EventLoop>());
  for (auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
}

EventLoops::~EventLoops() {
  for (auto& loop : loops_) loop->stop();
  for (auto& thread : threads_) thread.join();
}

void EventLoops::run_on(EventLoop& loop, std::move_only_function<void()> work) {
  std::binary_semaphore ran(0);
  loop.post([&] {
    work();
    // Asio keeps what a handler queues on its own loop aside until the handler is done; another thread may get in
    // before.
    loop.post([&] { ran.release(); });
  });
  ran.acquire();
}

}  // namespace penstock::net
