#pragma once
/// Where a segment's frames lie: for each shard the first and the last frame, and one entry for every 64 KiB of the
/// segment in which a frame of the shard begins. An entry leads to the first such frame; from there a reader walks.
/// Threads: one at a time (the log's mutex, or a sealed segment's index that nobody changes).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framelog/frame_log.h"

namespace penstock::framelog {

inline constexpr std::uint64_t kIndexChunkBytes = 64U << 10U;

/// A frame and where its header lies in its segment.
struct FramePlace {
  ShardIndex shard;
  Position position;
  Timestamp time;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  ///< of the payload
};

struct IndexEntry {
  Position position;
  Timestamp time;
  std::uint64_t offset = 0;
  auto operator<=>(const IndexEntry&) const = default;
};

struct ShardRange {
  Position first;
  Position last;
  Timestamp first_time;
  Timestamp last_time;
  std::vector<IndexEntry> entries;  ///< never empty
  bool operator==(const ShardRange&) const = default;
};

class SegmentIndex {
 public:
  /// Frames are added in the order in which they lie.
  void add(const FramePlace& frame);
  [[nodiscard]] const std::map<ShardIndex, ShardRange>& shards() const { return shards_; }
  [[nodiscard]] const ShardRange* find(ShardIndex shard) const;
  /// About what it takes in memory.
  [[nodiscard]] std::size_t memory_bytes() const;
  /// The newest frame's time; none if the segment holds no frame.
  [[nodiscard]] std::optional<Timestamp> time_last() const { return time_last_; }

  [[nodiscard]] std::string encode() const;
  /// What encode() gives.
  [[nodiscard]] std::size_t encoded_bytes() const;
  /// How many entries an index of so many bytes has.
  [[nodiscard]] static std::uint64_t entry_count(std::uint64_t encoded_bytes, std::uint64_t shard_count);
  /// Nothing if the bytes are no index. (Their checksum lies in the trailer.)
  [[nodiscard]] static std::optional<SegmentIndex> decode(std::string_view bytes);
  bool operator==(const SegmentIndex&) const = default;

 private:
  std::map<ShardIndex, ShardRange> shards_;
  std::optional<Timestamp> time_last_;
};

}  // namespace penstock::framelog
