#include "stream/streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <set>
#include <thread>

#include "codec/json.h"
#include "core/encoding/hex.h"
#include "stream/blocking_lane.h"
#include "stream/keyring.h"
#include "stream/live_stream.h"
#include "stream/retried_commit.h"
#include "stream/shard_subscription.h"
#include "telemetry/log.h"

namespace penstock::stream {
namespace {

// Opening a log waits for the disk (milliseconds), which does several things at the same time.
constexpr std::size_t kOpenersMax = 16;

using OpenedLog = Result<std::shared_ptr<framelog::FrameLog>>;

/// The logs of those streams, in their order.
std::vector<OpenedLog> open_logs(framelog::FrameLogStore& logs, const std::vector<StreamStore::Stored>& streams,
                                 bool with_threads) {
  std::vector<OpenedLog> opened(streams.size(), fail(ErrorKind::unavailable, "not opened"));
  if (!with_threads) {
    for (std::size_t i = 0; i < streams.size(); ++i) opened[i] = logs.open(log_id_of(streams[i].info));
    return opened;
  }
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> openers;
  for (std::size_t i = 0; i < std::min(kOpenersMax, streams.size()); ++i) {
    openers.emplace_back([&] {
      for (std::size_t at = next++; at < streams.size(); at = next++) {
        opened[at] = logs.open(log_id_of(streams[at].info));
      }
    });
  }
  openers.clear();  // joins them
  return opened;
}

}  // namespace

Streams::Streams(Settings settings, catalog::Catalog& catalog, framelog::FrameLogStore& logs, const Clock& clock,
                 Random& random)
    : settings_(std::move(settings)),
      catalog_(catalog),
      store_(catalog, settings_.account),
      account_(catalog, clock, settings_.account),
      logs_(logs),
      clock_(clock),
      random_(random),
      lane_(std::make_unique<BlockingLane>(settings_.executor)),
      consumers_(std::make_unique<Consumers>(settings_.account, settings_.consumers, catalog, clock)),
      subscriptions_(std::make_unique<SubscriptionBook>(settings_.takeover)) {
  if (!settings_.master_keys) settings_.master_keys = std::make_shared<MasterKeys>();
}

Streams::~Streams() = default;

Result<std::unique_ptr<Streams>> Streams::open(Settings settings, catalog::Catalog& catalog,
                                               framelog::FrameLogStore& logs, const Clock& clock, Random& random) {
  std::unique_ptr<Streams> streams(new Streams(std::move(settings), catalog, logs, clock, random));
  PENSTOCK_TRY_VOID(streams->load_token_key());
  PENSTOCK_TRY_VOID(streams->load_streams());
  return streams;
}

Result<void> Streams::load_token_key() {
  const std::string name = "stream-token-key/" + settings_.account;
  if (!catalog_.get(name)) {
    const auto document = codec::serialize(boost::json::object{{"format", 1}, {"key", random_.hex(kTokenKeyBytes)}});
    PENSTOCK_TRY_VOID(run_sync(catalog_.put(name, document, 0)));
  }
  PENSTOCK_TRY(const auto value, codec::parse_json(*catalog_.get(name)->bytes));
  const auto* object = value.if_object();
  const auto* hex = object == nullptr ? nullptr : object->if_contains("key");
  const auto key = hex != nullptr && hex->is_string() ? hex_decode(std::string_view(hex->get_string())) : std::nullopt;
  if (!key || key->size() != kTokenKeyBytes) return fail(ErrorKind::corrupt, "catalog document " + name);
  tokens_ = std::make_unique<TokenSealer>(*key);
  return {};
}

Result<void> Streams::load_streams() {
  std::set<std::string> known;
  PENSTOCK_TRY(auto all, store_.load_all());
  const auto logs = open_logs(logs_, all, settings_.executor == nullptr);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& [info, version] = all[i];
    const OpenedLog& log = logs[i];
    known.insert(log_id_of(info));
    if (!log) {
      telemetry::log(telemetry::Level::error, "stream log cannot be opened",
                     {{"stream", info.name}, {"error", log.error().message}});
    }
    LivePtr stream = make_live(std::move(info), version, log ? *log : nullptr);
    if (const auto keys = stream->keyring().check(); !keys) {
      telemetry::log(telemetry::Level::error, "encrypted records of a stream cannot be read or written",
                     {{"stream", stream->info()->name}, {"error", keys.error().message}});
    }
    add_live(std::move(stream));
  }
  const auto is_known = [&](std::string_view uid) { return known.contains(std::string(kLogPrefix).append(uid)); };
  PENSTOCK_TRY_VOID(consumers_->remove_strays(is_known));
  PENSTOCK_TRY_VOID(remove_stray_keys(catalog_, settings_.account, is_known));
  PENSTOCK_TRY(const auto ids, logs_.list());
  for (const std::string& id : ids) {
    if (!id.starts_with(kLogPrefix) || known.contains(id)) continue;
    telemetry::log(telemetry::Level::warn, "removing a log that no stream owns", {{"log", id}});
    PENSTOCK_TRY_VOID(logs_.remove(id));
  }
  return {};
}

