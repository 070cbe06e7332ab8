#include "logs/log_store.h"

#include <fmt/format.h>

#include <set>

#include "telemetry/log.h"

namespace penstock::logs {
namespace {

constexpr int kEditTriesMax = 100;
constexpr std::size_t kRemovalsPerCommit = 1000;

std::unexpected<Error> no_group() { return fail(ErrorKind::missing, "The specified log group does not exist."); }
std::unexpected<Error> being_changed() {
  return fail(ErrorKind::unavailable, "The log group is being changed; try again.");
}
std::unexpected<Error> no_stream() { return fail(ErrorKind::missing, "The specified log stream does not exist."); }

}  // namespace

LogStore::LogStore(catalog::Catalog& catalog, framelog::FrameLogStore& logs, const Clock& clock, Random& random,
                   const LogStoreOptions& options)
    : catalog_(catalog),
      logs_(logs),
      clock_(clock),
      random_(random),
      block_bytes_(options.block_bytes),
      lane_(options.executor) {}

Result<std::unique_ptr<LogStore>> LogStore::open(catalog::Catalog& catalog, framelog::FrameLogStore& logs,
                                                 const Clock& clock, Random& random, const LogStoreOptions& options) {
  std::unique_ptr<LogStore> store(new LogStore(catalog, logs, clock, random, options));
  PENSTOCK_TRY_VOID(store->load());
  store->writer_ = std::thread([raw = store.get()] { raw->write_forever(); });
  return store;
}

Result<LogStore::GroupPtr> LogStore::load_group(const catalog::Document& document) {
  auto record = from_document<GroupRecord>(*document.bytes);
  if (!record) return fail(ErrorKind::corrupt, document.key + ": " + record.error().message);
  std::vector<StreamRecord> streams;
  for (const auto& stored : catalog_.list(stream_key(record->uid, ""))) {
    auto stream = from_document<StreamRecord>(*stored.bytes);
    if (!stream) return fail(ErrorKind::corrupt, stored.key + ": " + stream.error().message);
    streams.push_back(*std::move(stream));
  }
  const std::string log_id = log_id_of(record->uid);
  auto log = logs_.open(log_id);
  if (!log && log.error().kind == ErrorKind::missing) log = logs_.create(log_id);
  Result<GroupPtr> group =
      log ? LogGroup::open(*record, document.version, streams, *std::move(log), clock_, block_bytes_)
          : std::unexpected(log.error());
  if (group) return group;
  // Whoever does not need this group is served all the same.
  telemetry::log(telemetry::Level::error, "a log group cannot be opened: its events cannot be read or written",
                 {{"group", std::string_view(record->name)}, {"reason", std::string_view(group.error().message)}});
  return LogGroup::closed(*record, document.version, streams, clock_, group.error());
}

Result<void> LogStore::load() {
  for (const catalog::Document& document : catalog_.list(group_key(""))) {
    PENSTOCK_TRY(GroupPtr group, load_group(document));
    const MutexLock lock(mutex_);
    groups_.emplace(group->record().name, std::move(group));
  }
  return remove_orphans();
}

/// What a crash between two steps of making or removing a group left behind.
Result<void> LogStore::remove_orphans() {
  std::set<std::string> uids;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, group] : groups_) uids.insert(group->record().uid);
  }
  PENSTOCK_TRY(const std::vector<std::string> log_ids, logs_.list());
  for (const std::string& id : log_ids) {
    if (id.starts_with(kLogIdPrefix) && !uids.contains(id.substr(kLogIdPrefix.size()))) {
      PENSTOCK_TRY_VOID(logs_.remove(id));
    }
  }
  std::set<std::string> gone;
  constexpr std::string_view kStreams = "logs/stream/";
  for (const catalog::Document& document : catalog_.list(kStreams)) {
    const std::string_view rest = std::string_view(document.key).substr(kStreams.size());
    const std::string uid(rest.substr(0, rest.find('/')));
    if (!uids.contains(uid)) gone.insert(uid);
  }
  for (const std::string& uid : gone) PENSTOCK_TRY_VOID(run_sync(remove_streams_of(uid)));
  return {};
}

