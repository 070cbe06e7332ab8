// How frames get onto the disk: enqueue (any thread) -> serve (one thread at a time: a committer, or a lone writer's
// own) -> group -> write, sync, publish.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "framelog/embedded/crc32c.h"
#include "framelog/embedded/embedded_log.h"
#include "framelog/log_metrics.h"

namespace penstock::framelog {

namespace {

// Payloads up to this are copied beside their header: a copy is cheaper than one more element of the vectored write.
constexpr std::size_t kCopyBytesMax = 4096;
constexpr std::size_t kScratchBytesKept = 64U << 10U;  // by an idle log
// After so many groups in a row a log steps back in the queue, so that a few busy logs do not starve the others.
constexpr int kGroupsInARow = 8;
// A lone writer's appends are committed where its executor runs, which spares two wake-ups of threads, often more time
// than an fdatasync takes. Everything else of that executor waits meanwhile: so only small groups, only while nobody
// else appends, and not for long after the disk was slow once.
constexpr int kLoneGroupsMin = 4;
constexpr int kLoneGroupsAfterSlowMin = 64;
constexpr std::size_t kHereAppendsMax = 4;
constexpr std::size_t kHereBytesMax = 64U << 10U;
constexpr std::chrono::milliseconds kHereTimeMax{1};
// Segments grow until one takes this long to fill: a busy log gets few big files, a quiet one wastes no disk.
constexpr std::chrono::minutes kSegmentFillTimeMin{60};

/// Resumes all waiters, each on its own executor, with one post an executor.
void complete(const std::vector<WaitingAppend*>& appends) {
  struct Batch {
    Executor* executor;
    std::vector<std::coroutine_handle<>> waiters;
  };
  std::vector<Batch> batches;
  for (const WaitingAppend* append : appends) {
    auto at = std::ranges::find(batches, append->executor, &Batch::executor);
    if (at == batches.end()) at = batches.insert(at, Batch{append->executor, {}});
    at->waiters.push_back(append->waiter);
  }
  // From the first post on, the appends (which live in their coroutines) may be gone.
  for (Batch& batch : batches) {
    batch.executor->post([waiters = std::move(batch.waiters)] {
      for (const auto waiter : waiters) waiter.resume();
    });
  }
}

}  // namespace

struct AppendAwaiter {
  EmbeddedLog& log;
  WaitingAppend append;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    append.waiter = self;
    append.executor = self.promise().executor;
    // Once enqueued, this may be resumed and gone before enqueue returns.
    return log.enqueue(append);
  }
  Result<Appended> await_resume() { return std::move(append.result); }
};

/// The turn to serve the log, waiting in the queue of the lone writer's executor. Should that end first, or somebody
/// else append meanwhile, a committer takes the turn.
class EmbeddedLog::TurnHere {
 public:
  explicit TurnHere(std::shared_ptr<EmbeddedLog> log) : log_(std::move(log)) {}
  TurnHere(TurnHere&&) = default;
  TurnHere& operator=(TurnHere&&) = delete;
  ~TurnHere() {
    if (log_ != nullptr && log_->take_turn_here()) log_->serve_later();
  }
  void operator()() {
    const auto log = std::exchange(log_, nullptr);
    if (log->take_turn_here()) log->serve_here();
  }

 private:
  std::shared_ptr<EmbeddedLog> log_;
};

Task<Result<Appended>> EmbeddedLog::append(ShardIndex shard, std::string frame) {
  if (frame.empty() || frame.size() > kFrameBytesMax) {
    co_return fail(ErrorKind::invalid, fmt::format("a frame has 1 to {} bytes, not {}", kFrameBytesMax, frame.size()));
  }
  const auto self = shared_from_this();
  const std::uint32_t payload_crc = crc32c(frame);
  AppendAwaiter awaiter{
      .log = *this,
      .append = {.shard = shard, .payload = std::move(frame), .payload_crc = payload_crc, .time = {}, .waiter = {}}};
  co_return co_await awaiter;
}

