#pragma once
/// What is known of a stream, as a value. Pure functions beside it; the catalog keeps it as JSON.
/// Source: Kinesis API Reference, StreamDescription, Shard.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "stream/hash_key.h"
#include "stream/sequence_number.h"

namespace penstock::stream {

enum class StreamStatus : std::uint8_t { creating, active, updating, deleting };
[[nodiscard]] std::string_view to_string(StreamStatus status);  ///< "ACTIVE"

/// Both ends belong to the range.
struct HashRange {
  HashKey first = 0;
  HashKey last = kHashKeyMax;
  bool operator==(const HashRange&) const = default;
};

struct Shard {
  ShardIndex index{};
  HashRange range{};
  Timestamp created{};  ///< later than its parents' by at least 1 ms; part of every sequence number
  std::optional<Timestamp> closed{};
  std::optional<ShardIndex> parent{};
  std::optional<ShardIndex> adjacent_parent{};  ///< the second parent of a merge
  [[nodiscard]] bool is_open() const { return !closed.has_value(); }
  bool operator==(const Shard&) const = default;
};

[[nodiscard]] std::string starting_sequence_number(const Shard& shard);
[[nodiscard]] std::string ending_sequence_number(const Shard& shard);

struct StreamInfo {
  std::string name;
  std::string uid;  ///< 32 hex digits, never used again; names the log
  Timestamp created{};
  /// The state entered last, and when it is over (creating, updating: ACTIVE then; deleting: gone then).
  StreamStatus state = StreamStatus::active;
  Timestamp state_until{};
  int retention_hours = 24;
  Timestamp readable_from{};  ///< nothing older comes back when the retention grows
  int record_kib_max = 1024;  ///< data and partition key of one record
  std::map<std::string, std::string> tags{};
  std::vector<Shard> shards{};  ///< by index; closed ones stay until their records have expired
  std::uint32_t next_shard_index = 0;
  std::vector<Timestamp> scalings{};  ///< UpdateShardCount calls of the last 24 hours
  bool operator==(const StreamInfo&) const = default;

  [[nodiscard]] StreamStatus status(Timestamp now) const;
  [[nodiscard]] bool is_gone(Timestamp now) const { return state == StreamStatus::deleting && now >= state_until; }
  [[nodiscard]] const Shard* shard(ShardIndex index) const;
  /// The open shard that takes records of this hash key. Open shards always cover the whole range.
  [[nodiscard]] const Shard& route(HashKey key) const;
  [[nodiscard]] std::size_t open_shard_count() const;
  /// Records older than this are not given to readers, even where storage still holds them.
  [[nodiscard]] Timestamp trim_horizon(Timestamp now) const;
  /// A closed shard whose last record has expired: no longer listed.
  [[nodiscard]] bool is_expired(const Shard& shard, Timestamp now) const;
};

// ---- resharding (Kinesis Data Streams Developer Guide, "Reshard a stream")
/// The shards of a new stream.
void create_shards(StreamInfo& info, std::uint32_t count, Timestamp now);
/// Closes an open shard; its children meet at `new_first` (the first key of the upper child), which lies inside it.
void split_shard(StreamInfo& info, ShardIndex shard, HashKey new_first, Timestamp now);
/// Closes two open shards, `upper`'s range following `lower`'s; gives their child.
ShardIndex merge_shards(StreamInfo& info, ShardIndex lower, ShardIndex upper, Timestamp now);
/// Splits and merges until exactly `target` open shards of equal size are left; shards that fit already stay open.
void scale_uniformly(StreamInfo& info, std::uint32_t target, Timestamp now);

// ---- the catalog document, JSON format 1
[[nodiscard]] std::string encode_stream_document(const StreamInfo& info);
/// Errors: corrupt.
[[nodiscard]] Result<StreamInfo> decode_stream_document(std::string_view json);

}  // namespace penstock::stream
