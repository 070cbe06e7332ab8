#include <algorithm>
#include <optional>
#include <tuple>

#include "stream/stream_info.h"

namespace penstock::stream {
namespace {

constexpr std::chrono::milliseconds kInstant{1};

Shard& open_shard(StreamInfo& info, ShardIndex index) {
  const auto found = std::ranges::lower_bound(info.shards, index, {}, &Shard::index);
  PENSTOCK_ASSERT(found != info.shards.end() && found->index == index && found->is_open());
  return *found;
}

ShardIndex add_shard(StreamInfo& info, Shard shard) {
  shard.index = ShardIndex{info.next_shard_index++};
  info.shards.push_back(shard);
  return shard.index;
}

std::vector<Shard> open_in_hash_order(const StreamInfo& info) {
  std::vector<Shard> open;
  for (const Shard& shard : info.shards) {
    if (shard.is_open()) open.push_back(shard);
  }
  std::ranges::sort(open, {}, [](const Shard& shard) { return shard.range.first; });
  return open;
}

}  // namespace

void create_shards(StreamInfo& info, std::uint32_t count, Timestamp now) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const HashKey last = i + 1 == count ? kHashKeyMax : uniform_range_start(i + 1, count) - 1;
    add_shard(info, {.range = {.first = uniform_range_start(i, count), .last = last}, .created = now});
  }
}

void split_shard(StreamInfo& info, ShardIndex index, HashKey new_first, Timestamp now) {
  Shard& parent = open_shard(info, index);
  PENSTOCK_ASSERT(parent.range.first < new_first && new_first <= parent.range.last);
  const Timestamp created = std::max(now, parent.created + kInstant);
  parent.closed = created;
  const HashRange range = parent.range;  // `parent` moves when shards are added
  add_shard(info, {.range = {.first = range.first, .last = new_first - 1}, .created = created, .parent = index});
  add_shard(info, {.range = {.first = new_first, .last = range.last}, .created = created, .parent = index});
}

ShardIndex merge_shards(StreamInfo& info, ShardIndex lower, ShardIndex upper, Timestamp now) {
  Shard& first = open_shard(info, lower);
  Shard& second = open_shard(info, upper);
  PENSTOCK_ASSERT(first.range.last != kHashKeyMax && first.range.last + 1 == second.range.first);
  const Timestamp created = std::max({now, first.created + kInstant, second.created + kInstant});
  first.closed = created;
  second.closed = created;
  return add_shard(info, {.range = {.first = first.range.first, .last = second.range.last},
                          .created = created,
                          .parent = lower,
                          .adjacent_parent = upper});
}

// In hash order, one new range after the other: what lies between two new boundaries is joined, and a shard that a
// boundary runs through is split just before. So AWS does it (README, "UpdateShardCount").
void scale_uniformly(StreamInfo& info, std::uint32_t target, Timestamp now) {
  PENSTOCK_ASSERT(target > 0);
  const std::vector<Shard> old = open_in_hash_order(info);
  std::size_t next = 0;       // of `old`
  Shard piece = old[next++];  // the first that belongs to no new range yet
  const auto cut = [&](const Shard& shard, HashKey last) -> std::pair<Shard, Shard> {
    split_shard(info, shard.index, last + 1, now);
    return {*(info.shards.end() - 2), info.shards.back()};
  };
  for (std::uint32_t i = 0; i < target; ++i) {
    const HashKey last = i + 1 == target ? kHashKeyMax : uniform_range_start(i + 1, target) - 1;
    std::optional<Shard> rest;
    if (piece.range.last > last) std::tie(piece, rest) = cut(piece, last);
    while (piece.range.last != last) {
      Shard neighbour = old[next++];
      if (neighbour.range.last > last) std::tie(neighbour, rest) = cut(neighbour, last);
      merge_shards(info, piece.index, neighbour.index, now);
      piece = info.shards.back();
    }
    if (rest) {
      piece = *rest;
    } else if (next < old.size()) {
      piece = old[next++];
    }
  }
  PENSTOCK_ASSERT(next == old.size());
}

}  // namespace penstock::stream
