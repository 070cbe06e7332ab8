#include "server/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "catalog/sqlite/sqlite_catalog.h"
#include "server/data_directory.h"
#include "stream/sequence_number.h"
#include "stream/stream_store.h"

namespace penstock::server {
namespace {

using framelog::Damage;
using framelog::Position;

std::string lost_of_shard(const stream::StreamInfo* info, framelog::ShardIndex index, const Damage& damage) {
  const stream::Shard* shard = info == nullptr ? nullptr : info->shard(index);
  if (shard == nullptr) return fmt::format("shard {}", index.get());
  stream::SequenceNumber first{.shard_created = shard->created, .shard = index};
  first.position = damage.first_lost;
  stream::SequenceNumber last = first;
  last.position = damage.last_lost;
  last.index = UINT16_MAX;
  return fmt::format("{}, sequence numbers {} to {}", stream::format_shard_id(index),
                     stream::format_sequence_number(first), stream::format_sequence_number(last));
}

std::string describe(const stream::StreamInfo* info, const Damage& damage) {
  std::string text = fmt::format("{} bytes {} to {}: {}", damage.path, damage.begin, damage.end, damage.what);
  if (damage.frames_whole > 0) text += fmt::format("; {} frames between them are whole", damage.frames_whole);
  if (damage.frames_lost == 0) return text + "; nothing is lost";
  text += fmt::format("; {} frames lost", damage.frames_lost);
  for (const framelog::ShardIndex shard : damage.shards) {
    text += fmt::format(" ({})", lost_of_shard(info, shard, damage));
  }
  if (damage.frames_of_unknown_shard > 0) {
    text += fmt::format(" ({} of them of a shard that cannot be told, positions {} to {})",
                        damage.frames_of_unknown_shard, damage.first_lost.get(), damage.last_lost.get());
  }
  return text;
}

/// The streams as the catalog knows them, by log.
Result<std::map<std::string, stream::StreamInfo>> read_streams(const DataDirectory& directory) {
  PENSTOCK_TRY(const auto catalog, catalog::open_sqlite_catalog(directory.path_of("catalog.sqlite3")));
  PENSTOCK_TRY(auto all, stream::StreamStore(*catalog, directory.identity().account).load_all());
  std::map<std::string, stream::StreamInfo> streams;
  for (auto& [info, version] : all) {
    std::string log = stream::log_id_of(info);
    streams.emplace(std::move(log), std::move(info));
  }
  return streams;
}

}  // namespace

Result<std::vector<StreamReport>> inspect_streams(os::FileSystem& files, const std::string& data_dir, Inspection what,
                                                  const std::optional<std::string>& only) {
  PENSTOCK_TRY(const HouseIdentity identity, read_identity(data_dir));
  PENSTOCK_TRY(const DataDirectory directory, DataDirectory::open(files, data_dir, identity));
  PENSTOCK_TRY(const auto streams, read_streams(directory));
  std::set<std::string> logs;
  for (const auto& [log, info] : streams) {
    if (!only || info.name == *only) logs.insert(log);
  }
  if (only && logs.empty()) return fail(ErrorKind::missing, fmt::format("there is no stream {}", *only));
  if (!only) {
    const auto names = files.list(directory.path_of("streams"));
    if (!names && names.error().kind != ErrorKind::missing) return std::unexpected(names.error());
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      if (!name.starts_with('.')) logs.insert(name);
    }
  }
  std::vector<StreamReport> reports;
  for (const std::string& log : logs) {
    const auto owner = streams.find(log);
    const stream::StreamInfo* info = owner == streams.end() ? nullptr : &owner->second;
    const std::string path = directory.path_of("streams/" + log);
    StreamReport report{
        .stream = info == nullptr ? "" : info->name,
        .log = log,
        .found = what == Inspection::repair ? framelog::repair_log(files, path) : framelog::inspect_log(files, path),
        .damages = {}};
    if (report.found) {
      for (const Damage& damage : report.found->damages) report.damages.push_back(describe(info, damage));
    }
    reports.push_back(std::move(report));
  }
  std::ranges::sort(reports, {}, &StreamReport::stream);
  return reports;
}

}  // namespace penstock::server
