// Starting and stopping the encryption of a stream.
#include <fmt/format.h>

#include <algorithm>

#include "stream/blocking_lane.h"
#include "stream/keyring.h"
#include "stream/live_stream.h"
#include "stream/streams.h"
#include "telemetry/log.h"

namespace penstock::stream {
namespace {

constexpr std::chrono::hours kChangesDay{24};

}  // namespace

KeyringParts Streams::keyring_parts() const {
  return {.catalog = catalog_,
          .clock = clock_,
          .random = random_,
          .master_keys = *settings_.master_keys,
          .account = settings_.account};
}

Streams::LivePtr Streams::make_live(StreamInfo info, catalog::Version version,
                                    std::shared_ptr<framelog::FrameLog> log) const {
  return std::make_shared<LiveStream>(std::move(info), version, std::move(log), settings_.limits, keyring_parts());
}

/// Runs on the lane. A key is made only where none was before: beside data keys whose master key is lost, a new one
/// would hide the loss.
Result<void> Streams::ensure_master_key() {
  if (settings_.master_keys->first() != nullptr) return {};
  if (const auto id = any_master_id_in_use(catalog_, settings_.account)) {
    return fail(
        ErrorKind::denied,
        fmt::format("The master key {} wraps data keys of this account's streams, but this server was not given "
                    "it: restore it, or give the server another one.",
                    *id));
  }
  return settings_.master_keys->ensure();
}

// Kinesis API Reference, StartStreamEncryption: "You can successfully apply a new AWS KMS key for server-side
// encryption 25 times in a rolling 24-hour period"; StopStreamEncryption: "You can successfully disable server-side
// encryption 25 times in a rolling 24-hour period."
Result<void> Streams::note_encryption_change(std::vector<Timestamp>& changes, const StreamInfo& info) const {
  const Timestamp now = clock_.now();
  std::erase_if(changes, [now](Timestamp change) { return change <= now - kChangesDay; });
  const Limit& limit = settings_.limits.encryption_changes_per_day;
  if (!limit.allows(changes.size() + 1)) {
    return fail(ErrorKind::throttled,
                fmt::format("The encryption of stream {} under account {} cannot be changed more than {} times within "
                            "24 hours.",
                            info.name, settings_.account, limit.value().value_or(0)));
  }
  changes.push_back(now);
  return {};
}

Task<Result<void>> Streams::start_encryption(std::string name, std::string key_id) {
  PENSTOCK_CO_TRY(const LivePtr stream, live_or_error(name));
  const auto info = stream->info();
  if (const StreamStatus status = info->status(clock_.now()); status != StreamStatus::active) {
    co_return not_active(name, status);
  }
  std::function<Result<void>()> ensure = [this] { return ensure_master_key(); };
  PENSTOCK_CO_TRY_VOID(co_await lane_->call(std::move(ensure)));
  const Change start = [this, key_id](StreamInfo& changed) -> Result<void> {
    if (changed.encryption_key_id == key_id) return {};
    PENSTOCK_TRY_VOID(note_encryption_change(changed.encryption_starts, changed));
    changed.encryption_key_id = key_id;
    return {};
  };
  StreamInfo tried = *info;
  PENSTOCK_CO_TRY_VOID(start(tried));
  // Before anybody relies on it: a key that cannot be had refuses the call, not the puts behind it.
  PENSTOCK_CO_TRY_VOID(co_await stream->keyring().current(key_id, info->trim_horizon(clock_.now())));
  PENSTOCK_CO_TRY_VOID(co_await change_active(name, start));
  telemetry::log(telemetry::Level::info, "stream encryption started", {{"stream", name}, {"key_id", key_id}});
  co_return Result<void>{};
}

Task<Result<void>> Streams::stop_encryption(std::string name) {
  const Change stop = [this](StreamInfo& info) -> Result<void> {
    if (!info.is_encrypted()) return {};
    PENSTOCK_TRY_VOID(note_encryption_change(info.encryption_stops, info));
    info.encryption_key_id.clear();
    return {};
  };
  PENSTOCK_CO_TRY_VOID(co_await change_active(name, stop));
  telemetry::log(telemetry::Level::info, "stream encryption stopped", {{"stream", name}});
  co_return Result<void>{};
}

}  // namespace penstock::stream
