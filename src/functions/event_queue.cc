#include "functions/event_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "telemetry/log.h"

namespace penstock::functions {
namespace {

constexpr framelog::ShardIndex kEvents{0};
constexpr framelog::ShardIndex kNotes{1};
constexpr std::string_view kCursorKey = "functions-async/cursor";

}  // namespace

Result<std::unique_ptr<EventQueue>> EventQueue::open(Parts parts) {
  std::unique_ptr<EventQueue> queue(new EventQueue(std::move(parts)));
  {
    const MutexLock lock(queue->gate_->mutex);
    queue->gate_->queue = queue.get();
  }
  auto opened = queue->open_log();
  if (opened) opened = queue->recover();
  if (!opened && opened.error().kind != ErrorKind::corrupt) return std::unexpected(opened.error());
  if (!opened) {
    // Whoever needs no asynchronous invocations is served all the same.
    telemetry::log(telemetry::Level::error, "asynchronous invocations are neither taken nor run: their log is corrupt",
                   {{"reason", std::string_view(opened.error().message)}});
    queue->closed_ = opened.error();
  }
  return queue;
}

Result<void> EventQueue::open_log() {
  const std::string id(kLogId);
  auto log = parts_.logs.open(id);
  if (!log && log.error().kind == ErrorKind::missing) {
    // It was restored from a backup of the first format, perhaps: a new log's positions have nothing to do with an old
    // cursor.
    PENSTOCK_TRY_VOID(run_sync(parts_.catalog.remove(std::string(kCursorKey))));
    log = parts_.logs.create(id);
  }
  if (!log) return std::unexpected(log.error());
  log_ = *std::move(log);
  return {};
}

EventQueue::~EventQueue() {
  stop();
  {
    const MutexLock lock(gate_->mutex);
    gate_->queue = nullptr;
  }
  const MutexLock lock(mutex_);
  while (running_ > 0) idle_.wait(mutex_);
}

Result<void> EventQueue::read_shard(framelog::ShardIndex shard, framelog::Position from,
                                    const std::function<Result<void>(const framelog::StoredFrame&)>& take) {
  while (true) {
    PENSTOCK_TRY(const framelog::FramePage page,
                 run_sync(log_->read(shard, from, {.frames_max = 256, .bytes_max = 4U << 20U})));
    for (const framelog::StoredFrame& frame : page.frames) PENSTOCK_TRY_VOID(take(frame));
    if (page.frames.empty() || page.at_tip) return {};
    from = framelog::Position{page.frames.back().position.get() + 1};
  }
}

Result<void> EventQueue::recover() {
  if (const auto stored = parts_.catalog.get(kCursorKey)) {
    const std::string& text = *stored->bytes;
    const MutexLock lock(mutex_);
    if (std::from_chars(text.data(), text.data() + text.size(), cursor_).ec != std::errc{}) {
      return fail(ErrorKind::corrupt, "the cursor of asynchronous invocations cannot be read");
    }
  }
  framelog::Position from;
  {
    const MutexLock lock(mutex_);
    from = framelog::Position{cursor_};
  }
  PENSTOCK_TRY_VOID(read_shard(kEvents, from, [this](const framelog::StoredFrame& frame) -> Result<void> {
    const auto event = decode_event(*frame.bytes);
    if (!event) return fail(ErrorKind::corrupt, "an asynchronous invocation cannot be read");
    const MutexLock lock(mutex_);
    add(frame.position.get(), event->function, frame.time);
    return {};
  }));
  return read_shard(kNotes, from, [this](const framelog::StoredFrame& frame) -> Result<void> {
    const auto note = decode_note(*frame.bytes);
    if (!note) return fail(ErrorKind::corrupt, "a note on an asynchronous invocation cannot be read");
    const MutexLock lock(mutex_);
    const auto at = waiting_.find(static_cast<std::uint64_t>(note->position));
    if (at == waiting_.end()) return {};
    at->second.attempts = note->attempts;
    // Whatever the clock did meanwhile, it is no longer than a retry waits.
    const std::chrono::milliseconds longest = std::max(parts_.first_retry, parts_.second_retry) * 11 / 10;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(from_unix_ms(note->due_ms) - parts_.clock.now());
    set_due(at->first, at->second, parts_.clock.steady() + std::clamp(left, std::chrono::milliseconds(0), longest));
    if (note->done) forget(at->first);
    return {};
  });
}

void EventQueue::add(std::uint64_t position, const std::string& function, Timestamp enqueued) {
  const SteadyTime now = parts_.clock.steady();
  waiting_.emplace(position, Waiting{.function = function, .enqueued = enqueued, .due = now});
  positions_.insert(position);
  due_.emplace(now, position);
  ++waiting_of_[function];
  newest_ = std::max(newest_, enqueued);
}

void EventQueue::forget(std::uint64_t position) {
  const auto at = waiting_.find(position);
  if (at == waiting_.end()) return;
  due_.erase({at->second.due, position});
  positions_.erase(position);
  const auto count = waiting_of_.find(at->second.function);
  if (--count->second == 0) waiting_of_.erase(count);
  waiting_.erase(at);
}

void EventQueue::set_due(std::uint64_t position, Waiting& waiting, SteadyTime due) {
  due_.erase({waiting.due, position});
  waiting.due = due;
  due_.emplace(due, position);
}

void EventQueue::start() {
  if (closed_) return;
  {
    const MutexLock lock(mutex_);
    started_ = true;
  }
  wake();
}

void EventQueue::wake() {
  {
    const MutexLock lock(mutex_);
    if (!started_ || stopping_) return;
    ++running_;  // the call of pump
  }
  parts_.executor.post([this] {
    pump();
    const MutexLock lock(mutex_);
    if (--running_ == 0) idle_.notify_all();
  });
}

void EventQueue::stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  if (timer_) parts_.timers.cancel(*std::exchange(timer_, std::nullopt));
}

