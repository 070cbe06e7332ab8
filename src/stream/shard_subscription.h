#pragma once
/// Enhanced fan-out: one consumer's standing in one shard, and who stands where.
///
///     auto page = co_await subscription->read();          // what is there now
///     if (page->records.empty()) co_await subscription->wait();   // until something may have changed
///
/// Guarantee: no change is missed between a read and the wait behind it: new records, the shard's or the stream's end,
///            the consumer's end, a take-over all end the wait. Nothing polls, and nothing accumulates for a reader
///            that does not read: a page is made when it is asked for.
/// Threads:   read and wait by one coroutine at a time; ring from any thread.
/// Source:    Kinesis API Reference, SubscribeToShard.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/task.h"
#include "framelog/frame_log.h"
#include "stream/bell.h"
#include "stream/stream_metrics.h"
#include "stream/streams.h"

namespace penstock::stream {

struct SubscriptionKey {
  std::string uid;  ///< of the stream
  std::string consumer;
  ShardIndex shard{};
  auto operator<=>(const SubscriptionKey&) const = default;
};

/// What others tell a subscription.
struct SubscriptionState {
  enum class End : std::uint8_t { none, taken_over, consumer_gone };
  std::atomic<End> end = End::none;
  Bell bell;
};

/// Who stands where: of one consumer, one subscription in a shard.
class SubscriptionBook {
 public:
  explicit SubscriptionBook(std::chrono::milliseconds takeover) : takeover_(takeover) {}

  /// Registers a subscription; an earlier one in the same place is ended.
  /// Errors: conflict when the earlier one was registered too short ago.
  [[nodiscard]] Result<std::shared_ptr<SubscriptionState>> enter(SubscriptionKey key, SteadyTime now) EXCLUDES(mutex_);
  /// Ends all of a consumer's.
  void end_consumer(std::string_view uid, std::string_view consumer) EXCLUDES(mutex_);
  /// How many are alive.
  [[nodiscard]] std::size_t count() const EXCLUDES(mutex_);
  /// Also those that ended and are not cleared away yet.
  [[nodiscard]] std::size_t entry_count() const EXCLUDES(mutex_);

 private:
  struct Entry {
    SteadyTime since{};
    std::weak_ptr<SubscriptionState> state;
  };
  void prune(SteadyTime now) REQUIRES(mutex_);

  const std::chrono::milliseconds takeover_;
  mutable Mutex mutex_;
  /// Bounded by the living subscriptions, and as many that ended.
  std::map<SubscriptionKey, Entry> entries_ GUARDED_BY(mutex_);
  std::size_t prune_at_ GUARDED_BY(mutex_) = 64;
};

class ShardSubscription {
 public:
  /// A page of an event: so much at most, but at least one record if there is one.
  static constexpr PageBounds kPage{.records_max = 10'000, .bytes_max = 1U << 20U};
  static constexpr std::size_t kPageWhenShort = 64U << 10U;  ///< bytes, while half of the memory for events is taken

  /// `streams` outlives it. The log is the stream's own.
  ShardSubscription(Streams& streams, std::shared_ptr<LiveStream> stream, std::string consumer, ShardIterator start,
                    Timestamp shard_created, std::shared_ptr<SubscriptionState> state,
                    std::shared_ptr<framelog::FrameLog> log);

  /// The next records, none when there is nothing new. No `next` in the page: the shard has ended.
  /// Errors: missing (the stream, the shard or the consumer is gone), conflict (another subscription took over),
  ///         unavailable, corrupt.
  Task<Result<RecordPage>> read();
  Task<void> wait() { return state_->bell.wait(); }
  [[nodiscard]] std::shared_ptr<SubscriptionState> state() const { return state_; }

  /// For the metrics: a page went out as an event; an event could not be made.
  void note_event(const RecordPage& page, SteadyTime now) const;
  void note_failed_event() const { metrics_->events_failed.add(); }

  /// What read has given, as a sequence number: reading at or after it goes on behind that.
  [[nodiscard]] std::string progress() const;
  [[nodiscard]] const ShardIterator& position() const { return at_; }

 private:
  Streams& streams_;
  const std::shared_ptr<LiveStream> stream_;
  const std::string consumer_;
  const std::shared_ptr<ConsumerMetrics> metrics_;
  ShardIterator at_;
  const Timestamp shard_created_;
  const std::shared_ptr<SubscriptionState> state_;
  const std::shared_ptr<framelog::FrameLog> log_;
  const std::unique_ptr<framelog::Subscription> appends_;
};

}  // namespace penstock::stream
