#include "server/housekeeping.h"

#include <utility>

#include "core/mutex.h"

namespace penstock::server {

struct Housekeeping::State {
  State(net::EventLoop& the_loop, Timers& the_timers, std::chrono::milliseconds the_interval,
        std::function<Task<void>()> the_round)
      : loop(the_loop), timers(the_timers), interval(the_interval), round(std::move(the_round)) {}

  net::EventLoop& loop;
  Timers& timers;
  const std::chrono::milliseconds interval;
  const std::function<Task<void>()> round;

  Mutex mutex;
  CondVar ended;
  bool stopping GUARDED_BY(mutex) = false;
  bool running GUARDED_BY(mutex) = false;
  TimerId timer GUARDED_BY(mutex) = 0;

  static void arm(const std::shared_ptr<State>& self) EXCLUDES(self->mutex) {
    const MutexLock lock(self->mutex);
    self->running = false;
    self->ended.notify_all();
    if (self->stopping) return;
    self->timer = self->timers.after(self->interval, [self] { self->loop.post([self] { run(self); }); });
  }
  static void run(const std::shared_ptr<State>& self) EXCLUDES(self->mutex) {
    {
      const MutexLock lock(self->mutex);
      if (self->stopping) return;
      self->running = true;
    }
    spawn_here(self->loop, self->round(), [self] { arm(self); });
  }
};

Housekeeping::Housekeeping(net::EventLoop& loop, Timers& timers, std::chrono::milliseconds interval,
                           std::function<Task<void>()> round)
    : state_(std::make_shared<State>(loop, timers, interval, std::move(round))) {
  State::arm(state_);
}

void Housekeeping::stop() {
  const MutexLock lock(state_->mutex);
  state_->stopping = true;
  state_->timers.cancel(state_->timer);
  while (state_->running) state_->ended.wait(state_->mutex);
}

}  // namespace penstock::server
