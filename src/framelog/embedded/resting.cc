// A log that nobody writes to gives back what it holds ready: its open file, the room ahead, and, once all its frames
// have expired, those too.

#include <array>
#include <utility>

#include "framelog/embedded/embedded_log.h"

namespace penstock::framelog {

namespace {

constexpr std::chrono::hours kIdleMax{24};
// Sooner when that returns much room, or when many logs have files open.
constexpr std::chrono::minutes kIdleMaxWithRoom{60};
constexpr std::uint64_t kRoomWorthReturning = 1U << 20U;
constexpr std::chrono::seconds kIdleMaxWhenCrowded{60};

}  // namespace

/// After a round of trimming; `expired_before` as there. It may read the newest segment's index.
void EmbeddedLog::rest_if_idle(Timestamp expired_before) {
  std::shared_ptr<Segment> newest;
  bool all_expired = false;
  {
    const MutexLock lock(mutex_);
    if (segments_.empty()) return;
    newest = segments_.back();
    all_expired = time_last_ < expired_before;
  }
  if (all_expired) {
    const auto newest_frame = newest_time(newest);
    all_expired = newest_frame.has_value() && newest_frame->has_value();  // else there is nothing left to drop
  }
  {
    const MutexLock lock(mutex_);
    if (serving_ || preparing_ || removed_ || refusal_.has_value()) return;
    if (segments_.empty() || segments_.back() != newest || (!all_expired && !is_idle())) return;
    serving_ = true;  // nobody else writes from here on; appends wait
  }
  if (engine_->committers.post([self = shared_from_this(), all_expired] { self->rest(all_expired); })) return;
  const MutexLock lock(mutex_);
  serving_ = false;
}

/// Nobody serves the log, so that what belongs to whoever does can be looked at.
bool EmbeddedLog::is_idle() const {
  if (!active_.has_value()) return false;
  const auto idle = engine_->clock.steady() - served_last_;
  const std::uint64_t room = active_->capacity - write_offset_ + (spare_.has_value() ? spare_->capacity : 0);
  if (idle >= kIdleMax || (idle >= kIdleMaxWithRoom && room >= kRoomWorthReturning)) return true;
  return idle >= kIdleMaxWhenCrowded && engine_->open_logs > engine_->options.open_logs_wanted;
}

/// By whoever serves the log. A failure is no news: the log is as it was, or goes on in a new segment.
void EmbeddedLog::rest(bool all_expired) {
  std::optional<PreparedSegment> unused;
  bool can_write = false;
  {
    const MutexLock lock(mutex_);
    can_write = !removed_ && !refusal_.has_value();
    unused = std::exchange(spare_, std::nullopt);
    next_capacity_ = engine_->options.segment_bytes_first;
  }
  if (unused.has_value()) static_cast<void>(engine_->files.unlink(unused->path));
  if (can_write) {
    // Retention drops a segment once the next one carries on its positions and tips.
    if (all_expired) static_cast<void>(write_mark_alone());
    leave_active();
  }
  serve();
}

/// A segment with a mark and nothing else.
Result<void> EmbeddedLog::write_mark_alone() {
  const std::string tips = encode_tips();
  const std::uint64_t needed =
      align_up(kDataStart + align_up(kGroupHeaderBytes + tips.size(), kGroupAlign), kDiskBlockBytes);
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    number = next_segment_++;
  }
  PENSTOCK_TRY(auto prepared, prepare_segment(engine_->files, directory_, salt_, number,
                                              {.bytes_min = needed, .bytes_wanted = needed}));
  start_segment(std::move(prepared), tips);
  const std::string mark = std::exchange(mark_, {});
  const std::array<std::string_view, 1> parts = {mark};
  auto written = active_->file->pwritev(parts, write_offset_);
  if (written.has_value()) written = active_->file->sync();
  if (!written.has_value()) {
    poison(written.error());
    return written;
  }
  write_offset_ += mark.size();
  proven_segment_ = active_->number;
  proven_end_ = write_offset_;
  const MutexLock lock(mutex_);
  Segment& segment = *segments_.back();
  segment.data_end = write_offset_;
  segment.next_sequence = next_sequence_;
  segment.next_position = next_position_;
  return {};
}

/// The next append begins a new segment.
void EmbeddedLog::leave_active() {
  if (!active_.has_value() || write_offset_ == kDataStart) return;
  std::shared_ptr<Segment> left;
  {
    const MutexLock lock(mutex_);
    if (poisoned_) return;
    left = segments_.back();
  }
  active_.reset();
  --engine_->open_logs;
  seal_in_background(std::move(left));
}

}  // namespace penstock::framelog
