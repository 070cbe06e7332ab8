#include "core/timers.h"

#include <gtest/gtest.h>

#include <future>

namespace penstock {
namespace {

using std::chrono::milliseconds;

TEST(ThreadTimers, CallsInOrderOfTimeAndForgetsTheCancelled) {
  const SystemClock clock;
  std::promise<void> done;
  std::vector<int> calls;  // touched on the timer's thread only, until `done`
  {
    ThreadTimers timers(clock);
    const TimerId cancelled = timers.after(milliseconds(1), [&] { calls.push_back(99); });
    timers.cancel(cancelled);
    timers.after(milliseconds(30), [&] {
      calls.push_back(2);
      done.set_value();
    });
    timers.after(milliseconds(5), [&] { calls.push_back(1); });
    done.get_future().wait();
  }
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace penstock