std::string Streams::arn(std::string_view name) const {
  return fmt::format("arn:aws:kinesis:{}:{}:stream/{}", settings_.region, settings_.account, name);
}

std::unexpected<Error> Streams::not_found(std::string_view name) const {
  return fail(ErrorKind::missing, fmt::format("Stream {} under account {} not found.", name, settings_.account));
}

Streams::LivePtr Streams::live(std::string_view name) const {
  LivePtr found;
  {
    const MutexLock lock(mutex_);
    const auto at = by_name_.find(name);
    if (at != by_name_.end()) found = at->second;
  }
  return found;
}

std::vector<StreamMetricsView> Streams::metrics() const {
  const Timestamp now = clock_.now();
  std::vector<StreamMetricsView> views;
  for (const LivePtr& stream : all_live()) {
    const auto info = stream->info();
    if (info->is_gone(now)) continue;
    stream->metrics().keep_consumers([&](std::string_view name) {
      const auto found = consumers_->find(info->uid, name);
      return !found || found->has_value();  // where the catalog cannot tell, it stays
    });
    views.push_back(stream->metrics_view());
  }
  return views;
}

Result<Streams::LivePtr> Streams::live_or_error(std::string_view name) const {
  LivePtr found = live(name);
  if (!found || found->info()->is_gone(clock_.now())) return not_found(name);
  return found;
}

std::vector<Streams::LivePtr> Streams::all_live() const {
  std::vector<LivePtr> all;
  const MutexLock lock(mutex_);
  all.reserve(by_name_.size());
  for (const auto& [name, stream] : by_name_) all.push_back(stream);
  return all;
}

void Streams::add_live(LivePtr stream) {
  std::string name = stream->info()->name;
  const MutexLock lock(mutex_);
  by_name_.insert_or_assign(std::move(name), std::move(stream));
}

void Streams::drop_live(const LivePtr& stream) {
  const std::string name = stream->info()->name;
  const MutexLock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found != by_name_.end() && found->second == stream) by_name_.erase(found);
}

std::optional<StreamView> Streams::find(std::string_view name) const {
  const LivePtr stream = live(name);
  if (!stream) return std::nullopt;
  const Timestamp now = clock_.now();
  auto info = stream->info();
  if (info->is_gone(now)) return std::nullopt;
  const StreamStatus status = info->status(now);
  return StreamView{.info = std::move(info), .status = status};
}

Result<StreamView> Streams::get(std::string_view name) const {
  auto view = find(name);
  if (!view) return not_found(name);
  return *std::move(view);
}

// "not ACTIVE or UPDATING, instead in state CREATING" is what AWS says (aws/aws-sdk-java-v2, pull request 5949).
Result<StreamView> Streams::get_settled(std::string_view name) const {
  PENSTOCK_TRY(StreamView view, get(name));
  if (view.status == StreamStatus::active || view.status == StreamStatus::updating) return view;
  return fail(ErrorKind::conflict, fmt::format("Stream {} under account {} not ACTIVE or UPDATING, instead in state {}",
                                               name, settings_.account, to_string(view.status)));
}

std::vector<StreamView> Streams::list(std::string_view after, std::size_t limit) const {
  std::vector<LivePtr> candidates;
  {
    const MutexLock lock(mutex_);
    for (auto at = by_name_.upper_bound(after); at != by_name_.end(); ++at) candidates.push_back(at->second);
  }
  const Timestamp now = clock_.now();
  std::vector<StreamView> views;
  for (const LivePtr& stream : candidates) {
    if (views.size() == limit) break;
    auto info = stream->info();
    if (info->is_gone(now)) continue;
    const StreamStatus status = info->status(now);
    views.push_back({.info = std::move(info), .status = status});
  }
  return views;
}

std::uint32_t Streams::open_shard_count() const {
  const Timestamp now = clock_.now();
  std::size_t count = 0;
  for (const LivePtr& stream : all_live()) {
    const auto snapshot = stream->snapshot();
    const bool counts = snapshot->info.mode == StreamMode::provisioned && !snapshot->info.is_gone(now);
    if (counts) count += snapshot->open.size();
  }
  return static_cast<std::uint32_t>(count);
}

