#pragma once
/// What comes in on each shard, counted over one window after the other: what on-demand scaling looks at.
/// Threads: any.

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "core/clock.h"
#include "core/mutex.h"
#include "stream/sequence_number.h"

namespace penstock::stream {

/// A second, over a window.
struct ShardRate {
  double bytes_per_s = 0;
  double records_per_s = 0;
};
using ShardRates = std::map<ShardIndex, ShardRate>;

class ShardTraffic {
 public:
  struct Arrivals {
    ShardIndex shard;
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
  };
  void note(std::span<const Arrivals> arrivals) EXCLUDES(mutex_);

  /// The rates of the window that ends now, when it has lasted `window` or more; the next one begins. nullopt before.
  [[nodiscard]] std::optional<ShardRates> end_window(SteadyTime now, std::chrono::milliseconds window) EXCLUDES(mutex_);
  /// The rates of the last window that ended.
  [[nodiscard]] ShardRates last() const EXCLUDES(mutex_);

 private:
  struct Count {
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
  };
  mutable Mutex mutex_;
  std::optional<SteadyTime> began_ GUARDED_BY(mutex_);
  std::map<ShardIndex, Count> counts_ GUARDED_BY(mutex_);  // bounded by the shards that were open in the window
  ShardRates last_ GUARDED_BY(mutex_);
};

}  // namespace penstock::stream
