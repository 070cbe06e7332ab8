// On-demand streams: switching the mode, warm throughput, and following the traffic.
#include <fmt/format.h>

#include <algorithm>

#include "stream/closing_time.h"
#include "stream/live_stream.h"
#include "stream/on_demand.h"
#include "stream/streams.h"
#include "telemetry/log.h"

namespace penstock::stream {
namespace {

constexpr std::chrono::hours kSwitchDay{24};
constexpr std::uint32_t kOnDemandShardsMax = 50'000;  // with the limit off

}  // namespace

std::uint32_t Streams::on_demand_shards_max() const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(
      settings_.limits.on_demand_mibps.value().value_or(kOnDemandShardsMax), kOnDemandShardsMax));
}

std::uint32_t Streams::wanted_now(const StreamInfo& info) const {
  const auto commitment = account_.commitment();
  const bool warm = commitment.has_value() && commitment->is_enabled();
  return wanted_shards(info, warm ? static_cast<std::uint32_t>(info.warm_mibps) : 0, on_demand_shards_max(),
                       clock_.now());
}

Result<void> Streams::check_on_demand_count() const {
  const std::uint32_t count = on_demand_stream_count();
  if (settings_.limits.on_demand_streams.allows(std::uint64_t{count} + 1)) return {};
  return fail(
      ErrorKind::throttled,
      fmt::format("This request would exceed the on-demand stream limit for the account {} in {}. Current "
                  "on-demand stream count for the account: {}. Limit: {}.",
                  settings_.account, settings_.region, count, settings_.limits.on_demand_streams.value().value_or(0)));
}

// Kinesis API Reference, UpdateStreamWarmThroughput.
Result<void> Streams::check_warm_throughput(int mibps) const {
  PENSTOCK_TRY(const BillingCommitment commitment, account_.commitment());
  if (!commitment.is_enabled()) {
    return fail(ErrorKind::invalid, fmt::format("Warm throughput is only supported for accounts that have "
                                                "MinimumThroughputBillingCommitment enabled; account {} has not "
                                                "(UpdateAccountSettings enables it).",
                                                settings_.account));
  }
  const std::uint32_t most = on_demand_shards_max();
  if (mibps >= 0 && static_cast<std::uint32_t>(mibps) <= most) return {};
  return fail(ErrorKind::throttled,
              fmt::format("An on-demand stream cannot scale to more than {} MiB a second. Requested warm throughput: "
                          "{} MiB a second.",
                          most, mibps));
}

std::optional<WarmThroughput> Streams::warm_throughput(const StreamInfo& info) const {
  if (info.mode != StreamMode::on_demand) return std::nullopt;
  const auto commitment = account_.commitment();
  if (!commitment.has_value() || !commitment->is_enabled()) return std::nullopt;
  return WarmThroughput{.target_mibps = info.warm_mibps, .current_mibps = static_cast<int>(info.open_shard_count())};
}

// Developer Guide, "Switch between modes": twice within 24 hours.
Result<void> Streams::check_mode_switch(const StreamInfo& info, StreamMode mode, Timestamp now) const {
  const auto recent = std::ranges::count_if(info.mode_switches, [now](Timestamp t) { return t > now - kSwitchDay; });
  if (!settings_.limits.mode_switches_per_day.allows(static_cast<std::uint64_t>(recent) + 1)) {
    return fail(ErrorKind::throttled,
                fmt::format("The capacity mode of stream {} under account {} cannot be switched more than {} times "
                            "within 24 hours.",
                            info.name, settings_.account, settings_.limits.mode_switches_per_day.value().value_or(0)));
  }
  if (mode == StreamMode::on_demand) return check_on_demand_count();
  const std::uint32_t open = open_shard_count();
  const auto mine = static_cast<std::uint32_t>(info.open_shard_count());
  if (!settings_.limits.open_shards.allows(std::uint64_t{open} + mine)) return shard_limit_exceeded(open, mine);
  return {};
}

