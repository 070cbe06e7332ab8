#include "consumers/lane.h"

#include <algorithm>
#include <iterator>

namespace penstock::consumers {

Lane::Lane(LaneRules rules, LaneCheckpoint resume)
    : rules_(rules),
      read_to_(resume.done),
      done_(resume.done),
      finished_(resume.ended),
      plan_(resume.plan.begin(), resume.plan.end()),
      durable_(std::move(resume)) {
  if (durable_.window) window_ = OpenWindow{.window = *durable_.window};
}

std::size_t Lane::records_held() const {
  std::size_t held = waiting_.size();
  for (const Batch& batch : batches_) held += batch.records.size();
  return held;
}

Timestamp Lane::window_of(Timestamp arrival) const {
  const std::int64_t length = rules_.tumbling_window.count();
  return from_unix_ms(to_unix_ms(arrival) / length * length);
}

Window Lane::window_for(Timestamp arrival) const {
  return {.start = window_of(arrival), .length = rules_.tumbling_window};
}

Timestamp Lane::window_settled() const { return window_->window.end() + rules_.window_grace; }

bool Lane::window_is_over(Now now) const { return window_ && now.wall >= window_settled(); }

Step Lane::next(Now now) {
  if (finished_) return Ended{};
  if (not_before_ && now.steady < *not_before_) {
    return Sleep{.at_most = std::chrono::ceil<milliseconds>(*not_before_ - now.steady)};
  }
  if (auto step = end_window(now)) return *step;
  if (batches_.empty()) {
    if (auto step = plan_.empty() ? gather(now) : gather_planned()) return *step;
    // A planned batch of which nothing is left to read leaves none.
    if (batches_.empty()) return next(now);
  }
  if (auto step = expire(now)) return *step;
  return invoke_front();
}

InvokeBatch Lane::invoke_front() const {
  return {.records = batches_.front().records, .window = window_ ? &window_->window : nullptr};
}

std::optional<Step> Lane::end_window(Now now) {
  ending_window_ = false;
  if (!window_) return std::nullopt;
  // Windows were switched off by an update: what was gathered so far is given to the function, as at an end.
  const bool switched_off = rules_.tumbling_window == milliseconds(0);
  bool over = window_->must_end_early || switched_off;
  if (!over && batches_.empty() && plan_.empty()) {
    if (!waiting_.empty()) {
      const Window wanted = window_for(waiting_.front().arrival);
      over = wanted.start != window_->window.start || wanted.length != window_->window.length;
    } else {
      over = ended_ || (at_tip_ && window_is_over(now) && tip_seen_ >= window_settled());
    }
  }
  if (!over) return std::nullopt;
  ending_window_ = true;
  const bool early = window_->must_end_early;
  return InvokeBatch{.records = {}, .window = &window_->window, .ends_window = !early, .ends_early = early};
}

/// How many of the waiting records go into one event; `full`: no further one could join them.
std::size_t Lane::fitting(bool& full) const {
  const std::size_t state = window_ ? window_->window.state.size() : 0;
  const std::size_t room = rules_.bytes_max > state ? rules_.bytes_max - state : 0;
  std::size_t bytes = 0;
  std::size_t count = 0;
  full = true;
  for (const LaneRecord& record : waiting_) {
    if (count == rules_.records_max) return count;
    bytes += record.event_bytes;
    if (count > 0 && bytes > room) return count;
    if (count > 0 && rules_.tumbling_window > milliseconds(0) &&
        window_of(record.arrival) != window_of(waiting_.front().arrival)) {
      return count;
    }
    ++count;
  }
  full = count == rules_.records_max || bytes >= room;
  return count;
}

std::optional<Step> Lane::gather(Now now) {
  if (waiting_.empty()) {
    if (ended_) {
      finished_ = true;
      done_ = read_to_;
      note_durable();
      return Ended{};
    }
    return look_or_sleep(now);
  }
  if (rules_.tumbling_window > milliseconds(0) && !window_) {
    window_ = OpenWindow{.window = window_for(waiting_.front().arrival)};
    window_->window.first = waiting_.front().place;
  }
  if (!gathering_since_) gathering_since_ = now.steady;
  bool full = false;
  const std::size_t count = fitting(full);
  const SteadyTime due = *gathering_since_ + rules_.batching_window;
  const bool waited = now.steady >= due;
  // Without a batching window, what is there is taken; but what is known to be there is read first.
  const bool more_at_hand = !at_tip_ && !ended_ && (rules_.batching_window == milliseconds(0) || !waited);
  if (!full && more_at_hand && !hurried_) return ReadMore{.from = read_to_};
  if (full || ended_ || waited || hurried_ || window_is_over(now)) {
    hurried_ = false;
    take_batch(count);
    return std::nullopt;
  }
  milliseconds rest = std::chrono::ceil<milliseconds>(due - now.steady);
  if (window_) {
    rest = std::clamp(window_settled() - now.wall, milliseconds(1), rest);
  }
  return Sleep{.at_most = rest};
}

Step Lane::look_or_sleep(Now now) const {
  if (!at_tip_) return ReadMore{.from = read_to_};
  if (!window_) return Sleep{};
  if (now.wall < window_settled()) return Sleep{.at_most = window_settled() - now.wall};
  return ReadMore{.from = read_to_};  // the look at the shard after which the window may end
}

/// The batch that failed before a restart, with the records that it had.
std::optional<Step> Lane::gather_planned() {
  const PlannedBatch planned = plan_.front();
  if (read_to_ < planned.end && !ended_) return ReadMore{.from = read_to_};
  std::size_t count = 0;
  while (count < waiting_.size() && waiting_[count].place < planned.end) ++count;
  plan_.pop_front();
  if (count == 0) return std::nullopt;
  take_batch(count);
  Batch& batch = batches_.front();
  batch.retries = planned.retries;
  batch.invocations = planned.invocations;
  batch.planned = true;
  return std::nullopt;
}

void Lane::take_batch(std::size_t count) {
  Batch batch;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  batch.records.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  for (const LaneRecord& record : batch.records) waiting_bytes_ -= record.event_bytes;
  batches_.push_front(std::move(batch));
  gathering_since_.reset();
}

std::optional<Step> Lane::expire(Now now) {
  const Batch& batch = batches_.front();
  const auto too_old = [&](const LaneRecord& record) {
    return record.arrival < horizon_ || (rules_.age_max && now.wall - record.arrival > *rules_.age_max);
  };
  std::size_t count = 0;
  while (count < batch.records.size() && too_old(batch.records[count])) ++count;
  discarding_ = 0;
  if (count == 0) {
    const bool exhausted = batch.retries > rules_.retries_max.value_or(batch.retries);
    if (!exhausted) return std::nullopt;
    count = batch.records.size();
  }
  discarding_ = count;
  return Discard{.records = std::span(batch.records).first(count),
                 .reason = too_old(batch.records.front()) ? DiscardReason::too_old : DiscardReason::retries_exhausted,
                 .invocations = batch.invocations,
                 .last = batch.last ? &*batch.last : nullptr};
}

void Lane::on_page(LanePage page, Now now) {
  for (LaneRecord& record : page.records) {
    waiting_bytes_ += record.event_bytes;
    waiting_.push_back(std::move(record));
  }
  read_to_ = page.next;
  at_tip_ = page.at_tip;
  ended_ = page.ended;
  horizon_ = std::max(horizon_, page.horizon);
  if (at_tip_) tip_seen_ = now.wall;
  failures_in_row_ = batches_.empty() ? 0 : failures_in_row_;
  not_before_.reset();
  note_durable();
}

bool Lane::on_no_memory() {
  hurried_ = !waiting_.empty() && plan_.empty();
  return hurried_;
}

void Lane::on_answer(BatchAnswer answer, Now now) {
  not_before_.reset();
  if (ending_window_) {
    if (!answer.succeeded) return back_off(now);
    failures_in_row_ = 0;
    if (window_->must_end_early) {
      window_ =
          OpenWindow{.window = {.start = window_->window.start, .length = window_->window.length, .first = done_}};
    } else {
      window_.reset();
    }
    return note_durable();
  }
  Batch& batch = batches_.front();
  ++batch.invocations;
  batch.last = answer;
  const std::size_t good = answer.succeeded ? batch.records.size() : answer.first_failed.value_or(0);
  if (window_ && answer.state && good > 0) {
    window_->window.state = std::move(*answer.state);
    window_->must_end_early = window_->window.state.size() > kStateBytesMax;
  }
  if (good > 0) failures_in_row_ = 0;
  if (answer.succeeded) return settle_front(good);
  if (good > 0) {
    // The batch goes on with the record that failed. While bisecting that is a split at this record.
    if (!rules_.bisects) ++batch.retries;
    batch.planned = true;
    settle_front(good);
    return back_off(now);
  }
  fail_batch(now);
}

void Lane::fail_batch(Now now) {
  Batch& batch = batches_.front();
  batch.planned = true;
  if (rules_.bisects && batch.records.size() > 1) {
    split_front();
  } else {
    ++batch.retries;
    if (batch.retries <= rules_.retries_max.value_or(batch.retries)) back_off(now);
  }
  note_durable();
}

void Lane::split_front() {
  Batch second = std::move(batches_.front());
  batches_.pop_front();
  Batch first{.records = {},
              .retries = second.retries,
              .invocations = second.invocations,
              .planned = true,
              .last = second.last};
  const auto middle = second.records.begin() + static_cast<std::ptrdiff_t>((second.records.size() + 1) / 2);
  first.records.assign(std::make_move_iterator(second.records.begin()), std::make_move_iterator(middle));
  second.records.erase(second.records.begin(), middle);
  batches_.push_front(std::move(second));
  batches_.push_front(std::move(first));
}

void Lane::on_not_invoked(Now now) { back_off(now); }

void Lane::on_failed_step(Now now) { back_off(now); }

void Lane::on_discarded() {
  failures_in_row_ = 0;
  not_before_.reset();
  settle_front(discarding_);
}

void Lane::back_off(Now now) {
  constexpr int kDoublingsMax = 20;
  const auto grown = rules_.backoff_first * (1LL << std::min(failures_in_row_, kDoublingsMax));
  ++failures_in_row_;
  not_before_ = now.steady + std::min<milliseconds>(grown, rules_.backoff_max);
}

/// The first records of the first batch are done with.
void Lane::settle_front(std::size_t count) {
  Batch& batch = batches_.front();
  done_ = after(batch.records[count - 1].place);
  batch.records.erase(batch.records.begin(), batch.records.begin() + static_cast<std::ptrdiff_t>(count));
  if (batch.records.empty()) batches_.pop_front();
  note_durable();
}

/// What a restart may begin from. While a state that is too large waits for its window's early end, that is what stood
/// before the batch that made it.
void Lane::note_durable() {
  if (window_ && window_->must_end_early) return;
  // A lane that holds nothing has seen to everything that it has read, records of other lanes included.
  if (batches_.empty() && waiting_.empty()) done_ = std::max(done_, read_to_);
  durable_.done = done_;
  durable_.ended = finished_;
  durable_.window = window_ ? std::optional(window_->window) : std::nullopt;
  durable_.plan.clear();
  for (const Batch& batch : batches_) {
    if (!batch.planned) break;
    durable_.plan.push_back(
        {.end = after(batch.records.back().place), .retries = batch.retries, .invocations = batch.invocations});
  }
  durable_.plan.insert(durable_.plan.end(), plan_.begin(), plan_.end());
}

}  // namespace penstock::consumers
