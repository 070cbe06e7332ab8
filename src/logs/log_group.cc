#include "logs/log_group.h"

#include <algorithm>
#include <utility>

#include "telemetry/log.h"

namespace penstock::logs {
namespace {

constexpr framelog::ShardIndex kEvents{0};
constexpr framelog::ShardIndex kIndex{1};
constexpr framelog::ReadLimits kReadLimits{.frames_max = 256, .bytes_max = 1U << 20U};

std::optional<EventIndex::Frame> summarise(const framelog::StoredFrame& stored) {
  const auto frame = decode_events(*stored.bytes);
  if (!frame || frame->events.empty()) return std::nullopt;
  const auto [first, last] = std::ranges::minmax(frame->events, {}, &EventView::time);
  return EventIndex::Frame{.position = stored.position.get(),
                           .taken = stored.time,
                           .stream = frame->stream,
                           .first = first.time,
                           .last = last.time,
                           .bytes = stored.bytes->size()};
}

}  // namespace

LogGroup::LogGroup(GroupRecord record, catalog::Version version, std::shared_ptr<framelog::FrameLog> log,
                   const Clock& clock, std::uint64_t block_bytes)
    : clock_(clock), log_(std::move(log)), record_(std::move(record)), version_(version), index_(block_bytes) {}

Result<std::shared_ptr<LogGroup>> LogGroup::open(GroupRecord record, catalog::Version version,
                                                 std::vector<StreamRecord> streams,
                                                 std::shared_ptr<framelog::FrameLog> log, const Clock& clock,
                                                 std::uint64_t block_bytes) {
  std::shared_ptr<LogGroup> group(new LogGroup(std::move(record), version, std::move(log), clock, block_bytes));
  {
    const MutexLock lock(group->mutex_);
    for (const StreamRecord& stream : streams) group->add_stream_locked(stream);
  }
  PENSTOCK_TRY_VOID(group->recover());
  return group;
}

std::shared_ptr<LogGroup> LogGroup::closed(GroupRecord record, catalog::Version version,
                                           const std::vector<StreamRecord>& streams, const Clock& clock, Error why) {
  std::shared_ptr<LogGroup> group(new LogGroup(std::move(record), version, nullptr, clock, kBlockBytes));
  group->closed_ = std::move(why);
  const MutexLock lock(group->mutex_);
  for (const StreamRecord& stream : streams) group->add_stream_locked(stream);
  return group;
}

Result<void> LogGroup::restore_blocks() {
  std::vector<Block> blocks;
  framelog::Position from = framelog::kBeforeAll;
  while (true) {
    PENSTOCK_TRY(const framelog::FramePage page, run_sync(log_->read(kIndex, from, kReadLimits)));
    for (const framelog::StoredFrame& frame : page.frames) {
      auto block = decode_block(*frame.bytes);
      if (!block) return fail(ErrorKind::corrupt, "an index frame of a log group cannot be read");
      blocks.push_back(*std::move(block));
    }
    if (page.frames.empty() || page.at_tip) break;
    from = framelog::Position{page.frames.back().position.get() + 1};
  }
  if (blocks.empty()) return {};
  std::ranges::sort(blocks, {}, &Block::first_position);
  // Index frames that never were written leave events in front of what is known: then the index is made anew.
  PENSTOCK_TRY(const framelog::FramePage oldest,
               run_sync(log_->read(kEvents, framelog::kBeforeAll, {.frames_max = 1, .bytes_max = 1})));
  if (!oldest.frames.empty() && oldest.frames.front().position.get() <= blocks.front().after) return {};
  const MutexLock lock(mutex_);
  for (Block& block : blocks) {
    // The ids of streams that were deleted are not in the catalog any more, but their events are still in the log.
    if (!block.streams.empty()) next_stream_ = std::max(next_stream_, block.streams.back().stream + 1);
    if (!index_.restore(std::move(block))) break;
  }
  return {};
}

Result<void> LogGroup::scan_from(framelog::Position from) {
  while (true) {
    PENSTOCK_TRY(const framelog::FramePage page, run_sync(log_->read(kEvents, from, kReadLimits)));
    for (const framelog::StoredFrame& stored : page.frames) {
      const auto frame = summarise(stored);
      if (!frame) return fail(ErrorKind::corrupt, "an event frame of a log group cannot be read");
      std::optional<Block> complete;
      {
        const MutexLock lock(mutex_);
        next_stream_ = std::max(next_stream_, frame->stream + 1);
        index_.note(*frame);
        complete = index_.complete();
      }
      if (complete) PENSTOCK_TRY_VOID(run_sync(store_block(*std::move(complete))));
    }
    if (page.frames.empty() || page.at_tip) return {};
    from = framelog::Position{page.frames.back().position.get() + 1};
  }
}

Result<void> LogGroup::recover() {
  PENSTOCK_TRY_VOID(restore_blocks());
  std::uint64_t last = 0;
  {
    const MutexLock lock(mutex_);
    last = index_.last_position();
  }
  return scan_from(framelog::Position{last + 1});
}

GroupRecord LogGroup::record() const {
  const MutexLock lock(mutex_);
  return record_;
}

void LogGroup::set_record(GroupRecord record, catalog::Version version) {
  const MutexLock lock(mutex_);
  if (version < version_) return;
  record_ = std::move(record);
  version_ = version;
}

std::uint64_t LogGroup::stored_bytes() const {
  const MutexLock lock(mutex_);
  return index_.bytes();
}

std::optional<StreamInfo> LogGroup::find_stream(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto at = streams_.find(name);
  if (at == streams_.end()) return std::nullopt;
  const auto id = static_cast<StreamId>(at->second.id);
  return StreamInfo{.name = at->first, .id = id, .created_ms = at->second.created_ms, .times = index_.times_of(id)};
}

std::vector<StreamInfo> LogGroup::list_streams(std::string_view prefix) const {
  const MutexLock lock(mutex_);
  std::vector<StreamInfo> found;
  for (auto at = streams_.lower_bound(prefix); at != streams_.end() && at->first.starts_with(prefix); ++at) {
    const auto id = static_cast<StreamId>(at->second.id);
    found.push_back({.name = at->first, .id = id, .created_ms = at->second.created_ms, .times = index_.times_of(id)});
  }
  return found;
}

std::size_t LogGroup::stream_count() const {
  const MutexLock lock(mutex_);
  return streams_.size();
}

StreamId LogGroup::new_stream_id() {
  const MutexLock lock(mutex_);
  return next_stream_++;
}

void LogGroup::add_stream_locked(const StreamRecord& stream) {
  const auto id = static_cast<StreamId>(stream.id);
  next_stream_ = std::max(next_stream_, id + 1);
  names_[id] = stream.name;
  streams_.insert_or_assign(stream.name, stream);
}

void LogGroup::add_stream(const StreamRecord& stream) {
  const MutexLock lock(mutex_);
  add_stream_locked(stream);
}

void LogGroup::drop_stream(std::string_view name) {
  const MutexLock lock(mutex_);
  const auto at = streams_.find(name);
  if (at == streams_.end()) return;
  names_.erase(static_cast<StreamId>(at->second.id));
  streams_.erase(at);
}

Timestamp LogGroup::oldest_kept(Timestamp now) const {
  const MutexLock lock(mutex_);
  if (!record_.retention_days) return Timestamp{};
  return now - std::chrono::days(*record_.retention_days);
}

Result<std::vector<StreamId>> LogGroup::ids_of(const std::vector<std::string>& names) const {
  const MutexLock lock(mutex_);
  std::vector<StreamId> ids;
  for (const std::string& name : names) {
    const auto at = streams_.find(name);
    if (at == streams_.end()) return fail(ErrorKind::missing, "The specified log stream does not exist.");
    ids.push_back(static_cast<StreamId>(at->second.id));
  }
  return ids;
}

Task<Result<void>> LogGroup::store_block(Block block) {
  const auto stored = co_await log_->append(kIndex, encode_block(block));
  if (!stored) {
    // The events are there all the same; the next start reads them instead.
    telemetry::log(telemetry::Level::warn, "an index of log events could not be written",
                   {{"reason", std::string_view(stored.error().message)}});
  }
  co_return Result<void>{};
}

Task<Result<void>> LogGroup::append(StreamId stream, std::vector<LogEvent> events) {
  PENSTOCK_ASSERT(!events.empty() && events.size() <= kFrameEventsMax);
  if (closed_) co_return std::unexpected(*closed_);
  const auto [first, last] = std::ranges::minmax(events, {}, &LogEvent::time);
  EventIndex::Frame frame{
      .position = 0, .taken = {}, .stream = stream, .first = first.time, .last = last.time, .bytes = 0};
  std::string bytes = encode_events(stream, events);
  frame.bytes = bytes.size();
  events.clear();
  {
    const MutexLock lock(mutex_);
    ++appending_;
  }
  const auto appended = co_await log_->append(kEvents, std::move(bytes));
  std::optional<Block> complete;
  {
    const MutexLock lock(mutex_);
    --appending_;
    if (appended) {
      frame.position = appended->position.get();
      frame.taken = appended->time;
      index_.note(frame);
    }
    // While appends are under way, one of them may have an earlier place than what is noted.
    if (appending_ == 0) complete = index_.complete();
  }
  if (!appended) co_return std::unexpected(appended.error());
  if (complete) PENSTOCK_CO_TRY_VOID(co_await store_block(*std::move(complete)));
  co_return Result<void>{};
}

Task<Result<void>> LogGroup::trim(Timestamp now) {
  const Timestamp oldest = oldest_kept(now);
  if (oldest == Timestamp{} || closed_) co_return Result<void>{};
  // An event may be later than the time at which it came in.
  const Timestamp taken_before = oldest - kFutureMax;
  {
    const MutexLock lock(mutex_);
    index_.trim_before(taken_before);
  }
  co_return co_await log_->trim_before(taken_before);
}

}  // namespace penstock::logs
