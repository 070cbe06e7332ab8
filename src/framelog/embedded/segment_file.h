#pragma once
/// The life of a segment file: prepared (zero-filled, so that a later fdatasync commits no metadata), written, sealed
/// (cut to what it holds, its index and a trailer behind), dropped.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/segment_index.h"
#include "os/file_system.h"

namespace penstock::framelog {

/// A segment as its log knows it. Until it is sealed its index is at hand; then it lies in the file alone, and comes
/// from the store's IndexCache.
struct Segment {
  std::uint64_t number = 0;
  std::uint32_t seed = 0;
  std::string path;
  std::shared_ptr<os::File> file;       ///< kept open only until it is sealed
  std::uint64_t data_end = 0;           ///< everything before it is durable
  std::uint64_t next_sequence = 0;      ///< of the group that follows data_end
  std::uint64_t next_position = 0;      ///< of the frame that follows
  std::unique_ptr<SegmentIndex> index;  ///< none once it is sealed
  std::uint64_t index_bytes = 0;        ///< of its index in the file, once it is sealed
  int sort_attempts_left = 3;
  bool sorted = false;  ///< by shard; the file has the other name
  /// Once the index was looked at; the frames' newest time, and which shards have some here.
  struct Summary {
    std::optional<Timestamp> time_last;
    std::vector<ShardIndex> shards;  ///< ascending
  };
  std::optional<Summary> summary;
};

/// A segment that nothing was written to yet, durably zero up to `capacity`.
struct PreparedSegment {
  std::uint64_t number = 0;
  std::uint32_t seed = 0;
  std::string path;
  std::shared_ptr<os::File> file;
  std::uint64_t capacity = 0;
};

inline constexpr std::size_t kDiskBlockBytes = 4096;

/// Multiples of kDiskBlockBytes.
struct SegmentSize {
  std::uint64_t bytes_min = 0;     ///< what it must hold
  std::uint64_t bytes_wanted = 0;  ///< what it gets where the disk has plenty
};

/// Makes a segment file and its name durable. Nothing is left behind on failure, and a disk that has no room for it is
/// not written at all. Errors: unavailable.
Result<PreparedSegment> prepare_segment(os::FileSystem& files, const std::string& directory, std::uint64_t salt,
                                        std::uint64_t number, SegmentSize size);

/// Whether so many more bytes may be written that nobody waits for, leaving what is kept for others.
Result<bool> has_room(os::FileSystem& files, const std::string& directory, std::uint64_t bytes);

/// What a sealed segment's tail says.
struct SealedTail {
  Trailer trailer;
  SegmentIndex index;
};

/// Cuts the file to its data and appends the index (which is at hand) and the trailer, durably.
Result<void> seal_segment(os::File& file, const Segment& segment);

/// The trailer, if the segment is sealed and it is whole; the index need not be.
Result<std::optional<Trailer>> read_trailer(os::File& file, std::uint32_t seed);
/// The index and the trailer, if the segment is sealed and they are whole.
Result<std::optional<SealedTail>> read_sealed_tail(os::File& file, std::uint32_t seed);

}  // namespace penstock::framelog
