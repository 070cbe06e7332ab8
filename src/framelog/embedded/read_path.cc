// How frames are read back: from the tip cache on the caller's thread, or from the disk on a reader thread.

#include <algorithm>
#include <utility>

#include "framelog/embedded/embedded_log.h"
#include "framelog/embedded/segment_reader.h"
#include "framelog/log_metrics.h"

namespace penstock::framelog {
namespace {

// A reader begins with small pieces, as it may want one frame, and goes on with larger ones.
constexpr std::size_t kReadWindowBytes = 128U << 10U;
constexpr std::size_t kReadWindowBytesMax = 1U << 20U;
// What is read of a segment that is not sorted: as many stretches of the index as follow each other nearly without a
// gap.
constexpr std::uint64_t kGapBytesMax = 8U << 10U;
constexpr std::uint64_t kStretchBytesMax = 16U << 20U;

Error gone() { return {ErrorKind::unavailable, "the log was deleted"}; }
Error closed() { return {ErrorKind::unavailable, "the store is closed"}; }

Error corrupt_segment(const Segment& segment, const BadBytes& bad) {
  return {ErrorKind::corrupt, "segment " + segment.path + " is corrupt at offset " + std::to_string(bad.offset) + ": " +
                                  std::string(bad.what)};
}

/// Where in a segment to read; nothing when no frame of the shard from `from` on lies there.
std::optional<ReadPlan> plan_in(const std::shared_ptr<Segment>& segment, const SegmentIndex& index, ShardIndex shard,
                                Position from) {
  const ShardRange* range = index.find(shard);
  if (range == nullptr || range->last < from) return std::nullopt;
  auto at = std::ranges::upper_bound(range->entries, from, {}, &IndexEntry::position);
  if (at != range->entries.begin()) --at;
  if (segment->sorted) {
    const auto behind = index.shards().upper_bound(shard);
    const bool is_last = behind == index.shards().end();
    return ReadPlan{.segment = segment,
                    .file = nullptr,
                    .offset = at->offset,
                    .stop_offset = is_last ? segment->data_end : behind->second.entries.front().offset,
                    .data_end = segment->data_end,
                    .next = range->last,
                    .is_run = true};
  }
  const std::uint64_t offset = at->offset;
  std::uint64_t stop = (offset / kIndexChunkBytes + 1) * kIndexChunkBytes;
  auto behind = std::next(at);
  while (behind != range->entries.end() && behind->offset - stop <= kGapBytesMax &&
         behind->offset - offset < kStretchBytesMax) {
    stop = (behind->offset / kIndexChunkBytes + 1) * kIndexChunkBytes;
    ++behind;
  }
  return ReadPlan{.segment = segment,
                  .file = nullptr,
                  .offset = offset,
                  .stop_offset = stop,
                  .data_end = segment->data_end,
                  .next = behind == range->entries.end() ? range->last : Position(behind->position.get() - 1)};
}

class WatchSubscription final : public Subscription {
 public:
  explicit WatchSubscription(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~WatchSubscription() override {
    // The caller of the watcher holds this mutex during the call.
    const MutexLock lock(watcher_->mutex);
    watcher_->call = nullptr;
  }

 private:
  std::shared_ptr<Watcher> watcher_;
};

}  // namespace

EmbeddedLog::EmbeddedLog(std::shared_ptr<Engine> engine, std::string directory, RecoveredLog recovered)
    : engine_(std::move(engine)),
      directory_(std::move(directory)),
      salt_(recovered.salt),
      next_sequence_(recovered.next_sequence),
      next_position_(recovered.next_position),
      proven_segment_(recovered.proven_segment),
      proven_end_(recovered.proven_end),
      next_segment_(recovered.next_segment),
      next_capacity_(engine_->options.segment_bytes_first) {
  const MutexLock lock(mutex_);
  for (const auto& [index, tip] : recovered.tips) {
    Shard& shard = shard_state(index);
    shard.last = tip.position;
    shard.last_time = tip.time;
    time_last_ = std::max(time_last_, tip.time);
  }
  segments_.assign(recovered.segments.begin(), recovered.segments.end());
}

void EmbeddedLog::start() {
  std::vector<std::shared_ptr<Segment>> unsealed;
  {
    const MutexLock lock(mutex_);
    for (const auto& segment : segments_) {
      if (segment->file != nullptr) unsealed.push_back(segment);
      if (segment->file == nullptr) note_sealed(segment);
    }
  }
  for (auto& segment : unsealed) seal_in_background(std::move(segment));
  sort_later();
}

EmbeddedLog::Shard& EmbeddedLog::shard_state(ShardIndex shard) {
  auto [at, is_new] = shards_.try_emplace(shard);
  if (is_new) at->second.cached = std::make_shared<CachedShard>();
  return at->second;
}

void EmbeddedLog::refuse_all() {
  {
    const MutexLock lock(mutex_);
    removed_ = true;
  }
  refuse_appends(gone());
}

Position EmbeddedLog::tip(ShardIndex shard) {
  const MutexLock lock(mutex_);
  const auto state = shards_.find(shard);
  return state == shards_.end() ? kBeforeAll : state->second.last;
}

std::unique_ptr<Subscription> EmbeddedLog::watch(ShardIndex shard, std::function<void(Position last)> on_append) {
  auto watcher = std::make_shared<Watcher>();
  {
    const MutexLock lock(watcher->mutex);
    watcher->call = std::move(on_append);
  }
  const MutexLock lock(mutex_);
  auto& watchers = shard_state(shard).watchers;
  // A watcher that only this list still knows has ended.
  std::erase_if(watchers, [](const auto& old) { return old.use_count() == 1; });
  watchers.push_back(watcher);
  return std::make_unique<WatchSubscription>(std::move(watcher));
}

Task<Result<FramePage>> EmbeddedLog::read(ShardIndex shard, Position from, ReadLimits limits) {
  const auto self = shared_from_this();
  if (auto page = read_cached(shard, from, limits)) co_return *std::move(page);
  const Completion<Result<FramePage>> done;
  if (!engine_->readers.post([self, shard, from, limits, done] { done.set(self->read_disk(shard, from, limits)); })) {
    co_return std::unexpected(closed());
  }
  co_return co_await done;
}

Task<Result<Position>> EmbeddedLog::position_at(ShardIndex shard, Timestamp time) {
  const auto self = shared_from_this();
  const Completion<Result<Position>> done;
  if (!engine_->readers.post([self, shard, time, done] { done.set(self->search_time(shard, time)); })) {
    co_return std::unexpected(closed());
  }
  co_return co_await done;
}

Task<Result<void>> EmbeddedLog::trim_before(Timestamp time) {
  const auto self = shared_from_this();
  const Completion<Result<void>> done;
  if (!engine_->housekeeping.post([self, time, done] {
        self->change_names([self, time, done] {
          const auto trimmed = self->trim(time);
          if (trimmed.has_value()) self->rest_if_idle(time);
          done.set(trimmed);
        });
        self->sort_later();  // there may be room on the disk again
      })) {
    co_return std::unexpected(closed());
  }
  co_return co_await done;
}

/// The page, if no disk is needed for it.
std::optional<FramePage> EmbeddedLog::read_cached(ShardIndex shard, Position from, ReadLimits limits) {
  FramePage page;
  std::shared_ptr<CachedShard> cached;
  {
    const MutexLock lock(mutex_);
    const auto state = shards_.find(shard);
    page.at_tip = true;
    if (state == shards_.end()) return page;
    page.shard_tip = state->second.last;
    page.shard_tip_time = state->second.last_time;
    if (from > page.shard_tip || page.shard_tip == kBeforeAll) return page;
    cached = state->second.cached;
  }
  auto frames = engine_->cache.read(*cached, from, page.shard_tip, limits);
  if (!frames.has_value()) return std::nullopt;
  page.frames = *std::move(frames);
  page.at_tip = page.frames.empty() || page.frames.back().position == page.shard_tip;
  return page;
}

/// The oldest segment from `number` on that may hold frames of the shard at or behind `from`.
std::shared_ptr<Segment> EmbeddedLog::next_holding(ShardIndex shard, Position from, std::uint64_t number) {
  auto at = std::ranges::partition_point(
      segments_, [&](const auto& segment) { return segment->number < number || segment->next_position <= from.get(); });
  for (; at != segments_.end(); ++at) {
    const auto& summary = (*at)->summary;
    if (!summary.has_value() || std::ranges::binary_search(summary->shards, shard)) return *at;
  }
  return nullptr;
}

/// Of a sealed segment; the log notes what it must know of it. If the segment was sorted meanwhile it is the new
/// file's: the same but for the offsets.
Result<IndexCache::IndexPtr> EmbeddedLog::load_index(const std::shared_ptr<Segment>& segment) {
  auto index = engine_->indexes.get(*segment);
  if (!index.has_value() && index.error().kind == ErrorKind::missing) {
    std::shared_ptr<Segment> sorted;
    {
      const MutexLock lock(mutex_);
      sorted = held_by_number(segment->number);
    }
    if (sorted != nullptr && sorted != segment) return engine_->indexes.get(*sorted);
  }
  if (!index.has_value()) return index;
  const MutexLock lock(mutex_);
  if (!segment->summary.has_value()) segment->summary = summarize(**index);
  return index;
}

/// The next stretch of disk in which frames of the shard from `from` on lie.
Result<ReadPlan> EmbeddedLog::plan_read(ShardIndex shard, Position from) {
  for (std::uint64_t number = 0;;) {
    std::shared_ptr<Segment> segment;
    {
      const MutexLock lock(mutex_);
      if (removed_) return std::unexpected(gone());
      segment = next_holding(shard, from, number);
      if (segment == nullptr) return ReadPlan{};
      if (segment->index != nullptr) {
        if (auto plan = plan_in(segment, *segment->index, shard, from)) {
          plan->file = segment->file;
          return *std::move(plan);
        }
        number = segment->number + 1;
        continue;
      }
    }
    // Not load_index: offsets of another file must not get into the plan.
    const auto index = engine_->indexes.get(*segment);
    if (!index.has_value()) {
      if (index.error().kind != ErrorKind::missing || is_held(*segment)) return std::unexpected(index.error());
      continue;  // trimmed, or sorted: another file stands in its place
    }
    {
      const MutexLock lock(mutex_);
      if (!segment->summary.has_value()) segment->summary = summarize(**index);
    }
    if (auto plan = plan_in(segment, **index, shard, from)) return *std::move(plan);
    number = segment->number + 1;
  }
}

Result<FramePage> EmbeddedLog::read_disk(ShardIndex shard, Position from, ReadLimits limits) {
  FramePage page;
  Position through;
  {
    const MutexLock lock(mutex_);
    if (removed_) return std::unexpected(gone());
    const Shard& state = shard_state(shard);
    page.shard_tip = through = state.last;
    page.shard_tip_time = state.last_time;
  }
  std::size_t bytes = 0;
  bool full = false;
  std::shared_ptr<os::File> file;
  std::optional<FileWindow> window;
  std::shared_ptr<Segment> open_segment;
  while (!full && from <= through) {
    PENSTOCK_TRY(const ReadPlan plan, plan_read(shard, from));
    if (plan.segment == nullptr) break;
    // Not by its number: a sorted segment has the number of the one whose place it took.
    if (open_segment != plan.segment) {
      auto opened = open_for_reading(plan);
      // Trimmed or sorted since the plan was made: plan again.
      if (!opened.has_value() && opened.error().kind == ErrorKind::missing && !is_held(*plan.segment)) continue;
      if (!opened.has_value()) return std::unexpected(std::move(opened).error());
      file = *std::move(opened);
      window.emplace(*file, kReadWindowBytes, kReadWindowBytesMax);
      open_segment = plan.segment;
    }
    window->want_until(plan.stop_offset);
    const std::uint64_t read_before = window->bytes_read();
    const FrameWalk walk{.shard = shard,
                         .from = from,
                         .offset = plan.offset,
                         .stop_offset = plan.stop_offset,
                         .data_end = plan.data_end,
                         .sorted = plan.is_run};
    Position last_met;
    PENSTOCK_TRY(
        auto walked, walk_frames(*window, plan.segment->seed, walk, [&](const FramePlace& place, std::string payload) {
          last_met = place.position;
          bytes += payload.size();
          full = place.position > through ||
                 (!page.frames.empty() && (page.frames.size() >= limits.frames_max || bytes > limits.bytes_max));
          if (full) return false;
          page.frames.push_back({.position = place.position,
                                 .time = place.time,
                                 .bytes = std::make_shared<const std::string>(std::move(payload))});
          return true;
        }));
    log_metrics().cold_bytes.add(window->bytes_read() - read_before);
    if (walked.has_value() && plan.is_run && !full && last_met != plan.next) {
      walked = std::unexpected(BadBytes{.offset = plan.offset, .what = "frames of the shard are missing"});
    }
    if (!walked.has_value()) {
      if (page.frames.empty()) return std::unexpected(corrupt_segment(*plan.segment, walked.error()));
      full = true;  // what is whole before it is given first
    }
    // Whatever this stretch held is read: the next one begins behind it.
    from = Position(plan.next.get() + 1);
  }
  page.at_tip = page.frames.empty() ? !full : page.frames.back().position == page.shard_tip;
  return page;
}

Result<std::shared_ptr<os::File>> EmbeddedLog::open_for_reading(const ReadPlan& plan) {
  if (plan.file != nullptr) return plan.file;
  PENSTOCK_TRY(auto file, engine_->files.open(plan.segment->path, os::OpenMode::read));
  return std::shared_ptr<os::File>(std::move(file));
}

std::shared_ptr<Segment> EmbeddedLog::held_by_number(std::uint64_t number) {
  const auto at = std::ranges::lower_bound(segments_, number, {}, [](const auto& held) { return held->number; });
  return at == segments_.end() || (*at)->number != number ? nullptr : *at;
}

bool EmbeddedLog::is_held(const Segment& segment) {
  const MutexLock lock(mutex_);
  return !removed_ && held_by_number(segment.number).get() == &segment;
}

/// The newest frame's time in a segment; none if it holds no frame.
Result<std::optional<Timestamp>> EmbeddedLog::newest_time(const std::shared_ptr<Segment>& segment) {
  {
    const MutexLock lock(mutex_);
    if (segment->summary.has_value()) return segment->summary->time_last;
    if (segment->index != nullptr) return segment->index->time_last();
  }
  PENSTOCK_TRY(const auto index, load_index(segment));
  return index->time_last();
}

/// Where to look in the segment for the shard's first frame at or behind `time`, all frames before it being older.
Result<Position> EmbeddedLog::first_of_segment_at(const std::shared_ptr<Segment>& segment, ShardIndex shard,
                                                  Timestamp time) {
  const auto look = [&](const SegmentIndex& index, std::uint64_t next_position) {
    const ShardRange* range = index.find(shard);
    if (range == nullptr) return Position(next_position);
    // The last entry before `time` leads to the stretch in which the frame lies, if it does not begin the next one.
    const auto at = std::ranges::lower_bound(range->entries, time, {}, &IndexEntry::time);
    return at == range->entries.begin() ? range->first : std::prev(at)->position;
  };
  {
    const MutexLock lock(mutex_);
    if (segment->index != nullptr) return look(*segment->index, segment->next_position);
  }
  PENSTOCK_TRY(const auto index, load_index(segment));
  return look(*index, segment->next_position);
}

Result<Position> EmbeddedLog::search_time(ShardIndex shard, Timestamp time) {
  Position behind_all;
  std::vector<std::shared_ptr<Segment>> segments;
  {
    const MutexLock lock(mutex_);
    if (removed_) return std::unexpected(gone());
    behind_all = Position(shard_state(shard).last.get() + 1);
    segments.assign(segments_.begin(), segments_.end());
  }
  // Times never decrease along positions: the first segment whose newest frame is not older holds the frame, or the
  // ones behind it do. A segment without frames counts as old.
  std::size_t begin = 0;
  std::size_t end = segments.size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    std::size_t with_frames = middle;
    std::optional<Timestamp> newest;
    for (;; --with_frames) {
      const auto known = newest_time(segments[with_frames]);
      // Dropped meanwhile: old.
      if (!known.has_value() && (known.error().kind != ErrorKind::missing || is_held(*segments[with_frames]))) {
        return std::unexpected(known.error());
      }
      newest = known.value_or(std::nullopt);
      if (newest.has_value() || with_frames == begin) break;
    }
    if (newest.has_value() && *newest >= time) {
      end = with_frames;
    } else {
      begin = middle + 1;
    }
  }
  if (begin == segments.size()) return behind_all;
  PENSTOCK_TRY(Position from, first_of_segment_at(segments[begin], shard, time));
  while (from < behind_all) {
    PENSTOCK_TRY(const FramePage page, read_disk(shard, from, {.frames_max = 1000, .bytes_max = kIndexChunkBytes}));
    for (const StoredFrame& frame : page.frames) {
      if (frame.time >= time) return frame.position;
    }
    if (page.frames.empty()) break;
    from = Position(page.frames.back().position.get() + 1);
  }
  return behind_all;
}

/// Drops the oldest segments while all their frames are older than `time`. The active segment stays.
Result<void> EmbeddedLog::trim(Timestamp time) {
  for (;;) {
    std::shared_ptr<Segment> oldest;
    {
      const MutexLock lock(mutex_);
      // The next segment's first group carries on the positions and the tips: it must be durable before this one goes.
      if (removed_ || segments_.size() < 2 || segments_[1]->data_end == kDataStart) return {};
      oldest = segments_.front();
    }
    PENSTOCK_TRY(const auto newest_frame, newest_time(oldest));
    if (newest_frame.has_value() && *newest_frame >= time) return {};
    {
      const MutexLock lock(mutex_);
      if (removed_ || segments_.front() != oldest) return {};
      segments_.pop_front();
    }
    if (auto dropped = drop(*oldest); !dropped.has_value()) {
      const MutexLock lock(mutex_);
      segments_.push_front(std::move(oldest));
      return dropped;
    }
    engine_->indexes.forget(oldest->path);
    forget_trimmed(*oldest);
    // One by one: after a power loss the segments that are left must follow each other.
    PENSTOCK_TRY_VOID(engine_->files.sync_directory(directory_));
    names_unsynced_ = false;
  }
}

/// Removes the segment's file, and the one that it was before it was sorted, or that an attempt to sort it left behind.
Result<void> EmbeddedLog::drop(const Segment& segment) {
  // The segments before this one must be gone for good.
  if (names_unsynced_) PENSTOCK_TRY_VOID(engine_->files.sync_directory(directory_));
  names_unsynced_ = true;
  for (const std::string& name : {segment_name(segment.number), sorted_segment_name(segment.number)}) {
    auto gone = engine_->files.unlink(directory_ + "/" + name);
    if (!gone.has_value() && gone.error().kind != ErrorKind::missing) return gone;
  }
  return {};
}

void EmbeddedLog::forget_trimmed(const Segment& segment) {
  std::vector<std::pair<std::shared_ptr<CachedShard>, Position>> trimmed;
  {
    const MutexLock lock(mutex_);
    const Segment::Summary summary =
        segment.index != nullptr ? summarize(*segment.index) : segment.summary.value_or(Segment::Summary{});
    for (const ShardIndex shard : summary.shards) {
      trimmed.emplace_back(shard_state(shard).cached, Position(segment.next_position));
    }
  }
  for (const auto& [cached, before] : trimmed) engine_->cache.forget(*cached, before);
}

}  // namespace penstock::framelog
