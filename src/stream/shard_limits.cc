#include "stream/shard_limits.h"

#include <algorithm>

namespace penstock::stream {

void ShardLimits::Bucket::fill(SteadyTime now) {
  if (now > filled) {
    const double seconds = std::chrono::duration<double>(now - filled).count();
    left = std::min(per_second, left + seconds * per_second);
    filled = now;
  }
}

bool ShardLimits::take_write(framelog::ShardIndex shard, std::size_t bytes, SteadyTime now) {
  const MutexLock lock(mutex_);
  Allowance& allowance = shards_[shard];
  allowance.write_records.fill(now);
  allowance.write_bytes.fill(now);
  const auto wanted = static_cast<double>(bytes);
  if (allowance.write_records.left < 1) return false;
  if (allowance.write_bytes.left < wanted && !allowance.write_bytes.full()) return false;
  allowance.write_records.left -= 1;
  allowance.write_bytes.left -= wanted;
  return true;
}

bool ShardLimits::take_read(framelog::ShardIndex shard, SteadyTime now) {
  const MutexLock lock(mutex_);
  Allowance& allowance = shards_[shard];
  allowance.reads.fill(now);
  allowance.read_bytes.fill(now);
  if (allowance.reads.left < 1 || allowance.read_bytes.left <= 0) return false;
  allowance.reads.left -= 1;
  return true;
}

void ShardLimits::charge_read(framelog::ShardIndex shard, std::size_t bytes, SteadyTime now) {
  const MutexLock lock(mutex_);
  Bucket& bucket = shards_[shard].read_bytes;
  bucket.fill(now);
  bucket.left -= static_cast<double>(bytes);
}

}  // namespace penstock::stream
