#include "event_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace penstock::sim {

using functions::InvocationResult;

class EventWorld::Function final : public functions::FunctionDirectory, public functions::Invoker {
 public:
  explicit Function(EventWorld& world) : world_(world) {
    auto version = std::make_shared<functions::FunctionVersion>();
    version->name = "f";
    version->version = functions::kLatest;
    resolved_ = {.version = version,
                 .invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:f",
                 .reserved_concurrency = std::nullopt};
  }
  [[nodiscard]] Result<functions::Resolved> resolve(std::string_view /*name*/,
                                                    std::string_view /*qualifier*/) const override {
    return resolved_;
  }
  void watch(std::function<void(std::string_view name)> /*on_change*/) override {}
  Task<Result<InvocationResult>> invoke(functions::Invocation invocation) override {
    return world_.invoke(std::move(invocation.payload));
  }

 private:
  EventWorld& world_;
  functions::Resolved resolved_;
};

class EventWorld::Nowhere final : public functions::Destinations {
 public:
  [[nodiscard]] Result<void> check(std::string_view /*arn*/, std::string_view /*role*/) const override { return {}; }
  Task<Result<void>> send(std::string /*arn*/, std::string /*role*/, functions::DestinationRecord /*record*/) override {
    co_return Result<void>{};
  }
};

EventWorld::EventWorld(std::uint64_t seed, Counts& counts, bool verbose)
    : Machine(seed, counts, verbose),
      counts_(counts),
      function_(std::make_unique<Function>(*this)),
      destinations_(std::make_unique<Nowhere>()) {
  draw_options();
  config_ = {.retries_max = static_cast<int>(random_.below(3)),
             .age_max = std::chrono::hours(100'000),  // other tests look at what becomes too old
             .on_success_arn = "arn:aws:s3:::there"};
}

EventWorld::~EventWorld() { end(); }

Result<void> EventWorld::open_layer() {
  PENSTOCK_TRY(queue_, functions::EventQueue::open({.logs = *logs_,
                                                    .catalog = *catalog_,
                                                    .clock = clock_,
                                                    .random = random_,
                                                    .timers = timers_,
                                                    .executor = clients_,
                                                    .directory = *function_,
                                                    .invoker = *function_,
                                                    .destinations = *destinations_,
                                                    .config = [this](auto, auto) { return config_; }}));
  return {};
}

/// Nothing may be running when the queue goes: it waits for that, and here is only one thread.
void EventWorld::wind_down() {
  if (queue_ != nullptr) queue_->stop();
  while (true) {
    while (storage_.run_one() || catalog_writer_.run_one() || lane_.run_one() || clients_.run_one()) {
    }
    if (timers_.waiting() == 0) return;
    clock_.advance(std::chrono::minutes(1));
    timers_.fire_due();
  }
}

void EventWorld::drop_layer() {
  wind_down();
  queue_.reset();
}

void EventWorld::pass(std::chrono::milliseconds by) {
  Machine::pass(by);
  timers_.fire_due();
}

void EventWorld::run(int cycles) {
  for (int i = 0; i < cycles; ++i) {
    open_after_faults();
    ++life_;
    queue_->start();
    was_full_ = false;
    work();
    const bool cleanly = random_.below(10) == 0;
    close(cleanly);
    // A note that the disk refused is lost: the event may run again.
    const bool noted = cleanly && files_.has_power() && !broken_ && !was_full_;
    for (Event& event : events_) event.is_over_for_sure |= noted && event.success_life == life_;
  }
  come_to_the_end();
}

/// A machine and a function that do not fail any more: nothing may be left over.
void EventWorld::come_to_the_end() {
  open_after_faults();
  fails_ = false;
  queue_->start();
  for (int i = 0; i < 500 && queue_->tallies().waiting > 0; ++i) {
    run_all();
    pass(std::chrono::minutes(5));
  }
  run_all();
  if (queue_->tallies().waiting > 0) throw Violation{"events wait for ever"};
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const Event& event = events_[i];
    if (event.state == Event::State::acked && !is_over(event)) throw Violation{fmt::format("event {} is lost", i)};
    if (event.succeeded) ++counts_.succeeded;
    if (!event.succeeded && is_over(event)) ++counts_.exhausted;
  }
  close(true);
}

