#pragma once
/// Reads one shard for one mapping: drives its lanes, each a coroutine, hands batches to the function, sends what is
/// given up to the destination, and makes progress durable.
/// Guarantee: what Lane guarantees, over restarts; the reader ends when the shard's end is settled and durable, or when
///            it was told to stop: then what is under way is finished first.
/// Threads:   start and stop from any thread; the rest runs on one executor.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumers/checkpoint_writer.h"
#include "consumers/kinesis_event.h"
#include "consumers/lane.h"
#include "consumers/mapping.h"
#include "consumers/mapping_progress.h"
#include "consumers/parts.h"
#include "consumers/record_filter.h"
#include "stream/bell.h"
#include "stream/shard_subscription.h"

namespace penstock::consumers {

/// What the readers of one mapping have in common, as the mapping is at a revision.
struct MappingRun {
  const ConsumerParts& parts;
  Mapping mapping;
  SourceName source;
  RecordFilter filter;
  std::shared_ptr<MappingProgress> progress;
};

/// The lane that a partition key belongs to.
[[nodiscard]] std::size_t lane_of(std::string_view partition_key, std::size_t lanes);

class ShardReader : public std::enable_shared_from_this<ShardReader> {
 public:
  struct Start {
    std::shared_ptr<const MappingRun> run;
    std::string stream_uid;
    stream::ShardIndex shard{};
    ShardCheckpoint checkpoint;  ///< as many lanes as the mapping wants
  };
  /// `on_end` is called on the executor, once: true when the shard's end was reached.
  ShardReader(Start start, Executor& executor, std::function<void(bool shard_ended)> on_end);
  void start();
  void stop();

 private:
  struct Page {
    stream::RecordPage records;
    Place next;
    bool at_tip = false;
    bool ended = false;
  };
  struct LaneState {
    std::optional<Lane> lane;  ///< none once the reader has ended: with it go the records that it held
    const std::shared_ptr<stream::Bell> bell = std::make_shared<stream::Bell>();
  };

  static Task<void> run(std::shared_ptr<ShardReader> self);
  Task<bool> run_lanes();
  Task<bool> run_lane(std::size_t index);
  Task<void> step(std::size_t index, const Step& step);
  Task<void> read(std::size_t index, Place from);
  Task<Result<std::shared_ptr<const Page>>> read_page(std::size_t index, Place from);
  Task<Result<stream::RecordPage>> fetch(Place from);
  [[nodiscard]] bool memory_is_over(std::size_t quarters) const;
  [[nodiscard]] LanePage page_for(std::size_t index, const std::shared_ptr<const Page>& page) const;
  Task<void> invoke(std::size_t index, const InvokeBatch& batch);
  [[nodiscard]] BatchAnswer judge(const functions::InvocationResult& result, const InvokeBatch& batch) const;
  Task<void> discard(std::size_t index, const Discard& discard);
  [[nodiscard]] functions::DestinationRecord discarded_record(const Discard& discard) const;
  Task<void> sleep(std::size_t index, std::optional<milliseconds> at_most);
  Task<Result<void>> prepare();
  Task<Result<void>> subscribe();
  [[nodiscard]] Result<void> refresh_role();
  void ring_all();
  [[nodiscard]] Now now() const;
  [[nodiscard]] Timestamp horizon() const;
  void report(const Error& error);

  const std::shared_ptr<const MappingRun> run_;
  const ConsumerParts& parts_;
  const std::string stream_uid_;
  const stream::ShardIndex shard_;
  Executor& executor_;
  const std::function<void(bool)> on_end_;
  std::atomic<bool> stopping_ = false;
  EventOrigin origin_;
  std::vector<std::unique_ptr<LaneState>> lanes_;
  std::shared_ptr<CheckpointWriter> checkpoints_;
  std::map<Place, std::weak_ptr<const Page>> pages_;  ///< that lanes hold; bounded by them
  std::unique_ptr<stream::ShardSubscription> subscription_;
  std::unique_ptr<framelog::Subscription> watch_;
};

}  // namespace penstock::consumers
