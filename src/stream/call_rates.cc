#include "stream/call_rates.h"

#include <algorithm>

namespace penstock::stream {

bool CallRates::take(const std::string& key, double per_second, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (buckets_.size() >= kKeysMax && !buckets_.contains(key)) {
    std::erase_if(buckets_, [now](const auto& entry) { return now - entry.second.filled > std::chrono::seconds(1); });
    if (buckets_.size() >= kKeysMax) return false;
  }
  Bucket& bucket = buckets_[key];
  if (now > bucket.filled) {
    const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.missing = std::max(0.0, bucket.missing - seconds * per_second);
    bucket.filled = now;
  }
  if (bucket.missing + 1 > per_second + 1e-6) return false;
  bucket.missing += 1;
  return true;
}

}  // namespace penstock::stream