Task<Result<void>> Streams::set_mode(std::string name, StreamMode mode, std::optional<int> warm_mibps) {
  if (warm_mibps && mode != StreamMode::on_demand) {
    co_return fail(ErrorKind::invalid,
                   "WarmThroughputMiBps is only valid when the stream mode is being updated to ON_DEMAND.");
  }
  const Change check = [this, mode, warm_mibps](StreamInfo& info) -> Result<void> {
    if (warm_mibps) PENSTOCK_TRY_VOID(check_warm_throughput(*warm_mibps));
    return info.mode == mode ? Result<void>{} : check_mode_switch(info, mode, clock_.now());
  };
  const Change apply = [this, mode, warm_mibps](StreamInfo& info) -> Result<void> {
    const Timestamp now = clock_.now();
    if (info.mode != mode) {
      std::erase_if(info.mode_switches, [now](Timestamp t) { return t <= now - kSwitchDay; });
      info.mode_switches.push_back(now);
      info.mode = mode;
      info.peaks.clear();
      info.warm_mibps = 0;
      info.adapted = now;
    }
    if (warm_mibps) {
      info.warm_mibps = *warm_mibps;
      adapt_shards(info, {}, static_cast<std::uint32_t>(*warm_mibps), MayMerge::never, now);
    }
    return {};
  };
  co_return co_await reshard(std::move(name), check, apply);
}

Task<Result<WarmThroughput>> Streams::set_warm_throughput(std::string name, int mibps) {
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  const ShardRates rates = stream->traffic().last();
  WarmThroughput warm{.target_mibps = mibps, .current_mibps = 0};
  const Change check = [this, mibps](StreamInfo& info) -> Result<void> {
    if (info.mode != StreamMode::on_demand) return fail(ErrorKind::invalid, "the stream is not ON_DEMAND");
    return check_warm_throughput(mibps);
  };
  const Change apply = [this, mibps, &rates, &warm](StreamInfo& info) -> Result<void> {
    const Timestamp now = clock_.now();
    info.warm_mibps = mibps;
    info.peaks.clear();
    note_peak(info, rates, now);
    adapt_shards(info, rates, wanted_now(info), MayMerge::at_once, now);
    warm.current_mibps = static_cast<int>(info.open_shard_count());
    return {};
  };
  PENSTOCK_CO_TRY_VOID(co_await reshard(std::move(name), check, apply));
  co_return warm;
}

Result<bool> Streams::adapt_to(StreamInfo& info, const ShardRates& rates) const {
  const Timestamp now = clock_.now();
  if (info.mode != StreamMode::on_demand) return false;
  note_peak(info, rates, now);
  const bool reshaped = adapt_shards(info, rates, wanted_now(info), MayMerge::after_a_day, now);
  if (info.shards.size() > kShardsMax) return fail(ErrorKind::throttled, "too many closed shards");
  return reshaped;
}

Task<Result<void>> Streams::follow_traffic_of(LivePtr stream) {
  const auto known = stream->info();
  if (known->mode != StreamMode::on_demand) co_return Result<void>{};
  const auto rates = stream->traffic().end_window(clock_.steady(), settings_.on_demand_window);
  if (!rates || known->status(clock_.now()) != StreamStatus::active) co_return Result<void>{};

  StreamInfo adapted = *known;
  PENSTOCK_CO_TRY(const bool reshaped, adapt_to(adapted, *rates));
  if (!reshaped) {
    if (StreamInfo with_peak = *known; !note_peak(with_peak, *rates, clock_.now())) co_return Result<void>{};
    const Change keep_peak = [this, &rates](StreamInfo& info) -> Result<void> {
      if (info.mode == StreamMode::on_demand) note_peak(info, *rates, clock_.now());
      return {};
    };
    co_return co_await change(stream, keep_peak);
  }

  if (!co_await stream->close_gate()) co_return Result<void>{};  // another change; the next window will tell
  const Timestamp newest = co_await newest_arrival(stream);
  // As a rule nobody changed the stream meanwhile, and what was worked out above is the change.
  const Change follow = [this, &rates, &known, &adapted, newest](StreamInfo& info) -> Result<void> {
    const StreamInfo before = info;
    if (info == *known) {
      info = adapted;
    } else {
      PENSTOCK_TRY_VOID(adapt_to(info, *rates));
    }
    close_no_earlier(before, info, newest);
    return {};
  };
  auto changed = co_await change(stream, follow);
  stream->open_gate();
  if (changed.has_value()) {
    telemetry::log(telemetry::Level::info, "on-demand stream follows its traffic",
                   {{"stream", known->name},
                    {"shards_before", static_cast<std::int64_t>(known->open_shard_count())},
                    {"shards", static_cast<std::int64_t>(stream->info()->open_shard_count())}});
  }
  co_return changed;
}

Task<Result<void>> Streams::follow_traffic() {
  Result<void> first_failure;
  for (const LivePtr& stream : all_live()) {
    auto followed = co_await follow_traffic_of(stream);
    if (!followed && first_failure.has_value()) first_failure = std::move(followed);
  }
  co_return first_failure;
}

}  // namespace penstock::stream