/// False when the append was refused at once: its result is set and nobody will resume it.
bool EmbeddedLog::enqueue(WaitingAppend& append) {
  const Timestamp now = engine_->clock.now();
  Executor* const executor = append.executor;
  bool serve_here = false;
  {
    const MutexLock lock(mutex_);
    if (refusal_.has_value()) {
      append.result = std::unexpected(*refusal_);
      return false;
    }
    if (waiting_bytes_ + append.payload.size() > engine_->options.waiting_bytes_max && !waiting_.empty()) {
      append.result = fail(ErrorKind::throttled, "too many bytes wait to be written to this log");
      return false;
    }
    const std::size_t all_waiting = engine_->waiting_bytes.fetch_add(append.payload.size());
    if (all_waiting > 0 && all_waiting + append.payload.size() > engine_->options.all_waiting_bytes_max) {
      engine_->waiting_bytes -= append.payload.size();
      append.result = fail(ErrorKind::throttled, "too many bytes wait to be written");
      return false;
    }
    time_last_ = std::max(time_last_, now);
    append.time = time_last_;
    waiting_bytes_ += append.payload.size();
    waiting_.push_back(&append);
    if (serving_ && (turn_at_ == nullptr || turn_at_ == executor)) return true;
    serve_here = !serving_ && lone_groups_ >= kLoneGroupsMin;
    turn_at_ = serve_here ? executor : nullptr;
    serving_ = true;
  }
  if (serve_here) {
    // Behind what the executor has to do now: a request's other appends become part of the group.
    executor->post(TurnHere(shared_from_this()));
  } else {
    serve_later();
  }
  return true;
}

bool EmbeddedLog::take_turn_here() {
  const MutexLock lock(mutex_);
  return std::exchange(turn_at_, nullptr) != nullptr;
}

/// On the executor of an append.
void EmbeddedLog::serve_here() {
  if (may_commit_here() && !commit_group()) return;
  serve_later();
}

/// Nothing but one small write and one sync lies ahead.
bool EmbeddedLog::may_commit_here() {
  const MutexLock lock(mutex_);
  return waiting_.size() <= kHereAppendsMax && waiting_bytes_ <= kHereBytesMax && active_.has_value() &&
         write_offset_ + mark_.size() + kGroupHeaderBytes + waiting_bytes_ + waiting_.size() * frame_bytes(1) <=
             active_->capacity;
}

void EmbeddedLog::serve() {
  for (int i = 0; i < kGroupsInARow; ++i) {
    if (!commit_group()) return;
  }
  serve_later();
}

void EmbeddedLog::serve_later() {
  if (engine_->committers.post([self = shared_from_this()] { self->serve(); })) return;
  refuse_appends({ErrorKind::unavailable, "the store is closed"});
  const MutexLock lock(mutex_);
  serving_ = false;
}

bool EmbeddedLog::stop_when_idle() {
  const MutexLock lock(mutex_);
  if (!waiting_.empty()) return false;
  if (scratch_.capacity() > kScratchBytesKept) scratch_ = {};
  serving_ = false;
  return true;
}

/// Forms and commits one group. False when this thread has nothing more to do for the log.
bool EmbeddedLog::commit_group() {
  if (stop_when_idle()) return false;
  std::uint64_t first_bytes = 0;
  {
    const MutexLock lock(mutex_);
    if (waiting_.empty()) return true;  // refused meanwhile
    first_bytes = frame_bytes(waiting_.front()->payload.size());
  }
  const auto room = make_room(first_bytes);
  if (!room.has_value()) {
    // Nothing of these frames was written: the log stays whole, and works again when there is space.
    refuse_waiting({ErrorKind::unavailable, room.error().message});
    return true;
  }
  if (*room == Room::being_prepared) return false;
  const auto group = take_group();
  if (group.empty()) return true;
  const auto first_frame_offset = write_group(group);
  if (first_frame_offset.has_value()) {
    publish(group, *first_frame_offset);
    prepare_ahead();
    // The turn goes back first: who is resumed may append again before this thread gets any further.
    const bool goes_on = !stop_when_idle();
    complete(group);
    return goes_on;
  }
  const Error& cause = first_frame_offset.error();
  log_metrics().failed_commits.add();
  poison(cause);
  for (WaitingAppend* append : group) append->result = fail(ErrorKind::outcome_unknown, cause.message);
  complete(group);
  return true;
}

