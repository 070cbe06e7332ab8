#include "stream/closing_time.h"

#include <algorithm>

namespace penstock::stream {

Task<Timestamp> newest_arrival(std::shared_ptr<LiveStream> stream) {
  Timestamp newest{};
  const auto log = stream->log();
  if (!log) co_return newest;
  const auto snapshot = stream->snapshot();
  for (const Shard* shard : snapshot->open) {
    // Behind the tip there is nothing to read: this only asks for the tip's time.
    const framelog::Position behind((*log)->tip(shard->index).get() + 1);
    const auto page = co_await (*log)->read(shard->index, behind, {.frames_max = 1});
    if (page) newest = std::max(newest, page->shard_tip_time);
  }
  co_return newest;
}

void close_no_earlier(const StreamInfo& before, StreamInfo& after, Timestamp newest) {
  for (Shard& shard : after.shards) {
    const Shard* was = before.shard(shard.index);
    const bool is_closed_now = shard.closed.has_value() && was != nullptr && was->is_open();
    if (is_closed_now) shard.closed = std::max(*shard.closed, newest);
  }
}

}  // namespace penstock::stream
