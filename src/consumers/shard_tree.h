#pragma once
/// Which shards of a stream may be read now: a child only after its parents, so that a key's records stay in order over
/// reshardings. Pure.

#include <set>
#include <vector>

#include "stream/stream_info.h"

namespace penstock::consumers {

/// In the order of their indices. `ended`: those whose every record is settled.
[[nodiscard]] std::vector<stream::ShardIndex> readable_shards(const stream::StreamInfo& info,
                                                              const std::set<stream::ShardIndex>& ended);

}  // namespace penstock::consumers