Result<EmbeddedLog::Room> EmbeddedLog::make_room(std::uint64_t frame_bytes_needed) {
  const std::uint64_t needed = mark_.size() + kGroupHeaderBytes + frame_bytes_needed;
  if (active_.has_value() && write_offset_ + needed <= active_->capacity) return Room::ready;
  return roll(frame_bytes_needed);
}

/// Goes on in a new segment: the one prepared ahead, or one made here and now.
Result<EmbeddedLog::Room> EmbeddedLog::roll(std::uint64_t frame_bytes_needed) {
  // A segment begins with a mark, so that the tips are known when the segments before it are dropped.
  const std::string tips = encode_tips();
  const std::uint64_t needed = align_up(
      kDataStart + align_up(kGroupHeaderBytes + tips.size(), kGroupAlign) + kGroupHeaderBytes + frame_bytes_needed,
      kDiskBlockBytes);
  std::optional<PreparedSegment> next;
  std::uint64_t number = 0;
  std::uint64_t capacity = 0;
  {
    const MutexLock lock(mutex_);
    if (preparing_) {
      // This thread serves other logs meanwhile; the preparer brings the log back.
      parked_ = true;
      return Room::being_prepared;
    }
    next = std::exchange(spare_, std::nullopt);
    number = next_segment_++;
    // A burst at the start of a log would cut its groups to pieces on small segments.
    capacity = std::max(
        {needed, next_capacity_, std::min<std::uint64_t>(4 * waiting_bytes_, engine_->options.segment_bytes_max)});
  }
  if (next.has_value() && next->capacity < needed) {
    static_cast<void>(engine_->files.unlink(next->path));
    next.reset();
  }
  if (!next.has_value()) {
    PENSTOCK_TRY(next, prepare_segment(engine_->files, directory_, salt_, number,
                                       {.bytes_min = needed, .bytes_wanted = align_up(capacity, kDiskBlockBytes)}));
  }
  start_segment(*std::move(next), tips);
  return Room::ready;
}

void EmbeddedLog::start_segment(PreparedSegment prepared, std::string_view tips) {
  auto segment = std::make_shared<Segment>();
  segment->number = prepared.number;
  segment->seed = prepared.seed;
  segment->path = prepared.path;
  segment->file = prepared.file;
  segment->data_end = kDataStart;
  segment->next_position = next_position_;
  segment->index = std::make_unique<SegmentIndex>();
  std::shared_ptr<Segment> full;
  {
    const MutexLock lock(mutex_);
    if (active_.has_value()) full = segments_.back();
    segments_.push_back(std::move(segment));
  }
  if (full != nullptr) seal_in_background(std::move(full));
  if (!active_.has_value()) ++engine_->open_logs;
  active_ = std::move(prepared);
  active_since_ = served_last_ = engine_->clock.steady();
  write_offset_ = kDataStart;
  if (mark_.empty()) ++next_sequence_;
  mark_ = make_mark(active_->seed, next_sequence_ - 1, tips);
}