std::shared_ptr<LogGroup> LogStore::find_group(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto at = groups_.find(name);
  return at == groups_.end() ? nullptr : at->second;
}

Result<LogStore::GroupPtr> LogStore::group_or_error(std::string_view name) const {
  GroupPtr group = find_group(name);
  if (group == nullptr) return no_group();
  return group;
}

std::vector<std::shared_ptr<LogGroup>> LogStore::list_groups(
    std::string_view after, std::size_t limit, const std::function<bool(std::string_view)>& wanted) const {
  const MutexLock lock(mutex_);
  std::vector<GroupPtr> found;
  for (auto at = groups_.upper_bound(after); at != groups_.end() && found.size() < limit; ++at) {
    if (wanted(at->first)) found.push_back(at->second);
  }
  return found;
}

Task<Result<void>> LogStore::create_group(std::string name, std::string log_class,
                                          std::map<std::string, std::string> tags) {
  {
    const MutexLock lock(mutex_);
    if (groups_.contains(name)) co_return fail(ErrorKind::conflict, "The specified log group already exists");
    if (groups_.size() >= kGroupsMax) co_return fail(ErrorKind::throttled, "Resource limit exceeded.");
  }
  GroupRecord record{.name = name,
                     .uid = random_.hex(16),
                     .log_class = std::move(log_class),
                     .retention_days = std::nullopt,
                     .tags = std::move(tags),
                     .created_ms = to_unix_ms(clock_.now())};
  const std::string log_id = log_id_of(record.uid);
  // It is whole before the catalog tells of it.
  const std::function<Result<GroupPtr>()> make = [this, log_id, record]() -> Result<GroupPtr> {
    PENSTOCK_TRY(std::shared_ptr<framelog::FrameLog> log, logs_.create(log_id));
    return LogGroup::open(record, 0, {}, std::move(log), clock_, block_bytes_);
  };
  PENSTOCK_CO_TRY(GroupPtr group, co_await lane_.call(make));
  const auto added = co_await catalog_.put(group_key(name), to_document(record), 0);
  if (!added) {
    if (added.error().kind == ErrorKind::outcome_unknown) co_return std::unexpected(added.error());
    const std::function<Result<void>()> undo = [this, log_id] { return logs_.remove(log_id); };
    if (const auto undone = co_await lane_.call(undo); !undone) co_return std::unexpected(undone.error());
    if (added.error().kind != ErrorKind::conflict) co_return std::unexpected(added.error());
    co_return fail(ErrorKind::conflict, "The specified log group already exists");
  }
  group->set_record(record, *added);
  const MutexLock lock(mutex_);
  groups_.insert_or_assign(std::move(name), std::move(group));
  co_return Result<void>{};
}

Task<Result<void>> LogStore::remove_streams_of(std::string uid) {
  while (true) {
    std::vector<catalog::Change> changes;
    for (const auto& document : catalog_.list(stream_key(uid, ""), {}, kRemovalsPerCommit)) {
      changes.push_back({.key = document.key, .expected = std::nullopt, .bytes = std::nullopt});
    }
    if (changes.empty()) co_return Result<void>{};
    PENSTOCK_CO_TRY_VOID(co_await catalog_.commit(std::move(changes)));
  }
}

