#include "services/kinesis/subscription_shapes.h"

#include "services/kinesis/consumer_shapes.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const StartingPosition*) {
  static const Shape shape =
      ShapeBuilder<StartingPosition>("StartingPosition")
          .field("Type", &StartingPosition::type,
                 {.required = true,
                  .one_of = {"AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"}})
          .field("SequenceNumber", &StartingPosition::sequence_number, {.pattern = "0|([1-9]\\d{0,128})"})
          .field("Timestamp", &StartingPosition::timestamp)
          .build();
  return shape;
}

const Shape& describe(const SubscribeToShardInput*) {
  static const Shape shape =
      ShapeBuilder<SubscribeToShardInput>("SubscribeToShardInput")
          .field("ConsumerARN", &SubscribeToShardInput::consumer_arn,
                 {.required = true, .length = {1, 2048}, .pattern = kConsumerArnPattern})
          .field("ShardId", &SubscribeToShardInput::shard_id, name_rules(true))
          .field("StartingPosition", &SubscribeToShardInput::starting_position, {.required = true})
          .field("StreamId", &SubscribeToShardInput::stream_id, stream_id_rules())
          .field("DryRun", &SubscribeToShardInput::dry_run)
          .build();
  return shape;
}

const Shape& describe(const SubscribeToShardEvent*) {
  static const Shape shape =
      ShapeBuilder<SubscribeToShardEvent>("SubscribeToShardEvent")
          .field("Records", &SubscribeToShardEvent::records)
          .field("ContinuationSequenceNumber", &SubscribeToShardEvent::continuation_sequence_number)
          .field("MillisBehindLatest", &SubscribeToShardEvent::millis_behind_latest)
          .field("ChildShards", &SubscribeToShardEvent::child_shards)
          .build();
  return shape;
}

}  // namespace penstock::services::kinesis
