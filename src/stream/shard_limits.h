#pragma once
/// The throughput limits of shards, for those who switch them on.
/// Source: Kinesis Data Streams Developer Guide, "Quotas and limits": a shard takes up to 1,000 records and 1 MiB a
///         second, and gives up to 2 MiB in up to 5 transactions a second.
/// Threads: any.

#include <cstdint>
#include <map>

#include "core/clock.h"
#include "core/mutex.h"
#include "framelog/frame_log.h"

namespace penstock::stream {

class ShardLimits {
 public:
  /// Takes one record of `bytes` bytes from the shard's allowance; false (nothing taken) when it is used up. A record
  /// above a second's allowance passes when the allowance is full, and is paid off later.
  [[nodiscard]] bool take_write(framelog::ShardIndex shard, std::size_t bytes, SteadyTime now) EXCLUDES(mutex_);
  /// Takes one read; false when the shard was read too often, or gave too much of late.
  [[nodiscard]] bool take_read(framelog::ShardIndex shard, SteadyTime now) EXCLUDES(mutex_);
  /// What a read gave.
  void charge_read(framelog::ShardIndex shard, std::size_t bytes, SteadyTime now) EXCLUDES(mutex_);

 private:
  /// Holds up to a second's allowance; may be in debt.
  struct Bucket {
    double per_second;
    double left = per_second;
    SteadyTime filled{};
    void fill(SteadyTime now);
    [[nodiscard]] bool full() const { return left >= per_second; }
  };
  struct Allowance {
    Bucket write_records{.per_second = 1000};
    Bucket write_bytes{.per_second = 1U << 20U};
    Bucket reads{.per_second = 5};
    Bucket read_bytes{.per_second = 2U << 20U};
  };

  Mutex mutex_;
  std::map<framelog::ShardIndex, Allowance> shards_ GUARDED_BY(mutex_);  // bounded by the stream's shards
};

}  // namespace penstock::stream
