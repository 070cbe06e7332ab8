#include <fmt/format.h>

#include <atomic>

#include "services/house.h"
#include "services/kinesis/consumer_shapes.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/shard_subscription.h"

namespace penstock::services::kinesis {
namespace {

using stream::RecordPage;

/// The events of one subscription. Pulled by the answer: a page is read when the client can take it, and while there is
/// nothing to send the coroutine sleeps until the subscription's bell rings (records, the shard's end, a take-over) or
/// its one timer does (the idle event, the end of the subscription's life).
class ShardEvents final : public EventSource {
 public:
  ShardEvents(House& house, std::unique_ptr<stream::ShardSubscription> subscription)
      : house_(house), subscription_(std::move(subscription)), state_(subscription_->state()) {
    const stream::Settings& settings = house.streams.settings();
    const SteadyTime now = house.clock.steady();
    ends_ = now + settings.subscription_life;
    idle_event_ = now + settings.subscription_idle;
  }
  ~ShardEvents() override { house_.timers.cancel(timer_); }
  ShardEvents(const ShardEvents&) = delete;
  ShardEvents& operator=(const ShardEvents&) = delete;

  Task<std::optional<ApiResult<Event>>> next() override {
    sent_ = {};
    while (!done_ && !cancelled_) {
      if (last_event_) co_return finish(std::exchange(last_event_, std::nullopt));
      const SteadyTime now = house_.clock.steady();
      if (now >= ends_) break;
      auto page = co_await subscription_->read();
      if (!page && page.error().kind == ErrorKind::throttled) continue;  // there was no memory: it stands in line again
      if (!page) {
        subscription_->note_failed_event();
        co_return finish(to_api_error(page.error(), Plane::control));
      }
      if (!page->next) last_event_ = shard_end(*page);
      if (!page->records.empty()) {
        sent_ = std::move(page->memory);
        co_return give(*page);
      }
      if (last_event_) continue;
      if (now >= idle_event_) co_return give(*page);
      arm(now);
      co_await subscription_->wait();
    }
    done_ = true;
    co_return std::nullopt;
  }

  void cancel() override {
    cancelled_ = true;
    state_->bell.ring();
  }

 private:
  static Event as_event(SubscribeToShardEvent event) {
    return {.type = "SubscribeToShardEvent",
            .shape = &codec::shape_of<SubscribeToShardEvent>(),
            .value = detail::erase(std::move(event))};
  }

  std::optional<ApiResult<Event>> finish(std::optional<ApiResult<Event>> last) {
    done_ = true;
    return last;
  }

  /// An event with what the page has; nothing of it stays here.
  std::optional<ApiResult<Event>> give(const RecordPage& page) {
    const SteadyTime now = house_.clock.steady();
    idle_event_ = now + house_.streams.settings().subscription_idle;
    subscription_->note_event(page, now);
    SubscribeToShardEvent event;
    event.records = record_outputs(page);
    event.continuation_sequence_number =
        page.records.empty() ? subscription_->progress() : page.records.back().sequence_number.str();
    event.millis_behind_latest = page.millis_behind_latest;
    return as_event(std::move(event));
  }

  /// It has no ContinuationSequenceNumber: clients (the KCL, Flink) know the shard's end by that.
  static ApiResult<Event> shard_end(const RecordPage& page) {
    SubscribeToShardEvent event;
    event.child_shards = child_shards(page);
    return as_event(std::move(event));
  }

  /// One timer at a time, left to run when the deadline moves on: it then only finds that there is nothing to do.
  void arm(SteadyTime now) {
    const SteadyTime wanted = std::min(idle_event_, ends_);
    if (armed_until_ > now && armed_until_ <= wanted) return;
    house_.timers.cancel(timer_);
    armed_until_ = wanted;
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(wanted - now);
    timer_ = house_.timers.after(delay, [state = state_] { state->bell.ring(); });
  }

  House& house_;
  const std::unique_ptr<stream::ShardSubscription> subscription_;
  const std::shared_ptr<stream::SubscriptionState> state_;
  SteadyTime ends_{};
  SteadyTime idle_event_{};
  SteadyTime armed_until_{};
  TimerId timer_ = 0;
  std::optional<ApiResult<Event>> last_event_;
  MemoryCharge sent_;  ///< of the last event, until the client has taken it
  bool done_ = false;
  std::atomic<bool> cancelled_ = false;
};

stream::StartingPoint starting_point(StartingPosition position) {
  return {.type = iterator_type(position.type),
          .sequence_number = std::move(position.sequence_number),
          .timestamp = position.timestamp};
}

}  // namespace

// The consumer is the resource, and its policy is asked: the Developer Guide ("IAM permissions required for KCL
// consumer applications") lets SubscribeToShard be allowed on .../consumer/* alone, and shares a consumer by the policy
// on it.
Touched subscribe_resource(const CallContext& call, const void* input) {
  return touch_arns(call, {static_cast<const SubscribeToShardInput*>(input)->consumer_arn});
}

Answer<Empty> subscribe_to_shard(CallContext& call, SubscribeToShardInput input) {
  ConsumerReference reference{.consumer_arn = std::move(input.consumer_arn), .stream_id = std::move(input.stream_id)};
  PENSTOCK_CO_TRY(const FoundConsumer found, resolve_consumer(call, reference));
  const std::string& stream = found.stream.info->name;
  PENSTOCK_CO_TRY_VOID(check_active(call, stream, found.consumer));
  stream::StartingPoint start = starting_point(std::move(input.starting_position));
  if (input.dry_run.value_or(false)) {
    const auto made = co_await call.house.streams.make_iterator(stream, std::move(input.shard_id), std::move(start));
    if (!made) co_return to_api_error(made.error(), Plane::control);
    co_return dry_run_passed();
  }
  auto subscription =
      co_await call.house.streams.subscribe(stream, found.consumer.name, std::move(input.shard_id), std::move(start));
  if (!subscription) co_return to_api_error(subscription.error(), Plane::control);
  call.events = std::make_unique<ShardEvents>(call.house, *std::move(subscription));
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
