#include "consumers/mapping_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/shard_tree.h"
#include "consumers/source_access.h"
#include "telemetry/log.h"

namespace penstock::consumers {

namespace {

/// Shards are looked for again so often even when no bell rang (a consumer that became ACTIVE, retention).
constexpr std::chrono::seconds kUpkeepInterval{10};
constexpr std::size_t kRemovalsPerCommit = 1000;

}  // namespace

MappingRunner::MappingRunner(const ConsumerParts& parts, Mapping mapping, bool is_new, std::function<void(bool)> on_end)
    : parts_(parts),
      on_end_(std::move(on_end)),
      mapping_(std::move(mapping)),
      was_enabled_(mapping_.options.enabled),
      is_new_(is_new) {}

void MappingRunner::start() {
  spawn(parts_.next_executor(), run(shared_from_this()), [] {});
}

void MappingRunner::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [shard, running] : running_) running.reader->stop();
  }
  bell_->ring();
}

void MappingRunner::take(Mapping mapping) {
  {
    const MutexLock lock(mutex_);
    if (mapping.revision < mapping_.revision) return;
    const bool goes_on = mapping.revision == mapping_.revision && !mapping.deleting;
    mapping_ = std::move(mapping);
    if (goes_on) return;  // tags
  }
  bell_->ring();
}

Mapping MappingRunner::mapping() const {
  const MutexLock lock(mutex_);
  return mapping_;
}

std::string MappingRunner::state() const {
  const MutexLock lock(mutex_);
  if (mapping_.deleting) return "Deleting";
  const bool enabled = mapping_.options.enabled;
  const bool starting = settled_ == 0;
  if (starting && is_new_) return "Creating";
  if (starting || settled_ == mapping_.revision) return enabled ? "Enabled" : "Disabled";
  if (was_enabled_ == enabled) return "Updating";
  return enabled ? "Enabling" : "Disabling";
}

std::size_t MappingRunner::shards_read() const {
  const MutexLock lock(mutex_);
  return running_.size();
}

bool MappingRunner::is_stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

void MappingRunner::settle(std::uint64_t revision) {
  const MutexLock lock(mutex_);
  settled_ = revision;
  if (mapping_.revision == revision) was_enabled_ = mapping_.options.enabled;
}

Task<void> MappingRunner::run(std::shared_ptr<MappingRunner> self) {
  const bool deleted = co_await self->follow();
  self->on_end_(deleted);
}

/// True when the mapping was deleted.
Task<bool> MappingRunner::follow() {
  while (true) {
    const Mapping current = mapping();
    reap();
    if (is_stopping()) break;
    if (run_ && (run_->mapping.revision != current.revision || current.deleting)) co_await stop_readers();
    if (current.deleting) {
      const auto erased = co_await erase(current);
      if (erased) co_return true;
      progress_->note_result(fmt::format("PROBLEM: {}", erased.error().message));
      co_await wait(parts_.problem_interval);
      continue;
    }
    if (!current.options.enabled) {
      settle(current.revision);
      co_await wait(std::nullopt);
      continue;
    }
    co_await hold_readers(current);
  }
  co_await stop_readers();
  co_return false;
}

Task<void> MappingRunner::hold_readers(Mapping current) {
  const Result<void> found = co_await discover(current);
  settle(current.revision);
  if (!found) progress_->note_result(fmt::format("PROBLEM: {}", found.error().message));
  co_await wait(found ? std::chrono::milliseconds(kUpkeepInterval) : parts_.problem_interval);
}

