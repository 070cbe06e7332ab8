#include "stream/shard_metric_set.h"

#include <algorithm>

namespace penstock::stream {

bool ShardMetricSet::add(std::string_view name) {
  if (name == "ALL") {
    *this = all();
    return true;
  }
  const auto* found = std::ranges::find(kShardMetricNames, name);
  if (found == kShardMetricNames.end()) return false;
  add(static_cast<ShardMetric>(found - kShardMetricNames.begin()));
  return true;
}

std::vector<std::string_view> ShardMetricSet::names() const {
  std::vector<std::string_view> chosen;
  for (std::size_t i = 0; i < kShardMetricNames.size(); ++i) {
    if (has(static_cast<ShardMetric>(i))) chosen.push_back(kShardMetricNames[i]);
  }
  return chosen;
}

}  // namespace penstock::stream
