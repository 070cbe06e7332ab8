#pragma once
/// The newest frames of all logs, within one bound of bytes: consumers at the tip read no disk. The frame that was
/// stored first leaves first, so what is cached of a shard is always its newest frames without a gap.
/// Threads: any. Bounds: `bytes_max`, counting 128 bytes for a frame's bookkeeping.

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/mutex.h"
#include "framelog/frame_log.h"

namespace penstock::framelog {

/// The cached frames of one shard; only TipCache looks inside.
struct CachedShard {
  std::deque<StoredFrame> frames;
};

class TipCache {
 public:
  explicit TipCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  struct Arrival {
    std::shared_ptr<CachedShard> shard;
    StoredFrame frame;
  };
  /// Frames of one shard must arrive in order and without a gap.
  void add(std::vector<Arrival> arrivals) EXCLUDES(mutex_);

  /// Frames from `from` to `through` as the limits allow; nothing if an older frame than the cached ones may be wanted.
  std::optional<std::vector<StoredFrame>> read(const CachedShard& shard, Position from, Position through,
                                               ReadLimits limits) EXCLUDES(mutex_);

  /// Forgets the frames of a shard that lie before `before`.
  void forget(CachedShard& shard, Position before) EXCLUDES(mutex_);

  [[nodiscard]] std::size_t bytes() const EXCLUDES(mutex_);

 private:
  struct Token {
    std::shared_ptr<CachedShard> shard;
    Position position;
  };
  void pop_front(CachedShard& shard) REQUIRES(mutex_);

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::deque<Token> oldest_first_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::framelog
