// EventQueue: what is due is run, and what comes of it decides what is next.
#include <fmt/format.h>

#include <algorithm>

#include "functions/event_queue.h"
#include "telemetry/log.h"

namespace penstock::functions {
namespace {

constexpr framelog::ShardIndex kEvents{0};
constexpr framelog::ShardIndex kNotes{1};
constexpr std::chrono::milliseconds kBackoffFirst{1000};
constexpr std::chrono::milliseconds kBackoffMax{300'000};
constexpr int kDestinationTriesMax = 3;

/// "functionArn" has a qualifier, $LATEST too.
std::string qualified(const Resolved& resolved) {
  const bool has_one = std::ranges::count(resolved.invoked_arn, ':') > 6;
  return has_one ? resolved.invoked_arn : fmt::format("{}:{}", resolved.invoked_arn, kLatest);
}

}  // namespace

std::chrono::milliseconds EventQueue::with_jitter(std::chrono::milliseconds delay) const {
  const auto tenth = static_cast<std::uint64_t>(delay.count() / 10);
  return delay + std::chrono::milliseconds(parts_.random.below(tenth + 1));
}

bool EventQueue::is_stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

std::optional<std::uint64_t> EventQueue::take_due() {
  const SteadyTime now = parts_.clock.steady();
  const MutexLock lock(mutex_);
  if (stopping_ || running_ >= kRunningMax) return std::nullopt;
  for (auto at = due_.begin(); at != due_.end() && at->first <= now; ++at) {
    const std::uint64_t position = at->second;
    Waiting& waiting = waiting_.at(position);
    std::size_t& running = running_of_[waiting.function];
    if (waiting.running || running >= kRunningOfFunctionMax) continue;
    waiting.running = true;
    ++running;
    ++running_;
    due_.erase(at);
    return position;
  }
  return std::nullopt;
}

/// On the executor.
void EventQueue::pump() {
  while (const auto position = take_due()) {
    spawn_here(parts_.executor, run(*position), [this, at = *position](bool is_over) { ended(at, is_over); });
  }
  arm();
}

/// The timer is set to the first event that is due later; what waits for others to end is found when they do.
void EventQueue::arm() {
  const SteadyTime now = parts_.clock.steady();
  const MutexLock lock(mutex_);
  if (timer_) parts_.timers.cancel(*std::exchange(timer_, std::nullopt));
  if (stopping_) return;
  const auto next = due_.upper_bound({now, UINT64_MAX});
  if (next == due_.end()) return;
  timer_ = parts_.timers.after(std::chrono::ceil<std::chrono::milliseconds>(next->first - now), [gate = gate_] {
    const MutexLock lock_gate(gate->mutex);
    if (gate->queue != nullptr) gate->queue->wake();
  });
}

void EventQueue::ended(std::uint64_t position, bool is_over) {
  {
    const MutexLock lock(mutex_);
    const auto at = waiting_.find(position);
    const auto running = running_of_.find(at->second.function);
    if (--running->second == 0) running_of_.erase(running);
    at->second.running = false;
    if (is_over) forget(position);
  }
  pump();
  const MutexLock lock(mutex_);
  if (--running_ == 0) idle_.notify_all();
}

Task<Result<QueuedEvent>> EventQueue::load(std::uint64_t position) const {
  PENSTOCK_CO_TRY(const framelog::FramePage page,
                  co_await log_->read(kEvents, framelog::Position{position}, {.frames_max = 1, .bytes_max = 1}));
  if (page.frames.empty() || page.frames.front().position.get() != position) {
    co_return fail(ErrorKind::corrupt, "an asynchronous invocation is not where it was written");
  }
  auto event = decode_event(*page.frames.front().bytes);
  if (!event) co_return fail(ErrorKind::corrupt, "an asynchronous invocation cannot be read");
  co_return *std::move(event);
}

/// Whether the event is over.
Task<bool> EventQueue::run(std::uint64_t position) {
  Waiting waiting;
  {
    const MutexLock lock(mutex_);
    waiting = waiting_.at(position);
  }
  auto event = co_await load(position);
  Next next;
  if (!event) {
    next = event.error().kind == ErrorKind::corrupt ? give_up(waiting.function, event.error().message)
                                                    : retry_later(position);
  } else {
    const EventInvokeConfig config = parts_.config(event->function, event->qualifier);
    next = co_await attempt(position, waiting, *event, config);
    if (next.report) co_await tell(*std::move(next.report), *event, config);
  }
  if (next.is_over) next.note = QueueNote{.position = static_cast<std::int64_t>(position), .done = true};
  if (next.note) co_await write_note(*next.note);
  co_return next.is_over;
}

Task<EventQueue::Next> EventQueue::attempt(std::uint64_t position, Waiting waiting, QueuedEvent event,
                                           EventInvokeConfig config) {
  const auto resolved = parts_.directory.resolve(event.function, event.qualifier);
  if (!resolved && resolved.error().kind == ErrorKind::missing) {
    co_return give_up(event.function, resolved.error().message);
  }
  if (!resolved) co_return retry_later(position);
  InvocationReport report{.end = InvocationEnd::success,
                          .time = parts_.clock.now(),
                          .request_id = event.request_id,
                          .function_arn = qualified(*resolved),
                          .invoke_count = waiting.attempts,
                          .request_payload = event.payload,
                          .result = std::nullopt};
  if (report.time - waiting.enqueued > config.age_max) {
    report.end = InvocationEnd::event_age_exceeded;
    co_return Next{.report = std::move(report), .is_over = true, .note = std::nullopt};
  }
  if (resolved->reserved_concurrency == 0) {
    report.end = InvocationEnd::no_concurrency;
    co_return Next{.report = std::move(report), .is_over = true, .note = std::nullopt};
  }
  auto result = co_await parts_.invoker.invoke({.function = std::move(event.function),
                                                .qualifier = std::move(event.qualifier),
                                                .payload = std::move(event.payload),
                                                .request_id = std::move(event.request_id),
                                                .client_context = std::move(event.client_context),
                                                .trace_header = std::move(event.trace_header)});
  if (!result) {
    const bool is_hopeless = result.error().kind == ErrorKind::missing || result.error().kind == ErrorKind::invalid;
    co_return is_hopeless ? give_up(waiting.function, result.error().message) : retry_later(position);
  }
  report.time = parts_.clock.now();
  ++report.invoke_count;
  const bool has_failed = !result->function_error.empty();
  report.result = *std::move(result);
  if (!has_failed) co_return Next{.report = std::move(report), .is_over = true, .note = std::nullopt};
  co_return fail_attempt(position, config, std::move(report));
}

/// The function answered with an error.
EventQueue::Next EventQueue::fail_attempt(std::uint64_t position, const EventInvokeConfig& config,
                                          InvocationReport report) {
  const MutexLock lock(mutex_);
  Waiting& waiting = waiting_.at(position);
  ++waiting.attempts;
  waiting.failures = 0;
  if (waiting.attempts > config.retries_max) {
    report.end = InvocationEnd::retries_exhausted;
    return {.report = std::move(report), .is_over = true, .note = std::nullopt};
  }
  const auto delay = waiting.attempts == 1 ? parts_.first_retry : parts_.second_retry;
  const std::chrono::milliseconds wait = with_jitter(delay);
  const Timestamp due = report.time + wait;
  if (due - waiting.enqueued > config.age_max) {
    report.end = InvocationEnd::event_age_exceeded;
    return {.report = std::move(report), .is_over = true, .note = std::nullopt};
  }
  set_due(position, waiting, parts_.clock.steady() + wait);
  return {.report = std::nullopt,
          .is_over = false,
          .note = QueueNote{.position = static_cast<std::int64_t>(position),
                            .done = false,
                            .attempts = waiting.attempts,
                            .due_ms = to_unix_ms(due)}};
}

/// It was not the function's fault: throttled, no environment, the server stops.
EventQueue::Next EventQueue::retry_later(std::uint64_t position) {
  const MutexLock lock(mutex_);
  Waiting& waiting = waiting_.at(position);
  const int doublings = std::min(waiting.failures++, 16);
  const auto delay = std::min(kBackoffFirst * (1 << doublings), kBackoffMax);
  set_due(position, waiting, parts_.clock.steady() + with_jitter(delay));
  return {};
}

EventQueue::Next EventQueue::give_up(std::string_view function, std::string_view why) {
  ++dropped_;
  telemetry::log(telemetry::Level::warn, "an asynchronous invocation was given up",
                 {{"function", function}, {"reason", why}});
  return {.report = std::nullopt, .is_over = true, .note = std::nullopt};
}

Task<void> EventQueue::sleep(std::chrono::milliseconds time) const {
  const Completion<bool> over;
  parts_.timers.after(time, [over] { over.set(true); });
  co_await over;
}

Task<void> EventQueue::write_note(QueueNote note) {
  const auto written = co_await log_->append(kNotes, encode(note));
  if (written) co_return;
  // The event may be run once more after a restart.
  telemetry::log(telemetry::Level::warn, "a note on an asynchronous invocation could not be written",
                 {{"reason", std::string_view(written.error().message)}});
}

Task<void> EventQueue::tell(InvocationReport report, QueuedEvent event, EventInvokeConfig config) {
  const bool is_success = report.end == InvocationEnd::success;
  if (!is_success) ++dropped_;
  const std::string& arn = is_success ? config.on_success_arn : config.on_failure_arn;
  if (arn.empty()) co_return;
  const auto resolved = parts_.directory.resolve(event.function, event.qualifier);
  if (!resolved) co_return;
  const std::string role = resolved->version->role_arn;
  const DestinationRecord record{.document = render(report),
                                 .object_key = object_key(event.function, report.time, parts_.random.uuid())};
  Result<void> sent;
  for (int tries = 1;; ++tries) {
    sent = co_await parts_.destinations.send(arn, role, record);
    if (sent || tries == kDestinationTriesMax || is_stopping()) break;
    if (sent.error().kind == ErrorKind::invalid || sent.error().kind == ErrorKind::denied) break;
    co_await sleep(with_jitter(kBackoffFirst * tries));
  }
  if (sent) co_return;
  ++destination_failures_;
  telemetry::log(telemetry::Level::warn, "a record could not be sent to a destination",
                 {{"function", std::string_view(event.function)},
                  {"destination", std::string_view(arn)},
                  {"reason", std::string_view(sent.error().message)}});
}

}  // namespace penstock::functions
