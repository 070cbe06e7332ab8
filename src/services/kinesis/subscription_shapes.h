#pragma once
/// SubscribeToShard's request and its event. Source: Kinesis API Reference, SubscribeToShard, SubscribeToShardEvent.

#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/kinesis/record_shapes.h"

namespace penstock::services::kinesis {

struct StartingPosition {
  std::string type{};
  std::optional<std::string> sequence_number{};
  std::optional<Timestamp> timestamp{};
};

struct SubscribeToShardInput {
  std::string consumer_arn{};
  std::string shard_id{};
  StartingPosition starting_position{};
  std::optional<std::string> stream_id{};
  std::optional<bool> dry_run{};
};

struct SubscribeToShardEvent {
  std::vector<RecordOutput> records{};
  /// Absent in the last event of a closed shard: that is how clients know it.
  std::optional<std::string> continuation_sequence_number{};
  std::int64_t millis_behind_latest = 0;
  std::optional<std::vector<ChildShard>> child_shards{};
};

const codec::Shape& describe(const StartingPosition*);
const codec::Shape& describe(const SubscribeToShardInput*);
const codec::Shape& describe(const SubscribeToShardEvent*);

}  // namespace penstock::services::kinesis