void EventWorld::step() {
  switch (random_.below(16)) {
    case 0:
    case 1: pass(std::chrono::milliseconds(random_.below(5000))); break;
    case 2: pass(std::chrono::minutes(random_.below(random_.below(3) == 0 ? 500 : 5))); break;
    case 3: jump(); break;
    case 4: start_trim(); break;
    case 8: trim_meanwhile(); break;
    case 5: {
      const bool is_full = random_.below(3) == 0;
      files_.set_full(is_full);
      was_full_ = was_full_ || is_full;
      break;
    }
    case 6: heal(); break;
    case 7: run_all(); break;
    default: start_event(); break;
  }
  throw_noted();
  for (std::uint64_t i = random_.below(10); i > 0; --i) {
    if (!run_any()) break;
  }
}

bool EventWorld::is_over(const Event& event) const { return event.succeeded || event.errors > config_.retries_max; }

/// What can be done without the clock.
void EventWorld::settle() {
  do {
    run_all();
  } while (timers_.fire_due() > 0);
}

void EventWorld::start_event() {
  const std::size_t number = events_.size();
  events_.emplace_back();
  ++counts_.events;
  ++tasks_;
  const std::string filler(random_.below(random_.below(20) == 0 ? 7000 : 200), '.');
  spawn_here(clients_,
             queue_->enqueue({.function = "f",
                              .qualifier = "",
                              .payload = fmt::format("{} {}", number, filler),
                              .request_id = fmt::format("id-{}", number)}),
             [this, number](const Result<void>& result) {
               --tasks_;
               Event& event = events_[number];
               if (result.has_value()) {
                 ++counts_.acknowledged;
                 event.state = Event::State::acked;
                 return;
               }
               const bool is_unknown = result.error().kind == ErrorKind::outcome_unknown;
               ++(is_unknown ? counts_.unknown : counts_.refused);
               broken_ = broken_ || is_unknown;
               event.state = is_unknown ? Event::State::unknown : Event::State::never;
               say(fmt::format("event {}: {}", number, result.error().message));
             });
}

void EventWorld::start_trim() {
  if (std::exchange(trimming_, true)) return;
  ++tasks_;
  spawn_here(clients_, queue_->trim(), [this](const Result<void>& result) {
    --tasks_;
    trimming_ = false;
    if (!result.has_value() && result.error().kind == ErrorKind::outcome_unknown) broken_ = true;
  });
}

/// What is done is freed while events come in that nobody waits behind.
void EventWorld::trim_meanwhile() {
  settle();
  for (int i = 0; i < 10 && queue_->tallies().waiting > 0; ++i) {
    pass(std::chrono::minutes(1));
    settle();
  }
  for (int i = 0; i < 3; ++i) start_event();
  for (std::uint64_t i = random_.below(12); i > 0 && storage_.run_one(); --i) {
  }
  start_trim();
}

/// There is room again: an event is taken, and run without waiting, whatever the clock did.
void EventWorld::heal() {
  settle();
  files_.set_full(false);
  if (broken_ || !files_.has_power()) return;
  const std::size_t number = events_.size();
  const std::uint64_t invocations = counts_.invocations;
  const bool is_crowded = queue_->tallies().waiting >= functions::EventQueue::kRunningOfFunctionMax;
  start_event();
  settle();
  if (!files_.has_power() || broken_) return;
  if (events_[number].state != Event::State::acked) throw Violation{"a healthy disk took no event"};
  if (!is_crowded && counts_.invocations == invocations) throw Violation{"an event is not run although it is due"};
  ++counts_.healed;
}

Task<Result<InvocationResult>> EventWorld::invoke(std::string payload) {
  std::size_t number = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), number);
  ++counts_.invocations;
  say(fmt::format("event {} runs", number));
  guarded([&] {
    if (number >= events_.size()) throw Violation{"an event that nobody sent"};
    const Event& event = events_[number];
    if (event.state == Event::State::never) throw Violation{fmt::format("event {} was refused, and runs", number)};
    if (event.is_over_for_sure) throw Violation{fmt::format("event {} is over, and runs again", number)};
  });
  const Completion<bool> over;
  timers_.after(std::chrono::milliseconds(random_.below(2) * random_.below(3000)), [over] { over.set(true); });
  co_await over;
  const std::uint64_t luck = fails_ ? random_.below(10) : 0;
  if (luck == 9) co_return fail(ErrorKind::throttled, "Rate Exceeded.");
  if (luck == 8) co_return fail(ErrorKind::unavailable, "no environment");
  if (luck > 5) {
    ++events_[number].errors;
    co_return InvocationResult{.payload = "{}", .function_error = "Unhandled"};
  }
  events_[number].succeeded = true;
  events_[number].success_life = life_;
  co_return InvocationResult{.payload = "null"};
}

}  // namespace penstock::sim
