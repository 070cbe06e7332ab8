#pragma once
/// The throughput limits of a stream's shards, for those who switch them on.
/// Source: Kinesis Data Streams Developer Guide, "Quotas and limits": a shard takes up to 1,000 records and 1 MiB a
///         second, and gives up to 2 MiB in up to 5 transactions a second; after a call that returned 10 MiB, calls
///         within the next 5 seconds are refused.
/// Threads: any. Time: an allowance builds up for a second at most.

#include <cstdint>
#include <map>
#include <optional>

#include "core/clock.h"
#include "core/mutex.h"
#include "framelog/frame_log.h"
#include "stream/limits.h"
#include "stream/stream_info.h"

namespace penstock::stream {

class ShardLimits {
 public:
  explicit ShardLimits(const Limits& limits);

  [[nodiscard]] bool limits_writes() const { return write_records_ || write_bytes_; }
  /// Takes one record of `bytes` bytes from the shard's allowance; false (nothing taken) when it is used up. A record
  /// above a second's allowance passes when the allowance is full, and is paid off later.
  [[nodiscard]] bool take_write(ShardIndex shard, std::size_t bytes, SteadyTime now) EXCLUDES(mutex_);
  /// Takes one read; false when the shard was read too often, or gave too much of late.
  [[nodiscard]] bool take_read(ShardIndex shard, SteadyTime now) EXCLUDES(mutex_);
  /// What a read gave. More than a second's allowance blocks the shard until all of it is paid off.
  void charge_read(ShardIndex shard, std::size_t bytes, SteadyTime now) EXCLUDES(mutex_);
  /// Takes one GetShardIterator, which has the limit of read calls for itself.
  [[nodiscard]] bool take_iterator(ShardIndex shard, SteadyTime now) EXCLUDES(mutex_);
  /// Forgets shards that are no more.
  void keep_only(const StreamInfo& info) EXCLUDES(mutex_);

 private:
  using Rate = std::optional<double>;  // a second; none: unlimited
  /// Holds up to a second's allowance; may be in debt.
  struct Bucket {
    double missing = 0;
    SteadyTime filled{};
    void fill(double per_second, SteadyTime now);
  };
  struct Allowance {
    Bucket write_records;
    Bucket write_bytes;
    Bucket reads;
    Bucket iterators;
    Bucket read_bytes;
    SteadyTime read_blocked_until{};
  };

  const Rate write_records_;
  const Rate write_bytes_;
  const Rate read_calls_;
  const Rate read_bytes_;
  Mutex mutex_;
  std::map<ShardIndex, Allowance> shards_ GUARDED_BY(mutex_);  // bounded by the stream's shards (keep_only)
};

}  // namespace penstock::stream
