#pragma once
/// Storage for streams. It knows nothing of records: it keeps frames, opaque byte blocks, each belonging to one shard
/// of one stream. Engines: embedded/ (this machine's disk); jetstream/ comes later. One contract suite holds both.
///
/// Words:   a Position names a frame. Positions grow within a stream's log (so also within a shard) and are never
///          used again, not after a crash either; 0 is before every frame. They are otherwise opaque: there are gaps.
/// Threads: every function may be called from any thread; Tasks complete on the awaiting coroutine's executor.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/strong.h"
#include "core/task.h"

namespace penstock::framelog {

using ShardIndex = Strong<struct ShardIndexTag, std::uint32_t>;
using Position = Strong<struct PositionTag, std::uint64_t>;

inline constexpr std::size_t kFrameBytesMax = 16U << 20U;
inline constexpr Position kBeforeAll{0};

/// What an acknowledged append survives.
enum class Durability : std::uint8_t {
  kOnDisk,      ///< power loss of this machine
  kReplicated,  ///< loss of a minority of machines
};

struct Appended {
  Position position;
  Timestamp time;  ///< when the log took the frame; never decreases along positions
};

struct StoredFrame {
  Position position;
  Timestamp time;
  std::shared_ptr<const std::string> bytes;  ///< shared with the tip cache: do not copy needlessly
};

struct ReadLimits {
  std::size_t frames_max = 1000;
  std::size_t bytes_max = kFrameBytesMax;  ///< a page holds at least one frame if there is one
};

struct FramePage {
  std::vector<StoredFrame> frames;
  bool at_tip = false;  ///< no durable frame of the shard lay behind the page when it was made
  Position shard_tip;   ///< the last durable frame of the shard, kBeforeAll if none
  Timestamp shard_tip_time{};
};

/// Ends the watch when destroyed; after that the callback is not running and will not run.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class FrameLog {
 public:
  virtual ~FrameLog() = default;

  [[nodiscard]] virtual Durability promise() const = 0;

  /// Appends one frame to a shard and completes when promise() holds for it.
  /// Order:  the frame takes its place when the task starts: frames of one shard whose appends were started one after
  ///         the other are read back in that order; a frame is readable only once it is durable.
  /// Errors: unavailable = not written (disk full, log poisoned, too much waiting); outcome_unknown = may appear later.
  /// Bounds: 0 < frame.size() <= kFrameBytesMax (invalid otherwise).
  virtual Task<Result<Appended>> append(ShardIndex shard, std::string frame) = 0;

  /// Frames of the shard with position >= `from`, in order. Positions already trimmed are skipped silently.
  /// Errors: corrupt (names the segment and offset), once the whole frames before it have been given; unavailable.
  virtual Task<Result<FramePage>> read(ShardIndex shard, Position from, ReadLimits limits) = 0;

  /// The page that `read` would give, where that takes neither waiting nor memory: its frames are in a cache, which
  /// shares them. Nothing: ask `read`.
  [[nodiscard]] virtual std::optional<FramePage> read_cached(ShardIndex /*shard*/, Position /*from*/,
                                                             ReadLimits /*limits*/) {
    return std::nullopt;
  }

  /// The first frame of the shard whose time is >= `time`; if there is none, one past the shard's last position.
  virtual Task<Result<Position>> position_at(ShardIndex shard, Timestamp time) = 0;

  /// The newest durable frame ever appended to the shard, kBeforeAll if none.
  [[nodiscard]] virtual Position tip(ShardIndex shard) = 0;

  /// Frees storage of frames older than `time`, where that can be done by dropping whole segments. Frames younger
  /// than `time` are never dropped; older ones may stay: readers that must not see them filter by time.
  virtual Task<Result<void>> trim_before(Timestamp time) = 0;

  /// Calls `on_append` after frames of the shard became readable (once for a group, never concurrently with itself).
  /// It runs on a storage thread: it must only post work.
  [[nodiscard]] virtual std::unique_ptr<Subscription> watch(ShardIndex shard,
                                                            std::function<void(Position last)> on_append) = 0;
};

/// Owns all logs. A log is named by an id that is never used again: [0-9a-z-]{1,64}.
class FrameLogStore {
 public:
  virtual ~FrameLogStore() = default;
  /// Errors: conflict when it exists.
  virtual Result<std::shared_ptr<FrameLog>> create(const std::string& log_id) = 0;
  /// Opens (recovers) an existing log; the same object for the same id. Errors: missing, corrupt.
  virtual Result<std::shared_ptr<FrameLog>> open(const std::string& log_id) = 0;
  /// Deletes the log and its storage; appends under way fail with unavailable. Fine if it is gone already.
  virtual Result<void> remove(const std::string& log_id) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;
};

}  // namespace penstock::framelog
