#pragma once
/// Work that comes round: every so often one coroutine on one loop, never two at a time.
/// Threads: construction, stop and destruction from one thread that is none of the loops'.

#include <chrono>
#include <functional>
#include <memory>

#include "core/task.h"
#include "core/timers.h"
#include "net/event_loop.h"

namespace penstock::server {

class Housekeeping {
 public:
  /// `loop` and `timers` outlive it. The first round comes after one interval.
  Housekeeping(net::EventLoop& loop, Timers& timers, std::chrono::milliseconds interval,
               std::function<Task<void>()> round);
  ~Housekeeping() { stop(); }
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  /// Waits for the round under way; no other begins.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace penstock::server
