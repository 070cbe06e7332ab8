// LogStore as LogSink: a thread of its own writes what functions print, so that nothing that prints ever waits.
#include <algorithm>

#include "logs/log_store.h"
#include "telemetry/log.h"

namespace penstock::logs {
namespace {

constexpr std::size_t kFrameBytesWanted = 1U << 20U;
constexpr std::size_t kMessageBytesMax = 1U << 20U;
constexpr std::size_t kEventBytes = 64;  ///< of memory, beside the message

std::size_t weight(const LogEvent& event) { return event.message.size() + kEventBytes; }

/// What reads can name and protocols can carry.
void tidy(LogEvent& event) {
  event.time = std::clamp(event.time, Timestamp{}, from_unix_ms(kLastKey.time_ms - 1));
  if (event.message.size() <= kMessageBytesMax) return;
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(event.message[end]) & 0xc0U) == 0x80U) --end;
  event.message.resize(end);
}

/// The events from `begin` on that fit one frame, moved out.
std::vector<LogEvent> next_frame(std::vector<LogEvent>& events, std::size_t begin) {
  std::vector<LogEvent> frame;
  std::size_t bytes = 0;
  for (std::size_t i = begin; i < events.size() && frame.size() < kFrameEventsMax; ++i) {
    if (!frame.empty() && bytes + weight(events[i]) > kFrameBytesWanted) break;
    bytes += weight(events[i]);
    frame.push_back(std::move(events[i]));
  }
  return frame;
}

}  // namespace

LogStore::~LogStore() {
  {
    const MutexLock lock(sink_mutex_);
    stopping_ = true;
    sink_changed_.notify_all();
  }
  if (writer_.joinable()) writer_.join();
}

void LogStore::put(std::string_view group, std::string_view stream, std::vector<LogEvent> events) {
  if (events.empty()) return;
  const MutexLock lock(sink_mutex_);
  std::vector<LogEvent>& waiting = waiting_[Target(group, stream)];
  for (LogEvent& event : events) {
    tidy(event);
    if (waiting_bytes_ + weight(event) > kWaitingBytesMax) {
      ++dropped_;
      continue;
    }
    waiting_bytes_ += weight(event);
    waiting.push_back(std::move(event));
  }
  sink_changed_.notify_all();
}

void LogStore::flush() {
  const MutexLock lock(sink_mutex_);
  while (!waiting_.empty() || writing_) sink_changed_.wait(sink_mutex_);
}

void LogStore::write_forever() {
  while (true) {
    std::map<Target, std::vector<LogEvent>> taken;
    std::size_t bytes = 0;
    {
      const MutexLock lock(sink_mutex_);
      writing_ = false;
      sink_changed_.notify_all();
      while (waiting_.empty() && !stopping_) sink_changed_.wait(sink_mutex_);
      if (waiting_.empty()) return;
      taken.swap(waiting_);
      bytes = waiting_bytes_;
      writing_ = true;
    }
    write_all(std::move(taken));
    const MutexLock lock(sink_mutex_);
    waiting_bytes_ -= bytes;
  }
}

Result<StreamId> LogStore::ensure_stream(const Target& target) {
  const auto& [group_name, stream_name] = target;
  GroupPtr group = find_group(group_name);
  if (group == nullptr) {
    const auto made = run_sync(create_group(group_name, "STANDARD", {}));
    if (!made && made.error().kind != ErrorKind::conflict) return std::unexpected(made.error());
    PENSTOCK_TRY(group, group_or_error(group_name));
  }
  auto stream = group->find_stream(stream_name);
  if (!stream) {
    const auto made = run_sync(create_stream(group_name, stream_name));
    if (!made && made.error().kind != ErrorKind::conflict) return std::unexpected(made.error());
    stream = group->find_stream(stream_name);
  }
  if (!stream) return fail(ErrorKind::missing, "the log stream went away");
  return stream->id;
}

/// The frames of all targets are appended at once, so that one sync makes many of them durable; those of one target one
/// after the other.
void LogStore::write_all(std::map<Target, std::vector<LogEvent>> taken) {
  std::vector<Output> outputs;
  for (auto& [target, events] : taken) {
    Output output{.target = target, .events = std::move(events)};
    if (const auto stream = ensure_stream(target); stream) {
      output.stream = *stream;
      output.group = find_group(target.first);
    } else {
      output.failure = stream.error();
    }
    outputs.push_back(std::move(output));
  }
  while (true) {
    std::vector<Task<Result<void>>> appends;
    std::vector<Output*> appending;
    for (Output& output : outputs) {
      if (output.failure || output.group == nullptr || output.written == output.events.size()) continue;
      std::vector<LogEvent> frame = next_frame(output.events, output.written);
      output.count = frame.size();
      appends.push_back(output.group->append(output.stream, std::move(frame)));
      appending.push_back(&output);
    }
    if (appends.empty()) break;
    const auto results = run_sync(when_all(std::move(appends)));
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) {
        appending[i]->written += appending[i]->count;
      } else {
        appending[i]->failure = results[i].error();
      }
    }
  }
  for (const Output& output : outputs) note_lost(output);
}

void LogStore::note_lost(const Output& output) {
  const std::size_t lost = output.events.size() - output.written;
  if (lost == 0) return;
  dropped_ += lost;
  telemetry::log(telemetry::Level::warn, "output of a function could not be logged",
                 {{"group", std::string_view(output.target.first)},
                  {"events", static_cast<std::int64_t>(lost)},
                  {"reason", output.failure ? std::string_view(output.failure->message)
                                            : std::string_view("the log group went away")}});
}

}  // namespace penstock::logs
