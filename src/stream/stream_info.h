#pragma once
/// What is known of a stream, as a value. Pure functions beside it; the catalog keeps it as JSON.
/// Source: Kinesis API Reference, StreamDescription, Shard.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "stream/hash_key.h"
#include "stream/sequence_number.h"
#include "stream/shard_metric_set.h"

namespace penstock::stream {

enum class StreamStatus : std::uint8_t { creating, active, updating, deleting };
[[nodiscard]] std::string_view to_string(StreamStatus status);  ///< "ACTIVE"

enum class StreamMode : std::uint8_t { provisioned, on_demand };
[[nodiscard]] std::string_view to_string(StreamMode mode);  ///< "ON_DEMAND"

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

/// The most that came in over one measured window of a day (counted from 1970-01-01, UTC), a second.
struct DailyPeak {
  std::int64_t day = 0;
  std::int64_t bytes_per_s = 0;
  std::int64_t records_per_s = 0;
  bool operator==(const DailyPeak&) const = default;
};

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
  StreamMode mode = StreamMode::provisioned;
  std::vector<Timestamp> mode_switches{};  ///< of the last 24 hours
  int warm_mibps = 0;                      ///< on-demand: what the stream is to take at once; 0 when never asked for
  std::vector<DailyPeak> peaks{};          ///< on-demand: of the last 30 days, the latest last
  Timestamp adapted{};                     ///< on-demand: when traffic changed its shards last
  ShardMetricSet shard_metrics{};          ///< what enhanced monitoring shows of each shard
  /// What is put is encrypted under this name of a key, as StartStreamEncryption gave it; empty: it is not.
  std::string encryption_key_id{};
  /// StartStreamEncryption with another key, and StopStreamEncryption, of the last 24 hours.
  std::vector<Timestamp> encryption_starts{};
  std::vector<Timestamp> encryption_stops{};
  bool operator==(const StreamInfo&) const = default;

  [[nodiscard]] StreamStatus status(Timestamp now) const;
  [[nodiscard]] bool is_gone(Timestamp now) const { return state == StreamStatus::deleting && now >= state_until; }
  [[nodiscard]] bool is_encrypted() const { return !encryption_key_id.empty(); }
  [[nodiscard]] const Shard* shard(ShardIndex index) const;
  /// The open shard that takes records of this hash key. Open shards always cover the whole range.
  [[nodiscard]] const Shard& route(HashKey key) const;
  [[nodiscard]] std::size_t open_shard_count() const;
  /// Records older than this are not given to readers, even where storage still holds them.
  [[nodiscard]] Timestamp trim_horizon(Timestamp now) const;
  /// A closed shard whose last record has expired: no longer listed.
  [[nodiscard]] bool is_expired(const Shard& shard, Timestamp now) const;
};

/// The shards with that index and those after it.
[[nodiscard]] std::span<const Shard> shards_from(const StreamInfo& info, std::uint32_t index);

/// Of one stream, the closed ones that are still readable counted.
inline constexpr std::size_t kShardsMax = 100'000;

// ---- resharding (Kinesis Data Streams Developer Guide, "Reshard a stream")
/// The shards of a new stream.
void create_shards(StreamInfo& info, std::uint32_t count, Timestamp now);
/// Closes an open shard; its children meet at `new_first` (the first key of the upper child), which lies inside it.
void split_shard(StreamInfo& info, ShardIndex shard, HashKey new_first, Timestamp now);
/// Closes two open shards, `upper`'s range following `lower`'s; gives their child.
ShardIndex merge_shards(StreamInfo& info, ShardIndex lower, ShardIndex upper, Timestamp now);
/// Splits and merges until exactly `target` open shards of equal size are left; shards that fit already stay open.
void scale_uniformly(StreamInfo& info, std::uint32_t target, Timestamp now);

// ---- the catalog documents (docs/formats/stream.md); StreamStore knows which shards lie where
/// Everything but the shards, JSON format 2.
[[nodiscard]] std::string encode_stream_document(const StreamInfo& info);
/// Format 1 has its shards inside. Errors: corrupt.
[[nodiscard]] Result<StreamInfo> decode_stream_document(std::string_view json);
[[nodiscard]] std::string encode_shard_document(std::span<const Shard> shards);
/// Errors: corrupt.
[[nodiscard]] Result<std::vector<Shard>> decode_shard_document(std::string_view json);

}  // namespace penstock::stream
