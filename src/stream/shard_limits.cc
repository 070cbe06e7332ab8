#include "stream/shard_limits.h"

#include <algorithm>

namespace penstock::stream {
namespace {

constexpr double kRounding = 1e-6;

std::optional<double> rate_of(const Limit& limit) {
  const auto value = limit.value();
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

}  // namespace

ShardLimits::ShardLimits(const Limits& limits)
    : write_records_(rate_of(limits.shard_write_records)),
      write_bytes_(rate_of(limits.shard_write_bytes)),
      read_calls_(rate_of(limits.shard_read_calls)),
      read_bytes_(rate_of(limits.shard_read_bytes)) {}

void ShardLimits::Bucket::fill(double per_second, SteadyTime now) {
  if (now <= filled) return;
  missing = std::max(0.0, missing - std::chrono::duration<double>(now - filled).count() * per_second);
  filled = now;
}

bool ShardLimits::take_write(ShardIndex shard, std::size_t bytes, SteadyTime now) {
  const MutexLock lock(mutex_);
  Allowance& allowance = shards_[shard];
  const auto wanted = static_cast<double>(bytes);
  if (write_records_) {
    allowance.write_records.fill(*write_records_, now);
    if (allowance.write_records.missing + 1 > *write_records_ + kRounding) return false;
  }
  if (write_bytes_) {
    allowance.write_bytes.fill(*write_bytes_, now);
    const double missing = allowance.write_bytes.missing;
    if (missing > 0 && missing + wanted > *write_bytes_) return false;
    allowance.write_bytes.missing += wanted;
  }
  if (write_records_) allowance.write_records.missing += 1;
  return true;
}

bool ShardLimits::take_read(ShardIndex shard, SteadyTime now) {
  if (!read_calls_ && !read_bytes_) return true;
  const MutexLock lock(mutex_);
  Allowance& allowance = shards_[shard];
  if (read_bytes_) {
    allowance.read_bytes.fill(*read_bytes_, now);
    if (now < allowance.read_blocked_until || allowance.read_bytes.missing >= *read_bytes_) return false;
  }
  if (read_calls_) {
    allowance.reads.fill(*read_calls_, now);
    if (allowance.reads.missing + 1 > *read_calls_ + kRounding) return false;
    allowance.reads.missing += 1;
  }
  return true;
}

void ShardLimits::charge_read(ShardIndex shard, std::size_t bytes, SteadyTime now) {
  if (!read_bytes_) return;
  const MutexLock lock(mutex_);
  Allowance& allowance = shards_[shard];
  allowance.read_bytes.fill(*read_bytes_, now);
  const auto given = static_cast<double>(bytes);
  allowance.read_bytes.missing += given;
  if (given > *read_bytes_) {
    allowance.read_blocked_until =
        now + std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(given / *read_bytes_));
  }
}

bool ShardLimits::take_iterator(ShardIndex shard, SteadyTime now) {
  if (!read_calls_) return true;
  const MutexLock lock(mutex_);
  Bucket& iterators = shards_[shard].iterators;
  iterators.fill(*read_calls_, now);
  if (iterators.missing + 1 > *read_calls_ + kRounding) return false;
  iterators.missing += 1;
  return true;
}

void ShardLimits::keep_only(const StreamInfo& info) {
  const MutexLock lock(mutex_);
  std::erase_if(shards_, [&info](const auto& entry) { return info.shard(entry.first) == nullptr; });
}

}  // namespace penstock::stream
