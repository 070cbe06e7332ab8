#pragma once
/// From the stream room's values to the API's.

#include "services/kinesis/stream_shapes.h"
#include "stream/stream_info.h"

namespace penstock::services::kinesis {

[[nodiscard]] ShardOutput shard_output(const stream::Shard& shard);
[[nodiscard]] HashKeyRange hash_key_range(const stream::HashRange& range);

}  // namespace penstock::services::kinesis
