#pragma once
/// How far a mapping has come in a shard: the catalog document of its lanes. Pure.
/// A window's state, which may have 1 MiB, is a document of its own beside it; both change in one commit.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/lane.h"
#include "core/result.h"
#include "stream/sequence_number.h"

namespace penstock::consumers {

struct ShardCheckpoint {
  std::uint64_t revision = 0;  ///< of the mapping, when it was made
  std::vector<LaneCheckpoint> lanes;
  [[nodiscard]] bool ended() const;
  bool operator==(const ShardCheckpoint&) const = default;
};

/// What the lanes of a mapping begin with. Another number of lanes begins where the slowest of the old ones stands, or
/// where the first of their open windows began: its records are handed over again, into windows of the new lanes;
/// batches that had failed are kept only for the very mapping they failed in.
[[nodiscard]] std::vector<LaneCheckpoint> resume_lanes(const ShardCheckpoint& from, std::uint64_t revision,
                                                       std::size_t lanes);

/// JSON without the states of windows (a lane whose window has a state says so).
[[nodiscard]] std::string encode_checkpoint(const ShardCheckpoint& checkpoint);
/// The windows' states are "{}". Errors: corrupt.
[[nodiscard]] Result<ShardCheckpoint> decode_checkpoint(std::string_view json);

/// ".../<mapping>/<stream uid>/shardId-000000000000"; the same with "/<lane>" for a window's state.
[[nodiscard]] std::string checkpoint_prefix(std::string_view mapping_uuid);
[[nodiscard]] std::string checkpoint_prefix(std::string_view mapping_uuid, std::string_view stream_uid);
[[nodiscard]] std::string checkpoint_key(std::string_view mapping_uuid, std::string_view stream_uid,
                                         stream::ShardIndex shard);
[[nodiscard]] std::string window_state_prefix(std::string_view mapping_uuid);
[[nodiscard]] std::string window_state_key(std::string_view mapping_uuid, std::string_view stream_uid,
                                           stream::ShardIndex shard, std::size_t lane);

}  // namespace penstock::consumers
