#include "consumers/event_source_mappings.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/checkpoint.h"
#include "consumers/source_access.h"
#include "telemetry/log.h"

namespace penstock::consumers {

namespace {

constexpr int kTriesMax = 16;  ///< to change a document that others change too
constexpr std::size_t kChangesPerCommit = 1000;

std::unexpected<Error> no_such_mapping() {
  return fail(ErrorKind::missing, "The resource you requested does not exist.");
}

}  // namespace

Result<std::unique_ptr<EventSourceMappings>> EventSourceMappings::open(ConsumerParts parts) {
  std::unique_ptr<EventSourceMappings> out(new EventSourceMappings(std::move(parts)));
  for (const catalog::Document& document : out->parts_.catalog.list(kMappingPrefix)) {
    PENSTOCK_TRY(Mapping mapping, decode_mapping(*document.bytes));
    RunnerPtr runner = out->make_runner(std::move(mapping), false);
    const MutexLock lock(out->mutex_);
    out->runners_.emplace(runner->mapping().uuid, std::move(runner));
  }
  return out;
}

EventSourceMappings::~EventSourceMappings() = default;

EventSourceMappings::RunnerPtr EventSourceMappings::make_runner(Mapping mapping, bool is_new) {
  std::string uuid = mapping.uuid;
  return std::make_shared<MappingRunner>(
      parts_, std::move(mapping), is_new,
      [this, uuid = std::move(uuid)](bool deleted) { on_runner_end(uuid, deleted); });
}

void EventSourceMappings::start() {
  std::vector<RunnerPtr> all;
  {
    const MutexLock lock(mutex_);
    PENSTOCK_ASSERT(!started_);
    started_ = true;
    for (const auto& [uuid, runner] : runners_) all.push_back(runner);
    running_ = all.size();
  }
  for (const RunnerPtr& runner : all) runner->start();
}

void EventSourceMappings::add(Mapping mapping, bool is_new) {
  RunnerPtr runner = make_runner(std::move(mapping), is_new);
  const MutexLock lock(mutex_);
  runners_.emplace(runner->mapping().uuid, runner);
  if (!started_ || stopping_) return;  // it runs after the next start
  ++running_;
  runner->start();
}

void EventSourceMappings::on_runner_end(const std::string& uuid, bool deleted) {
  const MutexLock lock(mutex_);
  if (deleted) runners_.erase(uuid);
  --running_;
  ended_.notify_all();
}

void EventSourceMappings::begin_stop() {
  std::vector<RunnerPtr> all;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [uuid, runner] : runners_) all.push_back(runner);
  }
  for (const RunnerPtr& runner : all) runner->stop();
}

bool EventSourceMappings::stop(std::chrono::milliseconds grace) {
  begin_stop();
  const SteadyTime until = parts_.clock.steady() + grace;
  const MutexLock lock(mutex_);
  while (running_ > 0) {
    const auto left = until - parts_.clock.steady();
    if (left <= std::chrono::nanoseconds(0)) return false;
    ended_.wait_for(mutex_, left);
  }
  return true;
}

EventSourceMappings::RunnerPtr EventSourceMappings::runner(std::string_view uuid) const {
  const MutexLock lock(mutex_);
  const auto found = runners_.find(uuid);
  return found == runners_.end() ? nullptr : found->second;
}

MappingView EventSourceMappings::view(const MappingRunner& runner) {
  return {.mapping = runner.mapping(), .state = runner.state(), .last_processing_result = runner.progress().result()};
}

std::optional<MappingView> EventSourceMappings::find(std::string_view uuid) const {
  const RunnerPtr found = runner(uuid);
  if (found == nullptr) return std::nullopt;
  return view(*found);
}

std::vector<MappingView> EventSourceMappings::list() const {
  std::vector<RunnerPtr> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [uuid, runner] : runners_) all.push_back(runner);
  }
  std::vector<MappingView> out;
  for (const RunnerPtr& runner : all) out.push_back(view(*runner));
  return out;
}

std::string already_mapped(const Mapping& mapping, std::string_view existing_uuid) {
  return fmt::format(
      "The event source arn (\" {} \") and function (\" {} \") provided mapping already exists. Please update or "
      "delete "
      "the existing mapping with UUID {}",
      mapping.event_source_arn, mapping.options.function_name, existing_uuid);
}

std::optional<std::string> EventSourceMappings::find_pair(std::string_view source_arn,
                                                          std::string_view function_arn) const {
  const MutexLock lock(mutex_);
  for (const auto& [uuid, runner] : runners_) {
    const Mapping mapping = runner->mapping();
    if (mapping.event_source_arn == source_arn && mapping.function_arn == function_arn) return uuid;
  }
  return std::nullopt;
}

std::vector<MappingMetrics> EventSourceMappings::metrics() const {
  std::vector<RunnerPtr> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [uuid, runner] : runners_) all.push_back(runner);
  }
  std::vector<MappingMetrics> out;
  for (const RunnerPtr& runner : all) {
    const Mapping mapping = runner->mapping();
    const auto source = parse_source_arn(mapping.event_source_arn, parts_.region, parts_.account);
    out.push_back({.uuid = mapping.uuid,
                   .function_name = mapping.options.function_name,
                   .stream = source ? source->stream : std::string(),
                   .counts = runner->progress().counts(),
                   .shards_read = runner->shards_read()});
  }
  return out;
}

Result<void> EventSourceMappings::reserve(const Mapping& draft) {
  const auto existing = find_pair(draft.event_source_arn, draft.function_arn);
  const MutexLock lock(mutex_);
  if (!existing && reserved_.emplace(draft.event_source_arn, draft.function_arn).second) return {};
  return fail(ErrorKind::conflict, already_mapped(draft, existing.value_or("")));
}

