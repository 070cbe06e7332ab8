#pragma once
/// When a shard counts as closed: never before its newest record arrived. A log's times do not go back when the clock
/// does; without this, a shard that was closed then would expire, and hide records, before their retention is over.
/// Threads: any.

#include <memory>

#include "core/task.h"
#include "stream/live_stream.h"
#include "stream/stream_info.h"

namespace penstock::stream {

/// Of the open shards' newest records, the latest. No put may be under way.
Task<Timestamp> newest_arrival(std::shared_ptr<LiveStream> stream);

/// For the shards that are open in `before` and closed in `after`.
void close_no_earlier(const StreamInfo& before, StreamInfo& after, Timestamp newest);

}  // namespace penstock::stream