/// Has the next segment made ready while this one still has room. Its size follows the rate of the log.
void EmbeddedLog::prepare_ahead() {
  if (write_offset_ < active_->capacity / 4) return;
  std::uint64_t number = 0;
  std::uint64_t capacity = 0;
  {
    const MutexLock lock(mutex_);
    if (preparing_ || spare_.has_value() || refusal_.has_value()) return;
    preparing_ = true;
    number = next_segment_++;
    const bool is_fast = engine_->clock.steady() - active_since_ < kSegmentFillTimeMin / 4;
    if (is_fast)
      next_capacity_ = std::min(std::max(next_capacity_, active_->capacity) * 4, engine_->options.segment_bytes_max);
    capacity = next_capacity_;
  }
  const bool posted = engine_->housekeeping.post([self = shared_from_this(), number, capacity] {
    auto prepared = prepare_segment(self->engine_->files, self->directory_, self->salt_, number,
                                    {.bytes_min = kDiskBlockBytes, .bytes_wanted = capacity});
    // A failure is no news yet: whoever needs the segment tries again and reports it.
    self->take_prepared(prepared.has_value() ? std::optional(*std::move(prepared)) : std::nullopt);
  });
  if (!posted) take_prepared(std::nullopt);
}

void EmbeddedLog::take_prepared(std::optional<PreparedSegment> prepared) {
  bool was_parked = false;
  {
    const MutexLock lock(mutex_);
    preparing_ = false;
    spare_ = std::move(prepared);
    was_parked = std::exchange(parked_, false);
  }
  if (was_parked) serve_later();
}

std::vector<WaitingAppend*> EmbeddedLog::take_group() {
  const MutexLock lock(mutex_);
  std::uint64_t room = active_->capacity - write_offset_ - kGroupHeaderBytes;
  room = std::min<std::uint64_t>(room - mark_.size(), engine_->options.group_bytes_max);
  std::vector<WaitingAppend*> group;
  std::uint64_t bytes = 0;
  while (!waiting_.empty()) {
    WaitingAppend* next = waiting_.front();
    bytes += frame_bytes(next->payload.size());
    if (bytes > room && !group.empty()) break;
    group.push_back(next);
    waiting_bytes_ -= next->payload.size();
    engine_->waiting_bytes -= next->payload.size();
    waiting_.pop_front();
  }
  return group;
}

std::string EmbeddedLog::encode_tips() {
  std::string tips;
  const MutexLock lock(mutex_);
  for (const auto& [index, shard] : shards_) {
    if (shard.last == kBeforeAll) continue;
    tips.resize(tips.size() + kTipBytes);
    encode_tip({.shard = index, .position = shard.last, .time = shard.last_time},
               tips.data() + tips.size() - kTipBytes);
  }
  return tips;
}

/// A group without frames.
std::string EmbeddedLog::make_mark(std::uint32_t seed, std::uint64_t sequence, std::string_view tips) const {
  std::string mark(align_up(kGroupHeaderBytes + tips.size(), kGroupAlign), '\0');
  encode_group_header(seed,
                      {.sequence = sequence,
                       .first_position = next_position_,
                       .proven_segment = proven_segment_,
                       .proven_end = proven_end_,
                       .body_bytes = static_cast<std::uint32_t>(tips.size()),
                       .count = static_cast<std::uint32_t>(tips.size() / kTipBytes),
                       .kind = GroupKind::mark,
                       .body_crc = crc32c(tips)},
                      mark.data());
  tips.copy(mark.data() + kGroupHeaderBytes, tips.size());
  return mark;
}

