#pragma once
/// How often callers call: a token bucket a key, holding a second's calls.
/// Threads: any. Bounds: kKeysMax keys; when there are more, those that nobody has used for a second go.

#include <cstddef>
#include <map>
#include <string>

#include "core/clock.h"
#include "core/mutex.h"

namespace penstock::stream {

class CallRates {
 public:
  static constexpr std::size_t kKeysMax = 10'000;

  /// Takes one call; false when there were `per_second` of that key in the last second.
  [[nodiscard]] bool take(const std::string& key, double per_second, SteadyTime now) EXCLUDES(mutex_);

 private:
  struct Bucket {
    double missing = 0;
    SteadyTime filled{};
  };
  Mutex mutex_;
  std::map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
};

}  // namespace penstock::stream
