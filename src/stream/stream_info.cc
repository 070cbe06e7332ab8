#include "stream/stream_info.h"

#include <algorithm>

namespace penstock::stream {

std::string_view to_string(StreamStatus status) {
  switch (status) {
    case StreamStatus::creating: return "CREATING";
    case StreamStatus::active: return "ACTIVE";
    case StreamStatus::updating: return "UPDATING";
    case StreamStatus::deleting: return "DELETING";
  }
  return "";
}

std::string_view to_string(StreamMode mode) { return mode == StreamMode::on_demand ? "ON_DEMAND" : "PROVISIONED"; }

std::string starting_sequence_number(const Shard& shard) {
  return format_sequence_number({.shard_created = shard.created, .shard = shard.index, .position = Position{0}});
}

std::string ending_sequence_number(const Shard& shard) {
  return format_sequence_number({.shard_created = shard.created, .shard = shard.index, .position = kAfterAll});
}

StreamStatus StreamInfo::status(Timestamp now) const {
  if (state == StreamStatus::deleting) return state;
  return now < state_until ? state : StreamStatus::active;
}

const Shard* StreamInfo::shard(ShardIndex index) const {
  const auto found = std::ranges::lower_bound(shards, index, {}, &Shard::index);
  return found != shards.end() && found->index == index ? &*found : nullptr;
}

std::span<const Shard> shards_from(const StreamInfo& info, std::uint32_t index) {
  const auto first = std::ranges::lower_bound(info.shards, ShardIndex{index}, {}, &Shard::index);
  return std::span(info.shards).subspan(static_cast<std::size_t>(first - info.shards.begin()));
}

const Shard& StreamInfo::route(HashKey key) const {
  for (const Shard& shard : shards) {
    if (shard.is_open() && shard.range.first <= key && key <= shard.range.last) return shard;
  }
  fatal("open shards do not cover the hash range", __FILE__, __LINE__);
}

std::size_t StreamInfo::open_shard_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(shards, &Shard::is_open));
}

Timestamp StreamInfo::trim_horizon(Timestamp now) const {
  return std::max(readable_from, now - std::chrono::hours(retention_hours));
}

bool StreamInfo::is_expired(const Shard& shard, Timestamp now) const {
  return shard.closed.has_value() && *shard.closed < trim_horizon(now);
}

}  // namespace penstock::stream
