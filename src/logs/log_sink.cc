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
    for (auto& [target, events] : taken) write(target, std::move(events));
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

void LogStore::write(Target target, std::vector<LogEvent> events) {
  Result<void> done;
  std::size_t written = 0;
  if (const auto stream = ensure_stream(target); !stream) {
    done = std::unexpected(stream.error());
  } else {
    const GroupPtr group = find_group(target.first);
    while (done && written < events.size() && group != nullptr) {
      std::vector<LogEvent> frame;
      std::size_t bytes = 0;
      for (std::size_t i = written; i < events.size() && frame.size() < kFrameEventsMax; ++i) {
        if (!frame.empty() && bytes + weight(events[i]) > kFrameBytesWanted) break;
        bytes += weight(events[i]);
        frame.push_back(std::move(events[i]));
      }
      const std::size_t count = frame.size();
      done = run_sync(group->append(*stream, std::move(frame)));
      if (done) written += count;
    }
  }
  if (written == events.size()) return;
  dropped_ += events.size() - written;
  telemetry::log(
      telemetry::Level::warn, "output of a function could not be logged",
      {{"group", std::string_view(target.first)},
       {"events", static_cast<std::int64_t>(events.size() - written)},
       {"reason", done ? std::string_view("the log group went away") : std::string_view(done.error().message)}});
}

}  // namespace penstock::logs