EventTallies EventQueue::tallies() const {
  const MutexLock lock(mutex_);
  return {.received = received_,
          .dropped = dropped_,
          .destination_failures = destination_failures_,
          .waiting = waiting_.size()};
}

Task<Result<void>> EventQueue::enqueue(Invocation invocation) {
  if (closed_) co_return std::unexpected(*closed_);
  if (invocation.payload.size() > kAsyncPayloadBytesMax) {
    co_return fail(ErrorKind::invalid, fmt::format("{} byte payload is too large for the Event invocation type "
                                                   "(limit {} bytes)",
                                                   invocation.payload.size(), kAsyncPayloadBytesMax));
  }
  const std::string function = invocation.function;
  {
    const MutexLock lock(mutex_);
    const auto count = waiting_of_.find(function);
    if (waiting_.size() >= kAllWaitingMax || (count != waiting_of_.end() && count->second >= kWaitingMax)) {
      co_return fail(ErrorKind::throttled, "Rate Exceeded.");
    }
  }
  std::multiset<std::pair<std::uint64_t, Timestamp>>::iterator floor;
  {
    const std::uint64_t tip = log_->tip(kEvents).get();
    const MutexLock lock(mutex_);
    floor = floors_.emplace(tip, newest_);
  }
  const QueuedEvent event{.function = std::move(invocation.function),
                          .qualifier = std::move(invocation.qualifier),
                          .payload = std::move(invocation.payload),
                          .request_id = std::move(invocation.request_id),
                          .client_context = std::move(invocation.client_context),
                          .trace_header = std::move(invocation.trace_header)};
  const auto appended = co_await log_->append(kEvents, encode(event));
  {
    const MutexLock lock(mutex_);
    floors_.erase(floor);
    if (!appended) co_return std::unexpected(appended.error());
    ++received_;
    add(appended->position.get(), function, appended->time);
  }
  wake();
  co_return Result<void>{};
}

Task<Result<void>> EventQueue::trim() {
  if (closed_) co_return Result<void>{};
  Timestamp oldest = parts_.clock.now() - std::chrono::hours(1);
  std::uint64_t cursor = 0;
  {
    const MutexLock lock(mutex_);
    if (!positions_.empty()) oldest = std::min(oldest, waiting_.at(*positions_.begin()).enqueued);
    cursor = positions_.empty() ? log_->tip(kEvents).get() : *positions_.begin();
    // Events that are durable already and not noted yet lie behind where the log stood when they were begun; its times
    // never go back, whatever the clock does.
    if (!floors_.empty()) cursor = std::min(cursor, floors_.begin()->first);
    for (const auto& [position, time] : floors_) oldest = std::min(oldest, time);
    if (cursor <= cursor_) co_return Result<void>{};
  }
  PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.put(std::string(kCursorKey), std::to_string(cursor)));
  {
    const MutexLock lock(mutex_);
    cursor_ = std::max(cursor_, cursor);
  }
  co_return co_await log_->trim_before(oldest);
}

}  // namespace penstock::functions