Task<Result<void>> MappingRunner::discover(const Mapping& current) {
  PENSTOCK_CO_TRY(const std::string role, execution_role(parts_, current.options));
  PENSTOCK_CO_TRY_VOID(check_source_access(parts_, role, current.event_source_arn));
  PENSTOCK_CO_TRY(const stream::StreamView view, find_source(parts_, current.event_source_arn));
  const stream::StreamInfo& info = *view.info;
  if (stream_uid_ != info.uid) {
    co_await stop_readers();
    PENSTOCK_CO_TRY_VOID(parts_.streams.watch_changes(info.name, bell_));
  }
  if (!run_) {
    PENSTOCK_CO_TRY(RecordFilter filter, RecordFilter::compile(current.options.filters));
    PENSTOCK_CO_TRY_VOID(co_await load_checkpoints(current, info));
    run_ = std::make_shared<const MappingRun>(
        MappingRun{.parts = parts_,
                   .mapping = current,
                   .source = *parse_source_arn(current.event_source_arn, parts_.region, parts_.account),
                   .filter = std::move(filter),
                   .progress = progress_});
  }
  PENSTOCK_CO_TRY_VOID(co_await forget_old_shards(current, info));
  for (const stream::ShardIndex shard : readable_shards(info, ended_)) {
    {
      const MutexLock lock(mutex_);
      if (stopping_) break;
      if (running_.contains(shard)) continue;
    }
    PENSTOCK_CO_TRY_VOID(co_await start_reader(current, info.uid, shard));
  }
  co_return Result<void>{};
}

Task<Result<void>> MappingRunner::load_checkpoints(const Mapping& current, const stream::StreamInfo& info) {
  std::map<stream::ShardIndex, ShardCheckpoint> loaded;
  const std::string prefix = checkpoint_prefix(current.uuid, info.uid);
  for (const catalog::Document& document : parts_.catalog.list(prefix)) {
    const auto shard = stream::parse_shard_id(std::string_view(document.key).substr(prefix.size()));
    if (!shard) co_return fail(ErrorKind::corrupt, "catalog document " + document.key);
    PENSTOCK_CO_TRY(ShardCheckpoint checkpoint, decode_checkpoint(*document.bytes));
    for (std::size_t lane = 0; lane < checkpoint.lanes.size(); ++lane) {
      auto& window = checkpoint.lanes[lane].window;
      if (!window) continue;
      const auto state = parts_.catalog.get(window_state_key(current.uuid, info.uid, *shard, lane));
      if (!state) co_return fail(ErrorKind::corrupt, "the state of a window is missing: " + document.key);
      window->state = *state->bytes;
    }
    loaded.emplace(*shard, std::move(checkpoint));
  }
  checkpoints_ = std::move(loaded);
  ended_.clear();
  for (const auto& [shard, checkpoint] : checkpoints_) {
    if (checkpoint.ended()) ended_.insert(shard);
  }
  stream_uid_ = info.uid;
  co_return Result<void>{};
}

Task<Result<Place>> MappingRunner::first_place(const Mapping& current, stream::ShardIndex shard) {
  // LATEST: the shards that were there when the mapping was made have checkpoints since then; those that came later are
  // read from their beginning.
  if (current.starting_position != StartingPosition::at_timestamp) co_return Place{};
  PENSTOCK_CO_TRY(const stream::ShardIterator at,
                  co_await parts_.streams.make_iterator(
                      run_->source.stream, stream::format_shard_id(shard),
                      {.type = stream::IteratorType::at_timestamp, .timestamp = current.starting_timestamp}));
  co_return Place{.position = at.position.get(), .index = at.index};
}

Task<Result<void>> MappingRunner::start_reader(const Mapping& current, const std::string& stream_uid,
                                               stream::ShardIndex shard) {
  const auto lanes = static_cast<std::size_t>(current.options.parallelization);
  ShardCheckpoint start{.revision = current.revision, .lanes = {}};
  if (const auto known = checkpoints_.find(shard); known != checkpoints_.end()) {
    start.lanes = resume_lanes(known->second, current.revision, lanes);
  } else {
    PENSTOCK_CO_TRY(const Place first, co_await first_place(current, shard));
    start.lanes.assign(lanes, LaneCheckpoint{.done = first});
  }
  const auto on_end = [weak = weak_from_this(), shard](bool ended) {
    if (const auto self = weak.lock()) self->on_reader_end(shard, ended);
  };
  auto reader = std::make_shared<ShardReader>(
      ShardReader::Start{.run = run_, .stream_uid = stream_uid, .shard = shard, .checkpoint = std::move(start)},
      parts_.next_executor(), on_end);
  {
    const MutexLock lock(mutex_);
    if (stopping_) co_return Result<void>{};
    running_[shard] = {.reader = reader};
  }
  reader->start();
  co_return Result<void>{};
}

