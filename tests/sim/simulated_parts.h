#pragma once
/// What every simulated world is made of: executors that stand for threads, a clock that jumps, and the end of a run.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"

namespace penstock::sim {

/// What the oracle found wrong; it ends the run.
struct Violation {
  std::string what;
};

/// Jobs that run when the world says so: in any order (they stand for several threads), or in the order posted.
/// Guarantee: a job that is not nested runs alone; of a `single` one (it stands for one thread) no two are ever nested.
class SimExecutor final : public Executor {
 public:
  enum class Kind : std::uint8_t {
    threads,  ///< any order
    queue,    ///< the order posted
    single,   ///< likewise, and one at a time
  };
  SimExecutor(Random& random, Kind kind) : random_(random), kind_(kind) {}
  void post(std::move_only_function<void()> work) override;
  /// False when there was nothing to run.
  bool run_one();
  /// While set, jobs run as they are posted: for what waits for them on the only thread there is.
  void set_at_once(bool at_once) { at_once_ = at_once; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  Random& random_;
  const Kind kind_;
  std::deque<std::move_only_function<void()>> jobs_;
  std::uint64_t steps_ = 0;
  bool at_once_ = false;
  bool running_ = false;
};

/// Wall time that jumps, beside a steady time that does not.
class SimClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return from_unix_ms(steady_ms_ + offset_ms_); }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime{std::chrono::milliseconds{steady_ms_}}; }
  void advance(std::chrono::milliseconds by) { steady_ms_ += by.count(); }
  void jump(std::chrono::milliseconds by) { offset_ms_ += by.count(); }
  /// A jump to anywhere within `most`, either way.
  void jump_somewhere(Random& random, std::chrono::milliseconds most);

 private:
  std::int64_t steady_ms_ = 1'000'000;
  std::int64_t offset_ms_ = 1'700'000'000'000;
};

}  // namespace penstock::sim
