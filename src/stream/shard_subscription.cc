#include "stream/shard_subscription.h"

#include <fmt/format.h>

#include <algorithm>

#include "stream/live_stream.h"

namespace penstock::stream {

Result<std::shared_ptr<SubscriptionState>> SubscriptionBook::enter(SubscriptionKey key, SteadyTime now) {
  auto state = std::make_shared<SubscriptionState>();
  std::shared_ptr<SubscriptionState> earlier;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      if (now - found->second.since < takeover_) {
        return fail(ErrorKind::conflict,
                    fmt::format("Another active subscription exists for this consumer: consumer {}, shard {}. A "
                                "subscription can be taken over {} ms after it began.",
                                key.consumer, format_shard_id(key.shard), takeover_.count()));
      }
      earlier = found->second.state.lock();
      found->second = {.since = now, .state = state};
    } else {
      if (entries_.size() >= prune_at_) prune(now);
      entries_.emplace(std::move(key), Entry{.since = now, .state = state});
    }
  }
  if (earlier) {
    earlier->end = SubscriptionState::End::taken_over;
    earlier->bell.ring();
  }
  return state;
}

void SubscriptionBook::prune(SteadyTime now) {
  std::erase_if(entries_,
                [&](const auto& item) { return item.second.state.expired() && now - item.second.since >= takeover_; });
  prune_at_ = std::max<std::size_t>(64, entries_.size() * 2);
}

void SubscriptionBook::end_consumer(std::string_view uid, std::string_view consumer) {
  std::vector<std::shared_ptr<SubscriptionState>> ended;
  {
    const MutexLock lock(mutex_);
    SubscriptionKey first{.uid = std::string(uid), .consumer = std::string(consumer), .shard = ShardIndex{0}};
    auto at = entries_.lower_bound(first);
    while (at != entries_.end() && at->first.uid == uid && at->first.consumer == consumer) {
      if (auto state = at->second.state.lock()) ended.push_back(std::move(state));
      at = entries_.erase(at);
    }
  }
  for (const auto& state : ended) {
    state->end = SubscriptionState::End::consumer_gone;
    state->bell.ring();
  }
}

std::size_t SubscriptionBook::count() const {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& item) { return !item.second.state.expired(); }));
}

std::size_t SubscriptionBook::entry_count() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

ShardSubscription::ShardSubscription(Streams& streams, std::shared_ptr<LiveStream> stream, std::string consumer,
                                     ShardIterator start, Timestamp shard_created,
                                     std::shared_ptr<SubscriptionState> state, std::shared_ptr<framelog::FrameLog> log)
    : streams_(streams),
      stream_(std::move(stream)),
      consumer_(std::move(consumer)),
      metrics_(stream_->metrics().consumer(consumer_)),
      at_(std::move(start)),
      shard_created_(shard_created),
      state_(std::move(state)),
      log_(std::move(log)),
      appends_(log_->watch(at_.shard, [told = state_](Position) { told->bell.ring(); })) {}

Task<Result<RecordPage>> ShardSubscription::read() {
  switch (state_->end) {
    case SubscriptionState::End::none: break;
    case SubscriptionState::End::taken_over:
      co_return fail(ErrorKind::conflict,
                     fmt::format("Another subscription of consumer {} to shard {} of stream {} took over.", consumer_,
                                 format_shard_id(at_.shard), at_.stream_name));
    case SubscriptionState::End::consumer_gone:
      co_return fail(ErrorKind::missing,
                     fmt::format("Consumer {} of stream {} was deregistered.", consumer_, at_.stream_name));
  }
  MemoryBudget* const budget = streams_.settings().events;
  PageBounds bounds = kPage;
  // Clients that do not read hold their events: what is left is shared out in small pieces.
  if (budget != nullptr && budget->bytes() > budget->bytes_max() / 2) bounds.bytes_max = kPageWhenShort;
  auto page = co_await streams_.read_page(at_, bounds, budget);
  if (page.has_value() && page->next) at_ = *page->next;
  co_return page;
}

void ShardSubscription::note_event(const RecordPage& page, SteadyTime now) const {
  metrics_->events.add();
  metrics_->behind.note(page.millis_behind_latest, now);
  if (page.records.empty()) return;
  metrics_->event_bytes.add(page.bytes);
  metrics_->event_records.add(page.records.size());
  const auto snapshot = stream_->snapshot();
  ShardMetrics* shard = snapshot->shard_metrics ? snapshot->shard_metrics->find(at_.shard) : nullptr;
  if (shard == nullptr) return;
  shard->outgoing_bytes.add(page.bytes);
  shard->outgoing_records.add(page.records.size());
}

std::string ShardSubscription::progress() const {
  SequenceNumber number{.shard_created = shard_created_, .shard = at_.shard};
  if (at_.index > 0) {
    number.position = at_.position;
    number.index = static_cast<std::uint16_t>(at_.index - 1);
  } else if (at_.position.get() > 0) {
    // No record has this index (kFrameRecordsMax): the number stands behind the whole frame, whether there is one.
    number.position = Position{at_.position.get() - 1};
    number.index = UINT16_MAX;
  }
  return format_sequence_number(number);
}

Task<Result<std::unique_ptr<ShardSubscription>>> Streams::subscribe(std::string name, std::string consumer,
                                                                    std::string shard_id, StartingPoint start) {
  PENSTOCK_CO_TRY(ShardIterator from, co_await make_iterator(name, std::move(shard_id), std::move(start)));
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  const auto info = stream->info();
  const Shard* shard = info->shard(from.shard);
  if (info->uid != from.uid || shard == nullptr) co_return not_found(name);
  const Timestamp shard_created = shard->created;
  PENSTOCK_CO_TRY(auto log, stream->log());
  const auto metrics = stream->metrics().consumer(consumer);
  auto entered = subscriptions_->enter({.uid = from.uid, .consumer = consumer, .shard = from.shard}, clock_.steady());
  (entered ? metrics->subscriptions : metrics->rate_exceeded).add();
  PENSTOCK_CO_TRY(auto state, std::move(entered));
  stream->bells().add(std::shared_ptr<Bell>(state, &state->bell));
  co_return std::make_unique<ShardSubscription>(*this, stream, std::move(consumer), std::move(from), shard_created,
                                                std::move(state), std::move(log));
}

Task<Result<void>> Streams::remove_consumer(std::string name, std::string consumer) {
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  const std::string uid = stream->info()->uid;
  PENSTOCK_CO_TRY_VOID(co_await consumers_->remove(uid, name, consumer));
  subscriptions_->end_consumer(uid, consumer);
  stream->metrics().forget_consumer(consumer);
  co_return Result<void>{};
}

}  // namespace penstock::stream
