// How sealed segments come to be sorted by shard: noted when they are sealed (or found sealed by recovery) -> one at a
// time, newest first, written anew piece by piece in the store's SortQueue -> put in the old one's place. What may be
// seen at which step after a power loss is said in segment_sort.h.

#include <algorithm>
#include <utility>

#include "framelog/embedded/embedded_log.h"
#include "framelog/log_metrics.h"
#include "telemetry/log.h"

namespace penstock::framelog {

void EmbeddedLog::note_sealed(const std::shared_ptr<Segment>& segment) {
  const EmbeddedOptions& options = engine_->options;
  if (!options.sorts_segments || segment->data_end < options.sort_segment_bytes_min) return;
  // Sorted already, or a sorted one that was repaired: there is no other name for it.
  if (segment->path != directory_ + "/" + segment_name(segment->number)) return;
  if (SegmentSort::pays(segment->data_end, segment->index_bytes, 0, options.sort_gain_min)) {
    unsorted_.push_back(segment);
  }
}

void EmbeddedLog::sort_later() {
  {
    const MutexLock lock(mutex_);
    if (sorting_ || unsorted_.empty() || poisoned_ || removed_) return;
    sorting_ = true;
  }
  const bool posted =
      engine_->sorting.post([self = shared_from_this(), work = SortWork{}]() mutable { return self->sort_some(work); });
  if (posted) return;
  const MutexLock lock(mutex_);
  sorting_ = false;
}

SortQueue::Progress EmbeddedLog::sort_some(SortWork& work) {
  if (work.sort == nullptr) return begin_sort(work);
  bool is_wanted = false;
  {
    const MutexLock lock(mutex_);
    is_wanted = !poisoned_ && !removed_ && held_by_number(work.segment->number) == work.segment;
  }
  const auto state = is_wanted ? work.sort->step() : SegmentSort::State::unfit;
  const std::uint64_t bytes = work.sort->take_bytes_moved();
  log_metrics().sort_bytes.add(bytes);
  if (state.has_value() && (*state == SegmentSort::State::measuring || *state == SegmentSort::State::copying)) {
    return {.bytes = bytes, .done = false};
  }
  std::shared_ptr<SegmentSort> sort = std::move(work.sort);
  const std::shared_ptr<Segment> segment = std::move(work.segment);
  if (!state.has_value()) {
    // Dropped meanwhile is no failure; a disk that is full or fails may be better later.
    if (is_held(*segment)) {
      note_failed_sort(segment, state.error().message, true);
      const MutexLock lock(mutex_);
      sorting_ = false;
      return {.bytes = bytes, .done = true};
    }
  } else if (*state == SegmentSort::State::written) {
    change_names([self = shared_from_this(), sort, segment] { self->put_in_place(*sort, segment); });
  } else if (!sort->reason().empty()) {
    note_failed_sort(segment, sort->reason(), false);
  }
  return {.bytes = bytes, .done = false};
}

/// The next segment, if there is one. Where the disk has no room it waits until the log seals or trims one again.
SortQueue::Progress EmbeddedLog::begin_sort(SortWork& work) {
  std::shared_ptr<Segment> segment;
  {
    const MutexLock lock(mutex_);
    while (!unsorted_.empty() && held_by_number(unsorted_.back()->number) != unsorted_.back()) unsorted_.pop_back();
    if (!unsorted_.empty() && !poisoned_ && !removed_) segment = unsorted_.back();
  }
  // Appends come first: twice the largest segment is left to them.
  const bool has_space =
      segment != nullptr && has_room(engine_->files, directory_,
                                     segment->data_end + segment->index_bytes + 2 * engine_->options.segment_bytes_max)
                                .value_or(false);
  const MutexLock lock(mutex_);
  const auto at = std::ranges::find(unsorted_, segment);
  if (at == unsorted_.end() && !unsorted_.empty() && !poisoned_ && !removed_) return {};  // sealed just now
  if (at == unsorted_.end() || !has_space) {
    sorting_ = false;
    return {.bytes = 0, .done = true};
  }
  unsorted_.erase(at);
  work.sort = std::make_unique<SegmentSort>(
      engine_->files, directory_, *segment,
      SegmentSort::Options{.step_bytes = engine_->options.sort_step_bytes, .gain_min = engine_->options.sort_gain_min});
  work.segment = std::move(segment);
  return {};
}

void EmbeddedLog::note_failed_sort(const std::shared_ptr<Segment>& segment, const std::string& why, bool may_retry) {
  log_metrics().failed_sorts.add();
  {
    const MutexLock lock(mutex_);
    may_retry = may_retry && --segment->sort_attempts_left > 0;
    if (may_retry) unsorted_.insert(unsorted_.begin(), segment);
  }
  telemetry::log(may_retry ? telemetry::Level::debug : telemetry::Level::warn, "segment not sorted",
                 {{"segment", segment->path}, {"why", why}});
}

/// Within a change of names: nobody trims meanwhile.
void EmbeddedLog::put_in_place(SegmentSort& sort, const std::shared_ptr<Segment>& old) {
  const auto is_wanted = [&]()
                             REQUIRES(mutex_) { return !poisoned_ && !removed_ && held_by_number(old->number) == old; };
  {
    const MutexLock lock(mutex_);
    if (!is_wanted()) return;
  }
  if (auto named = sort.put_in_place(); !named.has_value()) {
    if (is_held(*old)) note_failed_sort(old, named.error().message, true);
    return;
  }
  {
    const MutexLock lock(mutex_);
    // The log's folder may be gone. If it was poisoned meanwhile, the sorted segment is none the worse.
    if (removed_) return;
    const std::shared_ptr<Segment> sorted = sort.take_segment();
    // Whoever holds the old one may ask it for these, as its file is about to go.
    if (!old->summary.has_value()) old->summary = sorted->summary;
    *std::ranges::find(segments_, old) = sorted;
  }
  // If this fails, or the power is lost before it is durable, recovery or trimming does it.
  static_cast<void>(engine_->files.unlink(old->path));
  engine_->indexes.forget(old->path);
  log_metrics().sorted_segments.add();
}

/// Runs `change` now, or when the changes before it are done.
void EmbeddedLog::change_names(Workers::Job change) {
  {
    const MutexLock lock(mutex_);
    if (changing_names_) {
      name_changes_.push_back(std::move(change));
      return;
    }
    changing_names_ = true;
  }
  for (;;) {
    change();
    const MutexLock lock(mutex_);
    if (name_changes_.empty()) {
      changing_names_ = false;
      return;
    }
    change = std::move(name_changes_.front());
    name_changes_.pop_front();
  }
}

}  // namespace penstock::framelog
