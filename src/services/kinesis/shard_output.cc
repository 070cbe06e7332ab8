#include "services/kinesis/shard_output.h"

namespace penstock::services::kinesis {

HashKeyRange hash_key_range(const stream::HashRange& range) {
  return {.starting_hash_key = stream::format_hash_key(range.first),
          .ending_hash_key = stream::format_hash_key(range.last)};
}

ShardOutput shard_output(const stream::Shard& shard) {
  ShardOutput out;
  out.shard_id = stream::format_shard_id(shard.index);
  if (shard.parent) out.parent_shard_id = stream::format_shard_id(*shard.parent);
  if (shard.adjacent_parent) out.adjacent_parent_shard_id = stream::format_shard_id(*shard.adjacent_parent);
  out.hash_key_range = hash_key_range(shard.range);
  out.sequence_number_range.starting_sequence_number = stream::starting_sequence_number(shard);
  if (!shard.is_open()) out.sequence_number_range.ending_sequence_number = stream::ending_sequence_number(shard);
  return out;
}

}  // namespace penstock::services::kinesis