/// Gives the offset of the group's first frame.
Result<std::uint64_t> EmbeddedLog::write_group(const std::vector<WaitingAppend*>& group) {
  scratch_ = std::exchange(mark_, {});
  const std::size_t header_at = scratch_.size();
  std::size_t scratch_bytes = header_at + kGroupHeaderBytes;
  std::uint64_t body_bytes = 0;
  for (const WaitingAppend* append : group) {
    const std::size_t payload = append->payload.size();
    body_bytes += frame_bytes(payload);
    scratch_bytes += frame_bytes(payload) - (payload <= kCopyBytesMax ? 0 : payload);
  }
  scratch_.resize(scratch_bytes);  // from here on it does not move: the parts look into it

  encode_group_header(active_->seed,
                      {.sequence = next_sequence_++,
                       .first_position = next_position_,
                       .proven_segment = proven_segment_,
                       .proven_end = proven_end_,
                       .body_bytes = static_cast<std::uint32_t>(body_bytes),
                       .count = static_cast<std::uint32_t>(group.size()),
                       .kind = GroupKind::frames,
                       .body_crc = 0},
                      scratch_.data() + header_at);
  std::vector<std::string_view> parts;
  std::size_t part_begin = 0;
  std::size_t at = header_at + kGroupHeaderBytes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const WaitingAppend& append = *group[i];
    const std::string& payload = append.payload;
    encode_frame_header(active_->seed,
                        {.payload_crc = append.payload_crc,
                         .length = static_cast<std::uint32_t>(payload.size()),
                         .last_of_group = i + 1 == group.size(),
                         .shard = append.shard.get(),
                         .position = next_position_ + i,
                         .time_ms = to_unix_ms(append.time)},
                        scratch_.data() + at);
    at += kFrameHeaderBytes;
    if (payload.size() <= kCopyBytesMax) {
      payload.copy(scratch_.data() + at, payload.size());
      at += payload.size();
    } else {
      parts.push_back(std::string_view(scratch_).substr(part_begin, at - part_begin));
      parts.emplace_back(payload);
      part_begin = at;
    }
    const std::size_t padding = align_up(payload.size(), kFrameAlign) - payload.size();
    std::fill_n(scratch_.data() + at, padding, '\0');
    at += padding;
  }
  if (at > part_begin) parts.push_back(std::string_view(scratch_).substr(part_begin, at - part_begin));
  const SteadyTime began = engine_->clock.steady();
  PENSTOCK_TRY_VOID(active_->file->pwritev(parts, write_offset_));
  const SteadyTime written = engine_->clock.steady();
  PENSTOCK_TRY_VOID(active_->file->sync());
  const SteadyTime synced = engine_->clock.steady();
  log_metrics().note_commit(group.size(), body_bytes, written - began, synced - written);
  group_bytes_ = body_bytes;
  group_took_ = synced - began;
  return write_offset_ + header_at + kGroupHeaderBytes;
}

/// The group is durable: makes it readable and rings the watchers. Its appends are still to be completed.
void EmbeddedLog::publish(const std::vector<WaitingAppend*>& group, std::uint64_t first_frame_offset) {
  std::vector<TipCache::Arrival> arrivals;
  std::vector<FramePlace> places;
  arrivals.reserve(group.size());
  places.reserve(group.size());
  std::uint64_t offset = first_frame_offset;
  {
    const MutexLock lock(mutex_);
    for (const WaitingAppend* append : group)
      arrivals.push_back({.shard = shard_state(append->shard).cached, .frame = {}});
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    WaitingAppend& append = *group[i];
    places.push_back({.shard = append.shard,
                      .position = Position(next_position_++),
                      .time = append.time,
                      .offset = offset,
                      .length = static_cast<std::uint32_t>(append.payload.size())});
    offset += frame_bytes(append.payload.size());
    append.result = Appended{.position = places[i].position, .time = append.time};
    arrivals[i].frame = {.position = places[i].position,
                         .time = append.time,
                         .bytes = std::make_shared<const std::string>(std::move(append.payload))};
  }
  engine_->cache.add(std::move(arrivals));
  write_offset_ = align_up(offset, kGroupAlign);
  proven_segment_ = active_->number;
  proven_end_ = write_offset_;
  served_last_ = engine_->clock.steady();

  std::vector<Rung> rung;
  {
    const MutexLock lock(mutex_);
    Segment& segment = *segments_.back();
    segment.data_end = write_offset_;
    segment.next_sequence = next_sequence_;
    segment.next_position = next_position_;
    note_company(group.size());
    for (const FramePlace& place : places) {
      segment.index->add(place);
      Shard& shard = shard_state(place.shard);
      shard.last = place.position;
      shard.last_time = place.time;
      for (const auto& watcher : shard.watchers) {
        const auto at = std::ranges::find(rung, watcher, &Rung::watcher);
        if (at == rung.end()) {
          rung.push_back({.watcher = watcher, .last = place.position});
        } else {
          at->last = place.position;
        }
      }
    }
  }
  for (const Rung& ring : rung) {
    const MutexLock lock(ring.watcher->mutex);
    if (ring.watcher->call) ring.watcher->call(ring.last);
  }
}

