#pragma once
/// A machine with asynchronous invocations on it (EventQueue), callers, a function that fails by chance, and an oracle.
/// An event: acknowledged, it is run until it succeeds or has failed as often as it may, also after crashes; refused,
/// it is never run; over, it is not run again unless a crash came before that was written down.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/manual_timers.h"
#include "functions/event_queue.h"
#include "machine.h"

namespace penstock::sim {

struct EventCounts : CrashCounts {
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t invocations = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t exhausted = 0;
  std::uint64_t healed = 0;
};

class EventWorld final : public Machine {
 public:
  using Counts = EventCounts;
  EventWorld(std::uint64_t seed, Counts& counts, bool verbose);
  ~EventWorld() override;
  /// Opens, works, ends somehow; `cycles` times over; then everything must come to its end. Throws Violation.
  void run(int cycles);

 private:
  struct Event {
    enum class State : std::uint8_t { started, acked, unknown, never };
    State state = State::started;
    int errors = 0;  ///< answers of the function
    bool succeeded = false;
    int success_life = -1;          ///< how often the machine had been started
    bool is_over_for_sure = false;  ///< it succeeded, and that is written down
  };
  class Function;  // a FunctionDirectory with one function, and its Invoker
  class Nowhere;   // Destinations that take everything

  Result<void> open_layer() override;
  void drop_layer() override;
  void wind_down() override;
  [[nodiscard]] bool is_open() const override { return queue_ != nullptr; }
  void pass(std::chrono::milliseconds by) override;
  void step() override;
  void start_event();
  void start_trim();
  void trim_meanwhile();
  void heal();
  void settle();
  void come_to_the_end();
  Task<Result<functions::InvocationResult>> invoke(std::string payload);
  [[nodiscard]] bool is_over(const Event& event) const;

  Counts& counts_;
  ManualTimers timers_{clock_};
  functions::EventInvokeConfig config_;
  std::unique_ptr<Function> function_;
  std::unique_ptr<Nowhere> destinations_;
  std::unique_ptr<functions::EventQueue> queue_;
  std::vector<Event> events_;
  int life_ = 0;
  bool was_full_ = false;  ///< the disk, in this life
  bool trimming_ = false;
  bool fails_ = true;  ///< the function, by chance
};

}  // namespace penstock::sim