Task<Result<void>> LogStore::remove_group(std::string name) {
  PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(name));
  const std::string uid = group->record().uid;
  const auto document = catalog_.get(group_key(name));
  if (!document) co_return no_group();
  PENSTOCK_CO_TRY(const GroupRecord record, from_document<GroupRecord>(*document->bytes));
  if (record.uid != uid) co_return being_changed();  // another group of that name
  const auto removed = co_await catalog_.remove(group_key(name), document->version);
  if (!removed) {
    if (removed.error().kind != ErrorKind::conflict) co_return std::unexpected(removed.error());
    co_return being_changed();  // it was edited or removed meanwhile
  }
  {
    const MutexLock lock(mutex_);
    const auto at = groups_.find(name);
    if (at != groups_.end() && at->second == group) groups_.erase(at);
  }
  // It is gone, whatever comes now: what stays behind is removed by the next start.
  const std::function<Result<void>()> drop = [this, uid] { return logs_.remove(log_id_of(uid)); };
  Result<void> cleaned = co_await remove_streams_of(uid);
  if (const auto dropped = co_await lane_.call(drop); !dropped) cleaned = dropped;
  if (!cleaned) {
    telemetry::log(telemetry::Level::warn, "a deleted log group left something behind until the next start",
                   {{"group", std::string_view(name)}, {"reason", std::string_view(cleaned.error().message)}});
  }
  co_return Result<void>{};
}

Task<Result<void>> LogStore::edit_group(std::string name, std::function<Result<void>(GroupRecord&)> edit) {
  for (int tries = 0; tries < kEditTriesMax; ++tries) {
    PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(name));
    const auto document = catalog_.get(group_key(name));
    if (!document) co_return no_group();
    PENSTOCK_CO_TRY(GroupRecord record, from_document<GroupRecord>(*document->bytes));
    if (record.uid != group->record().uid) continue;  // another group of that name
    PENSTOCK_CO_TRY_VOID(edit(record));
    const auto changed = co_await catalog_.put(document->key, to_document(record), document->version);
    if (changed) {
      group->set_record(std::move(record), *changed);
      co_return Result<void>{};
    }
    if (changed.error().kind != ErrorKind::conflict) co_return std::unexpected(changed.error());
  }
  co_return fail(ErrorKind::unavailable, "The log group changes too often.");
}

Task<Result<void>> LogStore::create_stream(std::string group_name, std::string name) {
  PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(group_name));
  if (group->find_stream(name)) co_return fail(ErrorKind::conflict, "The specified log stream already exists");
  if (group->stream_count() >= kStreamsMax) co_return fail(ErrorKind::throttled, "Resource limit exceeded.");
  const StreamRecord record{.name = name, .id = group->new_stream_id(), .created_ms = to_unix_ms(clock_.now())};
  const auto added = co_await catalog_.put(stream_key(group->record().uid, name), to_document(record), 0);
  if (!added) {
    if (added.error().kind != ErrorKind::conflict) co_return std::unexpected(added.error());
    co_return fail(ErrorKind::conflict, "The specified log stream already exists");
  }
  group->add_stream(record);
  co_return Result<void>{};
}

Task<Result<void>> LogStore::remove_stream(std::string group_name, std::string name) {
  PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(group_name));
  if (!group->find_stream(name)) co_return no_stream();
  PENSTOCK_CO_TRY_VOID(co_await catalog_.remove(stream_key(group->record().uid, name)));
  group->drop_stream(name);
  co_return Result<void>{};
}

Task<Result<void>> LogStore::put_events(std::string group_name, std::string stream, std::vector<LogEvent> events) {
  PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(group_name));
  const auto found = group->find_stream(stream);
  if (!found) co_return no_stream();
  co_return co_await group->append(found->id, std::move(events));
}

Task<Result<EventPage>> LogStore::read(std::string group_name, EventQuery query) {
  PENSTOCK_CO_TRY(const GroupPtr group, group_or_error(group_name));
  co_return co_await group->read(std::move(query));
}

Task<Result<void>> LogStore::trim_expired(Timestamp now) {
  std::vector<GroupPtr> groups;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, group] : groups_) groups.push_back(group);
  }
  for (const GroupPtr& group : groups) {
    const auto trimmed = co_await group->trim(now);
    if (trimmed || find_group(group->record().name) != group) continue;  // it may have been deleted meanwhile
    co_return trimmed;
  }
  co_return Result<void>{};
}

}  // namespace penstock::logs