void EmbeddedLog::note_company(std::size_t group_appends) {
  if (group_took_ > kHereTimeMax) {
    lone_groups_ = kLoneGroupsMin - kLoneGroupsAfterSlowMin;
  } else if (!waiting_.empty() || group_appends > kHereAppendsMax || group_bytes_ > kHereBytesMax) {
    lone_groups_ = std::min(lone_groups_, 0);
  } else {
    lone_groups_ = std::min(lone_groups_ + 1, kLoneGroupsMin);
  }
}

void EmbeddedLog::refuse_waiting(const Error& why) {
  std::vector<WaitingAppend*> refused;
  {
    const MutexLock lock(mutex_);
    refused.assign(waiting_.begin(), waiting_.end());
    waiting_.clear();
    engine_->waiting_bytes -= std::exchange(waiting_bytes_, 0);
  }
  for (WaitingAppend* append : refused) append->result = std::unexpected(why);
  complete(refused);
}

void EmbeddedLog::refuse_appends(const Error& why) {
  {
    const MutexLock lock(mutex_);
    if (!refusal_.has_value()) refusal_ = why;
  }
  refuse_waiting(why);
}

/// A write or a sync failed: what the disk holds is unknown from here on, so nothing more is written until the log is
/// opened again. Reads go on.
void EmbeddedLog::poison(const Error& cause) {
  {
    const MutexLock lock(mutex_);
    poisoned_ = true;
  }
  refuse_appends({ErrorKind::unavailable, fmt::format("writing to this log failed earlier ({}); it takes no more "
                                                      "until the server is started again",
                                                      cause.message)});
}

void EmbeddedLog::seal_in_background(std::shared_ptr<Segment> segment) {
  engine_->housekeeping.post([self = shared_from_this(), segment = std::move(segment)] { self->seal(segment); });
}

/// Failure is harmless: an unsealed segment is walked when the log is opened. Closing the log tries once more.
void EmbeddedLog::seal(const std::shared_ptr<Segment>& segment) {
  std::shared_ptr<os::File> file;
  {
    const MutexLock lock(mutex_);
    file = segment->file;
  }
  if (file == nullptr) return;
  // A segment that takes no more frames does not change, except for its file.
  if (!seal_segment(*file, *segment).has_value()) return;
  const std::size_t index_bytes = segment->index->encoded_bytes();
  Segment::Summary summary = summarize(*segment->index);
  IndexCache::IndexPtr index;
  {
    const MutexLock lock(mutex_);
    segment->file = nullptr;
    segment->index_bytes = index_bytes;
    segment->summary = std::move(summary);
    index = std::move(segment->index);
    note_sealed(segment);
  }
  engine_->indexes.put(segment->path, std::move(index));
  sort_later();
}

void EmbeddedLog::seal_at_end() {
  std::vector<std::shared_ptr<Segment>> unsealed;
  std::optional<PreparedSegment> unused;
  {
    const MutexLock lock(mutex_);
    if (removed_) return;
    unused = std::exchange(spare_, std::nullopt);
    if (poisoned_) return;
    for (const auto& segment : segments_) {
      if (segment->file != nullptr) unsealed.push_back(segment);
    }
  }
  if (unused.has_value()) static_cast<void>(engine_->files.unlink(unused->path));
  for (const auto& segment : unsealed) {
    if (segment->data_end > kDataStart) {
      seal(segment);
    } else {
      static_cast<void>(engine_->files.unlink(segment->path));
    }
  }
}

}  // namespace penstock::framelog
