#include "consumers/shard_tree.h"

namespace penstock::consumers {

std::vector<stream::ShardIndex> readable_shards(const stream::StreamInfo& info,
                                                const std::set<stream::ShardIndex>& ended) {
  // A parent that is no longer listed has no records left.
  const auto is_over = [&](const std::optional<stream::ShardIndex>& parent) {
    return !parent || ended.contains(*parent) || info.shard(*parent) == nullptr;
  };
  std::vector<stream::ShardIndex> out;
  for (const stream::Shard& shard : info.shards) {
    if (!ended.contains(shard.index) && is_over(shard.parent) && is_over(shard.adjacent_parent)) {
      out.push_back(shard.index);
    }
  }
  return out;
}

}  // namespace penstock::consumers
