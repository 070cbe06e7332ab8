#pragma once
/// Where in a group's log which events lie: blocks of consecutive event frames, with the span of times and the streams
/// of each. It is small (one block for kBlockBytes of frames), so that reading a stretch of time opens only the blocks
/// that may hold some of it. Blocks that are complete are kept in the log itself, as index frames.
/// Threads: guarded by its owner.

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "logs/event_frame.h"

namespace penstock::logs {

inline constexpr std::uint64_t kBlockBytes = 256U << 10U;

/// What is known of a stream's events.
struct StreamTimes {
  Timestamp first{};
  Timestamp last{};
  Timestamp taken{};
};

class EventIndex {
 public:
  explicit EventIndex(std::uint64_t block_bytes = kBlockBytes) : block_bytes_(block_bytes) {}
  struct Frame {
    std::uint64_t position = 0;
    Timestamp taken{};
    StreamId stream = 0;
    Timestamp first{};  ///< of its events
    Timestamp last{};
    std::uint64_t bytes = 0;
  };
  /// A frame that became durable. Frames may be noted out of order, as long as none is left out of a block: complete()
  /// is called only when every frame up to the newest noted one has been noted.
  void note(const Frame& frame);
  /// The block that is open, when it is large enough: it is complete from now on, and to be written down.
  [[nodiscard]] std::optional<Block> complete();
  /// A block that was read back from its index frame. False when it does not follow what is known: it is of no use.
  bool restore(Block block);
  /// Forgets blocks whose frames all came in before `time`.
  void trim_before(Timestamp time);

  /// Blocks that may hold events of any of the streams (empty: of all) from `first` to `last`, both included.
  [[nodiscard]] std::vector<Block> find(const std::vector<StreamId>& streams, Timestamp first, Timestamp last) const;
  [[nodiscard]] std::optional<StreamTimes> times_of(StreamId stream) const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Of the newest frame that is known.
  [[nodiscard]] std::uint64_t last_position() const;

 private:
  void note_stream(const StreamSpan& span);

  const std::uint64_t block_bytes_;
  std::deque<Block> complete_;  ///< in the order of positions
  std::optional<Block> open_;
  std::uint64_t bytes_ = 0;
  std::map<StreamId, StreamTimes> streams_;
};

}  // namespace penstock::logs
