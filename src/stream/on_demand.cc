#include "stream/on_demand.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace penstock::stream {
namespace {

// What one shard takes a second, and from where on AWS splits it.
constexpr double kShardBytes = 1U << 20U;
constexpr double kShardRecords = 1000;
constexpr double kHotBytes = 500'000;
constexpr double kHotRecords = 500;
// Neighbours whose sum would soon be split again are not merged.
constexpr double kColdShare = 0.25;
constexpr std::int64_t kPeakDays = 30;
constexpr double kPeakGrowth = 1.1;  // peaks are noted when they grow by a tenth
constexpr std::chrono::hours kMergeAfter{24};

std::int64_t day_of(Timestamp time) { return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count(); }

/// The share of a shard's throughput.
double share(const ShardRate& rate) {
  return std::max(rate.bytes_per_s / kShardBytes, rate.records_per_s / kShardRecords);
}

bool is_hot(const ShardRate& rate) { return rate.bytes_per_s > kHotBytes || rate.records_per_s > kHotRecords; }

ShardRate sum(const ShardRate& a, const ShardRate& b) {
  return {.bytes_per_s = a.bytes_per_s + b.bytes_per_s, .records_per_s = a.records_per_s + b.records_per_s};
}

ShardRate rate_of(const ShardRates& rates, ShardIndex shard) {
  const auto found = rates.find(shard);
  return found == rates.end() ? ShardRate{} : found->second;
}

double shards_for(double bytes_per_s, double records_per_s) {
  return std::ceil(std::max(2 * bytes_per_s / kShardBytes, 2 * records_per_s / kShardRecords));
}

struct Splittable {
  ShardRate rate;
  HashRange range;
  ShardIndex index;
  /// The hottest first; without traffic, the widest.
  friend bool operator<(const Splittable& a, const Splittable& b) {
    const double heat_a = share(a.rate);
    const double heat_b = share(b.rate);
    if (heat_a < heat_b || heat_b < heat_a) return heat_a < heat_b;
    if (a.range.last - a.range.first != b.range.last - b.range.first) {
      return a.range.last - a.range.first < b.range.last - b.range.first;
    }
    return b.index < a.index;
  }
};

bool split_hottest(StreamInfo& info, const ShardRates& rates, std::uint32_t wanted, Timestamp now) {
  std::priority_queue<Splittable> queue;
  std::uint32_t open = 0;
  for (const Shard& shard : info.shards) {
    if (!shard.is_open()) continue;
    ++open;
    queue.push({.rate = rate_of(rates, shard.index), .range = shard.range, .index = shard.index});
  }
  bool changed = false;
  while (!queue.empty()) {
    const Splittable hottest = queue.top();
    queue.pop();
    if (open >= wanted && !(is_hot(hottest.rate) && open < std::uint64_t{wanted} * 2)) break;
    const HashRange& range = hottest.range;
    const HashKey half = (range.last - range.first) / 2;
    if (half == 0) continue;
    const HashKey middle = range.first + half + 1;
    split_shard(info, hottest.index, middle, now);
    const ShardRate rate{.bytes_per_s = hottest.rate.bytes_per_s / 2, .records_per_s = hottest.rate.records_per_s / 2};
    const std::uint32_t upper = info.next_shard_index - 1;
    queue.push({.rate = rate, .range = {.first = range.first, .last = middle - 1}, .index = ShardIndex{upper - 1}});
    queue.push({.rate = rate, .range = {.first = middle, .last = range.last}, .index = ShardIndex{upper}});
    ++open;
    changed = true;
  }
  return changed;
}

struct Pair {
  double heat;
  HashKey width;
  std::size_t lower;  ///< in hash order; its neighbour follows
};

/// One pass over all neighbours. False when nothing could be merged.
bool merge_coldest(StreamInfo& info, ShardRates& rates, std::uint32_t wanted, Timestamp now) {
  std::vector<Shard> open;
  for (const Shard& shard : info.shards) {
    if (shard.is_open()) open.push_back(shard);
  }
  std::ranges::sort(open, {}, [](const Shard& shard) { return shard.range.first; });
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i + 1 < open.size(); ++i) {
    const double heat = share(sum(rate_of(rates, open[i].index), rate_of(rates, open[i + 1].index)));
    if (heat <= kColdShare) {
      pairs.push_back({.heat = heat, .width = open[i + 1].range.last - open[i].range.first, .lower = i});
    }
  }
  std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
    if (a.heat < b.heat || b.heat < a.heat) return a.heat < b.heat;
    return a.width != b.width ? a.width < b.width : a.lower < b.lower;
  });
  std::vector<bool> taken(open.size());
  std::size_t left = open.size();
  for (const Pair& pair : pairs) {
    if (left <= wanted) break;
    if (taken[pair.lower] || taken[pair.lower + 1]) continue;
    taken[pair.lower] = taken[pair.lower + 1] = true;
    const ShardIndex lower = open[pair.lower].index;
    const ShardIndex upper = open[pair.lower + 1].index;
    rates[merge_shards(info, lower, upper, now)] = sum(rate_of(rates, lower), rate_of(rates, upper));
    --left;
  }
  return left < open.size();
}

}  // namespace

bool note_peak(StreamInfo& info, const ShardRates& rates, Timestamp now) {
  ShardRate total;
  for (const auto& [shard, rate] : rates) total = sum(total, rate);
  const std::int64_t today = day_of(now);
  std::erase_if(info.peaks, [today](const DailyPeak& peak) { return peak.day <= today - kPeakDays; });
  if (shards_for(total.bytes_per_s, total.records_per_s) <= kOnDemandShardsMin) return false;
  if (info.peaks.empty() || info.peaks.back().day != today) info.peaks.push_back({.day = today});
  DailyPeak& peak = info.peaks.back();
  const bool grew = total.bytes_per_s > static_cast<double>(peak.bytes_per_s) * kPeakGrowth ||
                    total.records_per_s > static_cast<double>(peak.records_per_s) * kPeakGrowth;
  peak.bytes_per_s = std::max(peak.bytes_per_s, static_cast<std::int64_t>(total.bytes_per_s));
  peak.records_per_s = std::max(peak.records_per_s, static_cast<std::int64_t>(total.records_per_s));
  return grew;
}

std::uint32_t wanted_shards(const StreamInfo& info, std::uint32_t warm_mibps, std::uint32_t shards_max, Timestamp now) {
  double wanted = kOnDemandShardsMin;
  for (const DailyPeak& peak : info.peaks) {
    if (peak.day <= day_of(now) - kPeakDays) continue;
    wanted =
        std::max(wanted, shards_for(static_cast<double>(peak.bytes_per_s), static_cast<double>(peak.records_per_s)));
  }
  const double most = std::max(shards_max, kOnDemandShardsMin);
  return std::max(static_cast<std::uint32_t>(std::min(wanted, most)), warm_mibps);
}

bool adapt_shards(StreamInfo& info, const ShardRates& rates, std::uint32_t wanted, MayMerge merging, Timestamp now) {
  bool changed = split_hottest(info, rates, wanted, now);
  const bool may_merge =
      merging == MayMerge::at_once || (merging == MayMerge::after_a_day && now - info.adapted >= kMergeAfter);
  if (!changed && may_merge) {
    ShardRates estimated = rates;
    while (info.open_shard_count() > wanted && merge_coldest(info, estimated, wanted, now)) changed = true;
  }
  if (changed) info.adapted = now;
  return changed;
}

}  // namespace penstock::stream