std::uint32_t Streams::on_demand_stream_count() const {
  const Timestamp now = clock_.now();
  const auto all = all_live();
  return static_cast<std::uint32_t>(std::ranges::count_if(all, [now](const LivePtr& stream) {
    const auto info = stream->info();
    return info->mode == StreamMode::on_demand && !info->is_gone(now);
  }));
}

std::unexpected<Error> Streams::not_active(std::string_view name, StreamStatus status) const {
  return fail(ErrorKind::conflict, fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", name,
                                               settings_.account, to_string(status)));
}

Task<Result<void>> Streams::change(LivePtr stream, Change change) {
  const std::string name = stream->info()->name;
  const std::string uid = stream->info()->uid;
  StreamInfo info;
  bool first = true;
  const auto prepare = [&]() -> Result<std::vector<catalog::Change>> {
    if (!std::exchange(first, false)) {
      PENSTOCK_TRY(auto now_there, store_.load(name));
      if (!now_there || now_there->info.uid != uid) return not_found(name);
      stream->take(std::move(now_there->info), now_there->version);
    }
    const LiveStream::Committed before = stream->committed();
    info = before.snapshot->info;
    PENSTOCK_TRY_VOID(change(info));
    return store_.changes(before.snapshot->info, info, before.version);
  };
  PENSTOCK_CO_TRY(const catalog::Version version, co_await commit_retrying(catalog_, prepare, "stream " + name));
  stream->take(std::move(info), version);
  co_return Result<void>{};
}

Task<Result<void>> Streams::change_active(std::string name, Change apply) {
  PENSTOCK_CO_TRY(LivePtr stream, live_or_error(name));
  const auto guarded = [this, apply = std::move(apply)](StreamInfo& info) -> Result<void> {
    const Timestamp now = clock_.now();
    if (const StreamStatus status = info.status(now); status != StreamStatus::active) {
      return not_active(info.name, status);
    }
    PENSTOCK_TRY_VOID(apply(info));
    // A state that is over at once is none: it must not come back with a clock that goes back.
    info.state = settings_.updating.count() > 0 ? StreamStatus::updating : StreamStatus::active;
    info.state_until = now + settings_.updating;
    return {};
  };
  co_return co_await change(std::move(stream), guarded);
}

Task<Result<void>> Streams::purge(LivePtr stream) {
  const auto info = stream->info();
  PENSTOCK_CO_TRY_VOID(co_await store_.remove(info->name, info->uid));
  drop_live(stream);
  stream->bells().ring_all();
  // From here on the stream is deleted, whatever comes: a failure leaves something behind, which the next start
  // removes.
  const auto note = [&info](std::string_view what, const Result<void>& removed) {
    if (removed) return;
    telemetry::log(telemetry::Level::warn, "a deleted stream left something behind until the next start",
                   {{"stream", info->name}, {"what", what}, {"error", removed.error().message}});
  };
  note("data keys", co_await stream->keyring().remove_all());
  note("consumers", co_await consumers_->remove_all(info->uid));
  std::function<Result<void>()> remove_log = [&logs = logs_, id = log_id_of(*info)] { return logs.remove(id); };
  note("records", co_await lane_->call(std::move(remove_log)));
  co_return Result<void>{};
}

Task<Result<void>> Streams::trim_stream(LivePtr stream, Timestamp now) {
  const auto info = stream->info();
  if (info->is_gone(now)) co_return co_await purge(stream);
  PENSTOCK_CO_TRY(const auto log, stream->log());
  PENSTOCK_CO_TRY_VOID(co_await log->trim_before(info->trim_horizon(now)));
  const auto is_expired = [now](const StreamInfo& of, const Shard& shard) { return of.is_expired(shard, now); };
  if (std::ranges::any_of(info->shards, [&](const Shard& shard) { return is_expired(*info, shard); })) {
    const Change drop_expired = [is_expired](StreamInfo& changed) -> Result<void> {
      std::erase_if(changed.shards, [&](const Shard& shard) { return is_expired(changed, shard); });
      return {};
    };
    co_return co_await change(stream, drop_expired);
  }
  co_return Result<void>{};
}

Task<Result<void>> Streams::trim_expired(Timestamp now) {
  Result<void> first_failure;
  for (const LivePtr& stream : all_live()) {
    auto trimmed = co_await trim_stream(stream, now);
    if (!trimmed && first_failure.has_value()) first_failure = std::move(trimmed);
  }
  co_return first_failure;
}

}  // namespace penstock::stream