void MappingRunner::on_reader_end(stream::ShardIndex shard, bool ended) {
  {
    const MutexLock lock(mutex_);
    Running& running = running_[shard];
    running.done = true;
    running.shard_ended = ended;
  }
  bell_->ring();
}

void MappingRunner::reap() {
  std::vector<std::shared_ptr<ShardReader>> gone;  // destroyed outside the lock
  const MutexLock lock(mutex_);
  for (auto it = running_.begin(); it != running_.end();) {
    if (!it->second.done) {
      ++it;
      continue;
    }
    if (it->second.shard_ended) ended_.insert(it->first);
    gone.push_back(std::move(it->second.reader));
    it = running_.erase(it);
  }
}

Task<void> MappingRunner::stop_readers() {
  {
    const MutexLock lock(mutex_);
    for (const auto& [shard, running] : running_) running.reader->stop();
  }
  while (true) {
    reap();
    if (shards_read() == 0) break;
    co_await wait(std::nullopt);
  }
  run_.reset();
}

/// Checkpoints of shards that are no longer listed, and of streams that had the name before.
Task<Result<void>> MappingRunner::forget_old_shards(const Mapping& current, const stream::StreamInfo& info) {
  const std::string all = checkpoint_prefix(current.uuid);
  const std::string ours = checkpoint_prefix(current.uuid, info.uid);
  std::vector<catalog::Change> removals;
  for (const catalog::Document& document : parts_.catalog.list(all)) {
    const std::string_view key = document.key;
    std::optional<stream::ShardIndex> shard;
    if (key.starts_with(ours)) shard = stream::parse_shard_id(key.substr(ours.size()));
    if (shard && info.shard(*shard) != nullptr) continue;
    if (removals.size() == kRemovalsPerCommit) break;
    removals.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
    if (shard) checkpoints_.erase(*shard);
  }
  if (removals.empty()) co_return Result<void>{};
  PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.commit(std::move(removals)));
  co_return Result<void>{};
}

Task<Result<void>> MappingRunner::remove_below(std::vector<std::string> prefixes, std::optional<std::string> last_key) {
  std::vector<catalog::Change> removals;
  for (const std::string& prefix : prefixes) {
    for (const catalog::Document& document : parts_.catalog.list(prefix)) {
      removals.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
      if (removals.size() < kRemovalsPerCommit) continue;
      PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.commit(std::exchange(removals, {})));
    }
  }
  if (last_key) removals.push_back({.key = *last_key, .expected = std::nullopt, .bytes = std::nullopt});
  if (removals.empty()) co_return Result<void>{};
  PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.commit(std::move(removals)));
  co_return Result<void>{};
}

Task<Result<void>> MappingRunner::erase(const Mapping& current) {
  std::vector<std::string> prefixes{checkpoint_prefix(current.uuid), window_state_prefix(current.uuid)};
  co_return co_await remove_below(std::move(prefixes), mapping_key(current.uuid));
}

Task<void> MappingRunner::wait(std::optional<std::chrono::milliseconds> at_most) {
  std::optional<TimerId> timer;
  if (at_most) timer = parts_.timers.after(*at_most, [bell = bell_] { bell->ring(); });
  co_await bell_->wait();
  if (timer) parts_.timers.cancel(*timer);
}

}  // namespace penstock::consumers
