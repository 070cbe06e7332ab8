#include "stream/shard_traffic.h"

namespace penstock::stream {

void ShardTraffic::note(std::span<const Arrivals> arrivals) {
  const MutexLock lock(mutex_);
  for (const Arrivals& arrival : arrivals) {
    Count& count = counts_[arrival.shard];
    count.bytes += arrival.bytes;
    count.records += arrival.records;
  }
}

std::optional<ShardRates> ShardTraffic::end_window(SteadyTime now, std::chrono::milliseconds window) {
  const MutexLock lock(mutex_);
  if (!began_) {
    began_ = now;
    counts_.clear();
    return std::nullopt;
  }
  const auto lasted = now - *began_;
  if (lasted < window || lasted.count() == 0) return std::nullopt;
  const double seconds = std::chrono::duration<double>(lasted).count();
  ShardRates rates;
  for (const auto& [shard, count] : counts_) {
    rates[shard] = {.bytes_per_s = static_cast<double>(count.bytes) / seconds,
                    .records_per_s = static_cast<double>(count.records) / seconds};
  }
  counts_.clear();
  began_ = now;
  last_ = rates;
  return rates;
}

ShardRates ShardTraffic::last() const {
  const MutexLock lock(mutex_);
  return last_;
}

}  // namespace penstock::stream