void EventSourceMappings::release(const Mapping& draft) {
  const MutexLock lock(mutex_);
  reserved_.erase({draft.event_source_arn, draft.function_arn});
}

Task<Result<MappingView>> EventSourceMappings::create(Mapping draft) {
  draft.uuid = parts_.random.uuid();
  draft.last_modified = parts_.clock.now();
  draft.revision = 1;
  PENSTOCK_CO_TRY_VOID(reserve(draft));
  const Result<void> committed = co_await commit_new(draft);
  if (committed) add(draft, true);
  release(draft);
  if (!committed) co_return std::unexpected(committed.error());
  MappingView out{.mapping = std::move(draft), .state = "Creating", .last_processing_result = "No records processed"};
  co_return out;
}

/// The document comes last: a crash before it leaves checkpoints that nobody reads.
Task<Result<void>> EventSourceMappings::commit_new(Mapping mapping) {
  std::vector<catalog::Change> changes;
  if (mapping.starting_position == StartingPosition::latest) {
    PENSTOCK_CO_TRY(changes, co_await latest_checkpoints(mapping));
  }
  while (changes.size() > kChangesPerCommit) {
    const auto rest = changes.begin() + kChangesPerCommit;
    std::vector<catalog::Change> part(std::make_move_iterator(changes.begin()), std::make_move_iterator(rest));
    changes.erase(changes.begin(), rest);
    PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.commit(std::move(part)));
  }
  changes.push_back({.key = mapping_key(mapping.uuid), .expected = 0, .bytes = encode_mapping(mapping)});
  PENSTOCK_CO_TRY_VOID(co_await parts_.catalog.commit(std::move(changes)));
  co_return Result<void>{};
}

/// Where each shard ends now; closed ones are done with.
Task<Result<std::vector<catalog::Change>>> EventSourceMappings::latest_checkpoints(const Mapping& mapping) {
  PENSTOCK_CO_TRY(const stream::StreamView view, find_source(parts_, mapping.event_source_arn));
  std::vector<catalog::Change> changes;
  for (const stream::Shard& shard : view.info->shards) {
    LaneCheckpoint lane{.ended = !shard.is_open()};
    if (shard.is_open()) {
      PENSTOCK_CO_TRY(const stream::ShardIterator at,
                      co_await parts_.streams.make_iterator(view.info->name, stream::format_shard_id(shard.index),
                                                            {.type = stream::IteratorType::latest}));
      lane.done = {.position = at.position.get(), .index = at.index};
    }
    const ShardCheckpoint checkpoint{
        .revision = mapping.revision,
        .lanes = std::vector<LaneCheckpoint>(static_cast<std::size_t>(mapping.options.parallelization), lane)};
    changes.push_back({.key = checkpoint_key(mapping.uuid, view.info->uid, shard.index),
                       .expected = std::nullopt,
                       .bytes = encode_checkpoint(checkpoint)});
  }
  co_return changes;
}

Task<Result<Mapping>> EventSourceMappings::change_document(std::string uuid, Change change) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const auto document = parts_.catalog.get(mapping_key(uuid));
    if (!document) co_return no_such_mapping();
    PENSTOCK_CO_TRY(Mapping mapping, decode_mapping(*document->bytes));
    PENSTOCK_CO_TRY_VOID(change(mapping));
    const auto committed = co_await parts_.catalog.put(document->key, encode_mapping(mapping), document->version);
    if (committed) {
      if (const RunnerPtr running = runner(uuid)) running->take(mapping);
      co_return mapping;
    }
    if (committed.error().kind != ErrorKind::conflict) co_return std::unexpected(committed.error());
  }
  co_return fail(ErrorKind::unavailable, "The event source mapping is being changed by others; try again.");
}

Task<Result<MappingView>> EventSourceMappings::update(std::string uuid, Change change) {
  const Timestamp now = parts_.clock.now();
  const Change apply = [&change, now](Mapping& mapping) -> Result<void> {
    if (mapping.deleting) return no_such_mapping();
    PENSTOCK_TRY_VOID(change(mapping));
    ++mapping.revision;
    mapping.last_modified = now;
    return {};
  };
  PENSTOCK_CO_TRY(const Mapping changed, co_await change_document(uuid, apply));
  const RunnerPtr running = runner(uuid);
  if (running == nullptr) co_return no_such_mapping();
  MappingView out = view(*running);
  if (out.state == "Enabled" || out.state == "Disabled") out.state = "Updating";
  co_return out;
}

Task<Result<void>> EventSourceMappings::set_tags(std::string uuid,
                                                 std::function<void(std::map<std::string, std::string>&)> change) {
  const Change apply = [&change](Mapping& mapping) -> Result<void> {
    if (mapping.deleting) return no_such_mapping();
    change(mapping.tags);
    return {};
  };
  PENSTOCK_CO_TRY_VOID(co_await change_document(std::move(uuid), apply));
  co_return Result<void>{};
}

Task<Result<MappingView>> EventSourceMappings::remove(std::string uuid) {
  const Timestamp now = parts_.clock.now();
  const Change apply = [now](Mapping& mapping) -> Result<void> {
    mapping.deleting = true;
    mapping.last_modified = now;
    return {};
  };
  PENSTOCK_CO_TRY(Mapping changed, co_await change_document(uuid, apply));
  MappingView out{.mapping = std::move(changed), .state = "Deleting", .last_processing_result = {}};
  if (const RunnerPtr running = runner(uuid)) out.last_processing_result = running->progress().result();
  co_return out;
}

}  // namespace penstock::consumers
