// What changes a stream, but for its shards: making, removing, tags, retention.
#include <fmt/format.h>

#include "stream/blocking_lane.h"
#include "stream/live_stream.h"
#include "stream/streams.h"
#include "telemetry/log.h"

namespace penstock::stream {
namespace {

constexpr int kRetentionHoursMin = 24;
constexpr int kRetentionHoursMax = 8760;
constexpr std::size_t kTagsMax = 50;

// Kinesis API Reference, IncreaseStreamRetentionPeriod: 24 hours (1 day) to 8760 hours (365 days).
Result<void> check_retention(int hours) {
  if (hours < kRetentionHoursMin) {
    return fail(ErrorKind::invalid, fmt::format("Minimum allowed retention period is {} hours. Requested retention "
                                                "period ({} hours) is too short.",
                                                kRetentionHoursMin, hours));
  }
  if (hours > kRetentionHoursMax) {
    return fail(ErrorKind::invalid, fmt::format("Maximum allowed retention period is {} hours. Requested retention "
                                                "period ({} hours) is too long.",
                                                kRetentionHoursMax, hours));
  }
  return {};
}

}  // namespace

Result<void> Streams::check_room_for(const Creation& creation) const {
  const Timestamp now = clock_.now();
  std::size_t changing = 0;
  for (const LivePtr& stream : all_live()) {
    const auto info = stream->info();
    const StreamStatus status = info->status(now);
    if (!info->is_gone(now) && (status == StreamStatus::creating || status == StreamStatus::deleting)) ++changing;
  }
  if (!settings_.limits.streams_changing.allows(changing + 1)) {
    return fail(ErrorKind::throttled,
                fmt::format("At most {} streams of account {} may simultaneously be in CREATING or DELETING state.",
                            settings_.limits.streams_changing.value().value_or(0), settings_.account));
  }
  if (creation.mode == StreamMode::on_demand) {
    if (creation.warm_mibps > 0) PENSTOCK_TRY_VOID(check_warm_throughput(creation.warm_mibps));
    return check_on_demand_count();
  }
  if (creation.shard_count > kShardsMax) return fail(ErrorKind::throttled, "A stream has at most 100,000 shards.");
  const std::uint32_t open = open_shard_count();
  if (!settings_.limits.open_shards.allows(std::uint64_t{open} + creation.shard_count)) {
    return shard_limit_exceeded(open, creation.shard_count);
  }
  return {};
}

Task<Result<void>> Streams::create(Creation creation) {
  const auto exists = fail(ErrorKind::conflict,
                           fmt::format("Stream {} under account {} already exists.", creation.name, settings_.account));
  if (LivePtr old = live(creation.name); old) {
    if (!old->info()->is_gone(clock_.now())) co_return exists;
    PENSTOCK_CO_TRY_VOID(co_await purge(old));
  }
  PENSTOCK_CO_TRY_VOID(check_room_for(creation));

  const Timestamp now = clock_.now();
  StreamInfo info{.name = creation.name,
                  .uid = random_.hex(16),
                  .created = now,
                  .state = settings_.creating.count() > 0 ? StreamStatus::creating : StreamStatus::active,
                  .state_until = now + settings_.creating,
                  .readable_from = {},  // not now: a clock that goes back must not hide what is put then
                  .record_kib_max = creation.record_kib_max,
                  .tags = std::move(creation.tags),
                  .mode = creation.mode,
                  .warm_mibps = creation.warm_mibps,
                  .adapted = now};
  const bool on_demand = creation.mode == StreamMode::on_demand;
  const auto shard_count = on_demand ? wanted_now(info) : creation.shard_count;
  create_shards(info, shard_count, now);

  const std::string log_id = "s-" + info.uid;
  using MadeLog = Result<std::shared_ptr<framelog::FrameLog>>;
  std::function<MadeLog()> make_log = [&logs = logs_, log_id] { return logs.create(log_id); };
  PENSTOCK_CO_TRY(auto log, co_await lane_->call(std::move(make_log)));

  const auto version = co_await store_.add(info);
  if (!version) {
    // When the outcome is unknown, the log must stay; without a document the next start removes it.
    if (version.error().kind != ErrorKind::outcome_unknown) {
      std::function<Result<void>()> remove_log = [&logs = logs_, log_id] { return logs.remove(log_id); };
      (void)co_await lane_->call(std::move(remove_log));
    }
    if (version.error().kind == ErrorKind::conflict) co_return exists;
    co_return std::unexpected(version.error());
  }
  telemetry::log(telemetry::Level::info, "stream created",
                 {{"stream", info.name}, {"shards", std::int64_t{shard_count}}});
  add_live(make_live(std::move(info), *version, std::move(log)));
  co_return Result<void>{};
}

Task<Result<void>> Streams::remove(std::string name, bool with_consumers) {
  PENSTOCK_CO_TRY(LivePtr stream, live_or_error(name));
  // Kinesis API Reference, DeleteStream: "If the stream is in the ACTIVE state, you can delete it."
  if (const StreamStatus status = stream->info()->status(clock_.now()); status != StreamStatus::active) {
    co_return not_active(name, status);
  }
  if (!with_consumers) {
    PENSTOCK_CO_TRY(const auto consumers, consumers_->list(stream->info()->uid));
    if (!consumers.empty()) {
      co_return fail(
          ErrorKind::conflict,
          fmt::format("DeleteStream can't delete {0}:{1} because there are consumers associated with this data stream. "
                      "To delete {1} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion "
                      "of all the consumers that are associated with it.",
                      settings_.account, name));
    }
  }
  telemetry::log(telemetry::Level::info, "stream deleted", {{"stream", name}});
  if (settings_.deleting.count() == 0) co_return co_await purge(std::move(stream));
  const Timestamp now = clock_.now();
  const Change begin = [this, now](StreamInfo& info) -> Result<void> {
    if (const StreamStatus status = info.status(now); status != StreamStatus::active) {
      return not_active(info.name, status);
    }
    info.state = StreamStatus::deleting;
    info.state_until = now + settings_.deleting;
    return {};
  };
  co_return co_await change(std::move(stream), begin);
}

Task<Result<void>> Streams::add_tags(std::string name, std::map<std::string, std::string> tags) {
  PENSTOCK_CO_TRY(LivePtr stream, live_or_error(name));
  const Change add = [this, tags = std::move(tags)](StreamInfo& info) -> Result<void> {
    for (const auto& [key, value] : tags) info.tags.insert_or_assign(key, value);
    if (info.tags.size() > kTagsMax) {
      return fail(ErrorKind::invalid, fmt::format("Failed to add tags to stream {} under account {} because a given "
                                                  "stream cannot have more than {} tags associated with it.",
                                                  info.name, settings_.account, kTagsMax));
    }
    return {};
  };
  co_return co_await change(std::move(stream), add);
}

Task<Result<void>> Streams::remove_tags(std::string name, std::vector<std::string> keys) {
  PENSTOCK_CO_TRY(LivePtr stream, live_or_error(name));
  const Change drop = [keys = std::move(keys)](StreamInfo& info) -> Result<void> {
    for (const std::string& key : keys) info.tags.erase(key);
    return {};
  };
  co_return co_await change(std::move(stream), drop);
}

Task<Result<void>> Streams::increase_retention(std::string name, int hours) {
  PENSTOCK_CO_TRY_VOID(check_retention(hours));
  const Change increase = [this, hours](StreamInfo& info) -> Result<void> {
    if (hours < info.retention_hours) {
      return fail(ErrorKind::invalid,
                  fmt::format("Requested retention period ({} hours) for stream {} can not be shorter than existing "
                              "retention period ({} hours). Use DecreaseRetentionPeriod API.",
                              hours, info.name, info.retention_hours));
    }
    info.readable_from = info.trim_horizon(clock_.now());  // what has expired stays expired
    info.retention_hours = hours;
    return {};
  };
  co_return co_await change_active(std::move(name), increase);
}

Task<Result<void>> Streams::decrease_retention(std::string name, int hours) {
  PENSTOCK_CO_TRY_VOID(check_retention(hours));
  const Change decrease = [hours](StreamInfo& info) -> Result<void> {
    if (hours > info.retention_hours) {
      return fail(ErrorKind::invalid,
                  fmt::format("Requested retention period ({} hours) for stream {} can not be longer than existing "
                              "retention period ({} hours). Use IncreaseRetentionPeriod API.",
                              hours, info.name, info.retention_hours));
    }
    info.retention_hours = hours;
    return {};
  };
  co_return co_await change_active(std::move(name), decrease);
}

Task<Result<void>> Streams::set_record_size(std::string name, int kib_max) {
  const Change set = [kib_max](StreamInfo& info) -> Result<void> {
    info.record_kib_max = kib_max;
    return {};
  };
  co_return co_await change_active(std::move(name), set);
}

Task<Result<ShardMetricChange>> Streams::set_shard_metrics(std::string name, ShardMetricSet on, ShardMetricSet off) {
  ShardMetricChange changed;
  const Change set = [on, off, &changed](StreamInfo& info) -> Result<void> {
    changed.before = info.shard_metrics;
    info.shard_metrics = info.shard_metrics.with(on).without(off);
    changed.after = info.shard_metrics;
    return {};
  };
  PENSTOCK_CO_TRY_VOID(co_await change_active(std::move(name), set));
  co_return changed;
}

}  // namespace penstock::stream
