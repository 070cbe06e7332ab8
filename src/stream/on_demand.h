#pragma once
/// How the shards of an on-demand stream follow its traffic. Pure.
/// Source: Kinesis Data Streams Developer Guide, "Choose the right mode to stream in": a stream takes up to double the
///         peak write throughput of the last 30 days; a shard that takes more than 500 KB a second is split evenly; new
///         streams take 4 MB a second. AWS does it within 15 minutes; here it takes a window (Settings). How AWS gives
///         capacity back is not documented: here shards are merged a day after the last change, down to what the peak
///         of the last 30 days asks for.

#include <cstdint>

#include "stream/shard_traffic.h"
#include "stream/stream_info.h"

namespace penstock::stream {

inline constexpr std::uint32_t kOnDemandShardsMin = 4;

/// Keeps the day's peak. True when it grew by enough to be worth a commit: peaks that ask for no more than
/// kOnDemandShardsMin shards are not kept.
bool note_peak(StreamInfo& info, const ShardRates& rates, Timestamp now);

/// How many shards the peaks of the last 30 days ask for, and `warm_mibps` of them in any case; at most `shards_max`.
[[nodiscard]] std::uint32_t wanted_shards(const StreamInfo& info, std::uint32_t warm_mibps, std::uint32_t shards_max,
                                          Timestamp now);

enum class MayMerge : std::uint8_t { never, after_a_day, at_once };

/// Splits the hottest shards until there are `wanted`, and hot ones further (up to twice `wanted`, so that one hot key
/// does not split for ever); or, as `merging` allows, merges the coldest neighbours until there are `wanted`. True when
/// anything changed.
bool adapt_shards(StreamInfo& info, const ShardRates& rates, std::uint32_t wanted, MayMerge merging, Timestamp now);

}  // namespace penstock::stream
