// What changes a stream's shards on demand of a caller: UpdateShardCount, SplitShard, MergeShards.
#include <fmt/format.h>

#include <algorithm>

#include "stream/closing_time.h"
#include "stream/live_stream.h"
#include "stream/streams.h"

namespace penstock::stream {
namespace {

Result<void> check_closed_shards(const StreamInfo& info, std::string_view account) {
  if (info.shards.size() <= kShardsMax) return {};
  return fail(ErrorKind::throttled, fmt::format("Stream {} under account {} would have more than {} shards, the closed "
                                                "ones counted; those go when their records expire.",
                                                info.name, account, kShardsMax));
}

}  // namespace

// Kinesis API Reference, UpdateShardCount: its limits.
Result<void> Streams::check_scaling(const StreamInfo& info, std::uint32_t target, Timestamp now) const {
  const auto open = static_cast<std::uint32_t>(info.open_shard_count());
  const auto counts = fmt::format("Current open shard count: {}, Target shard count: {}", open, target);
  const Limits& limits = settings_.limits;
  const std::uint64_t elsewhere = open_shard_count() - open;
  for (const auto& [limit, count] : {std::pair(&limits.shards_per_stream, std::uint64_t{target}),
                                     std::pair(&limits.open_shards, elsewhere + target)}) {
    if (limit->allows(count)) continue;
    return fail(ErrorKind::throttled, fmt::format("Target shard count or number of open shards cannot be greater than "
                                                  "{}. {}",
                                                  limit->value().value_or(0), counts));
  }
  if (target > open * 2) {
    return fail(ErrorKind::throttled,
                "UpdateShardCount cannot scale up over double your current open shard count. " + counts);
  }
  if (target * 2 < open) {
    return fail(ErrorKind::throttled,
                "UpdateShardCount cannot scale down below half your current open shard count. " + counts);
  }
  const auto recent =
      std::ranges::count_if(info.scalings, [now](Timestamp t) { return t > now - std::chrono::hours(24); });
  if (!limits.scalings_per_day.allows(static_cast<std::uint64_t>(recent) + 1)) {
    return fail(ErrorKind::throttled,
                fmt::format("UpdateShardCount cannot be called more than {} times in a rolling 24-hour period for "
                            "stream {} under account {}.",
                            limits.scalings_per_day.value().value_or(0), info.name, settings_.account));
  }
  return {};
}

Task<Result<void>> Streams::reshard(std::string name, Change check, Change apply) {
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  {
    const auto info = stream->info();
    if (const StreamStatus status = info->status(clock_.now()); status != StreamStatus::active) {
      co_return not_active(name, status);
    }
    StreamInfo tried = *info;
    PENSTOCK_CO_TRY_VOID(check(tried));
  }
  if (!co_await stream->close_gate()) co_return not_active(name, StreamStatus::updating);
  const Timestamp newest = co_await newest_arrival(stream);
  const Change both = [&check, &apply, newest, this](StreamInfo& info) -> Result<void> {
    PENSTOCK_TRY_VOID(check(info));
    const StreamInfo before = info;
    PENSTOCK_TRY_VOID(apply(info));
    close_no_earlier(before, info, newest);
    return check_closed_shards(info, settings_.account);
  };
  auto changed = co_await change_active(std::move(name), both);
  stream->open_gate();
  co_return changed;
}

Task<Result<ScalingCounts>> Streams::scale(std::string name, std::uint32_t target) {
  ScalingCounts counts{.current = 0, .target = target};
  const Change check = [this, target](StreamInfo& info) { return check_scaling(info, target, clock_.now()); };
  const Change rescale = [this, target, &counts](StreamInfo& info) -> Result<void> {
    const Timestamp now = clock_.now();
    counts.current = static_cast<std::uint32_t>(info.open_shard_count());
    const std::uint32_t before = info.next_shard_index;
    scale_uniformly(info, target, now);
    if (info.next_shard_index != before) {
      std::erase_if(info.scalings, [now](Timestamp t) { return t <= now - std::chrono::hours(24); });
      info.scalings.push_back(now);
    }
    return {};
  };
  PENSTOCK_CO_TRY_VOID(co_await reshard(std::move(name), check, rescale));
  co_return counts;
}

std::unexpected<Error> Streams::shard_limit_exceeded(std::uint32_t open, std::uint32_t more) const {
  return fail(
      ErrorKind::throttled,
      fmt::format("This request would exceed the shard limit for the account {} in {}. Current shard count for "
                  "the account: {}. Limit: {}. Number of additional shards that would have resulted from this "
                  "request: {}. Refer to the AWS Service Limits page "
                  "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits "
                  "and how to request higher limits.",
                  settings_.account, settings_.region, open, settings_.limits.open_shards.value().value_or(0), more));
}

Result<void> Streams::check_one_more_shard() const {
  const std::uint32_t open = open_shard_count();
  if (settings_.limits.open_shards.allows(std::uint64_t{open} + 1)) return {};
  return shard_limit_exceeded(open, 1);
}

Result<ShardIndex> Streams::find_open_shard(const StreamInfo& info, std::string_view shard_id) const {
  const auto index = parse_shard_id(shard_id);
  const Shard* shard = index ? info.shard(*index) : nullptr;
  if (shard == nullptr) {
    return fail(ErrorKind::missing,
                fmt::format("Could not find shard {} in stream {} under account {}.",
                            index ? format_shard_id(*index) : std::string(shard_id), info.name, settings_.account));
  }
  if (!shard->is_open()) {
    return fail(ErrorKind::invalid,
                fmt::format("Shard {} in stream {} under account {} has already been merged or split, and thus is not "
                            "eligible for merging or splitting.",
                            format_shard_id(*index), info.name, settings_.account));
  }
  return *index;
}

Task<Result<void>> Streams::split(std::string name, std::string shard_id, std::string new_starting_hash_key) {
  const std::optional<HashKey> first = parse_hash_key(new_starting_hash_key);
  const Change check = [this, &shard_id, &new_starting_hash_key, first](StreamInfo& info) -> Result<void> {
    PENSTOCK_TRY(const ShardIndex index, find_open_shard(info, shard_id));
    PENSTOCK_TRY_VOID(check_one_more_shard());
    const HashRange& range = info.shard(index)->range;
    // One shard may be a single hash key wide, the lower child at least two: that is AWS's rule.
    const bool fits = first && *first > range.first && *first - range.first > 1 && *first < range.last;
    if (fits) return {};
    return fail(ErrorKind::invalid,
                fmt::format("NewStartingHashKey {} used in SplitShard() on shard {} in stream {} under account {} is "
                            "not both greater than one plus the shard's StartingHashKey {} and less than the shard's "
                            "EndingHashKey {}.",
                            new_starting_hash_key, format_shard_id(index), info.name, settings_.account,
                            format_hash_key(range.first), format_hash_key(range.last)));
  };
  const Change apply = [this, &shard_id, first](StreamInfo& info) -> Result<void> {
    PENSTOCK_TRY(const ShardIndex index, find_open_shard(info, shard_id));
    split_shard(info, index, *first, clock_.now());
    return {};
  };
  co_return co_await reshard(std::move(name), check, apply);
}

Task<Result<void>> Streams::merge(std::string name, std::string shard_id, std::string adjacent) {
  const Change check = [this, &shard_id, &adjacent](StreamInfo& info) -> Result<void> {
    PENSTOCK_TRY(const ShardIndex lower, find_open_shard(info, shard_id));
    PENSTOCK_TRY(const ShardIndex upper, find_open_shard(info, adjacent));
    const HashKey end = info.shard(lower)->range.last;
    if (end != kHashKeyMax && end + 1 == info.shard(upper)->range.first) return {};
    return fail(
        ErrorKind::invalid,
        fmt::format("Shards {} and {} in stream {} under account {} are not an adjacent pair of shards eligible "
                    "for merging",
                    format_shard_id(lower), format_shard_id(upper), info.name, settings_.account));
  };
  const Change apply = [this, &shard_id, &adjacent](StreamInfo& info) -> Result<void> {
    PENSTOCK_TRY(const ShardIndex lower, find_open_shard(info, shard_id));
    PENSTOCK_TRY(const ShardIndex upper, find_open_shard(info, adjacent));
    merge_shards(info, lower, upper, clock_.now());
    return {};
  };
  co_return co_await reshard(std::move(name), check, apply);
}

}  // namespace penstock::stream
