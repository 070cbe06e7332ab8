#include "server/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/sqlite/sqlite_catalog.h"
#include "functions/event_queue.h"
#include "functions/zip_archive.h"
#include "logs/log_records.h"
#include "server/backup_manifest.h"
#include "server/data_directory.h"
#include "server/directory_tree.h"
#include "sigv4/crypto.h"
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

/// A log of the directory and what the catalog knows of it.
struct KnownLog {
  std::string path;  ///< relative to the directory
  std::string name;
  std::optional<stream::StreamInfo> stream;
};

/// Those of the catalog, as far as they are wanted, and those that lie there.
Result<std::vector<KnownLog>> find_logs(os::FileSystem& files, const DataDirectory& directory,
                                        const std::optional<std::string>& only) {
  PENSTOCK_TRY(const auto catalog, catalog::open_sqlite_catalog(directory.path_of("catalog.sqlite3")));
  PENSTOCK_TRY(auto streams, stream::StreamStore(*catalog, directory.identity().account).load_all());
  std::map<std::string, KnownLog> known;
  for (auto& [info, version] : streams) {
    if (only && info.name != *only) continue;
    std::string path = fmt::format("{}/{}", kStreamsFolder, stream::log_id_of(info));
    known.emplace(path, KnownLog{.path = path, .name = info.name, .stream = std::move(info)});
  }
  std::vector<KnownLog> found;
  if (only && known.empty()) return fail(ErrorKind::missing, fmt::format("there is no stream {}", *only));
  if (!only) {
    // A group whose log is not there begins anew when the server starts: a backup of the first format has none.
    std::map<std::string, std::string> names_of_others;
    names_of_others.emplace(fmt::format("{}/{}", kOutputsFolder, functions::EventQueue::kLogId),
                            "asynchronous invocations");
    for (const catalog::Document& document : catalog->list(logs::group_key(""))) {
      PENSTOCK_TRY(const auto group, logs::from_document<logs::GroupRecord>(*document.bytes));
      names_of_others.emplace(fmt::format("{}/{}", kOutputsFolder, logs::log_id_of(group.uid)),
                              "log group " + group.name);
    }
    for (const std::string_view folder : kLogFolders) {
      const auto names = files.list(directory.path_of(folder));
      if (!names && names.error().kind != ErrorKind::missing) return std::unexpected(names.error());
      for (const std::string& id : names.value_or(std::vector<std::string>{})) {
        std::string path = fmt::format("{}/{}", folder, id);
        if (id.starts_with('.') || known.contains(path)) continue;
        const auto other = names_of_others.find(path);
        std::string name = other != names_of_others.end() ? other->second : fmt::format("log {} (nothing owns it)", id);
        known.emplace(path, KnownLog{.path = path, .name = std::move(name), .stream = std::nullopt});
      }
    }
  }
  for (auto& [path, log] : known) found.push_back(std::move(log));
  std::ranges::sort(found, {}, [](const KnownLog& log) { return std::pair(!log.stream.has_value(), log.name); });
  return found;
}

Result<ZipReport> inspect_zips(os::FileSystem& files, const DataDirectory& directory) {
  ZipReport report;
  const std::string folder = directory.path_of(kZipsFolder);
  const auto names = files.list(folder);
  if (!names && names.error().kind != ErrorKind::missing) return std::unexpected(names.error());
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const std::string path = folder + "/" + name;
    const std::string relative = fmt::format("{}/{}", kZipsFolder, name);
    const std::string_view wanted = zip_sha256_of(relative);
    if (wanted.empty()) continue;
    ++report.zips;
    const auto zip = read_file(files, path, functions::kUnpackedBytesMax);
    if (!zip.has_value()) report.damages.push_back(zip.error().message);
    if (zip.has_value() && sigv4::sha256_hex(*zip) != wanted) report.damages.push_back(path + " is damaged");
  }
  return report;
}

}  // namespace

Result<DirectoryReport> inspect_directory(os::FileSystem& files, const std::string& data_dir, Inspection what,
                                          const std::optional<std::string>& only) {
  PENSTOCK_TRY(const HouseIdentity identity, read_identity(data_dir));
  PENSTOCK_TRY(const DataDirectory directory, DataDirectory::open(files, data_dir, identity));
  PENSTOCK_TRY(const auto logs, find_logs(files, directory, only));
  DirectoryReport out;
  for (const KnownLog& log : logs) {
    const std::string path = directory.path_of(log.path);
    LogReport report{
        .name = log.name,
        .found = what == Inspection::repair ? framelog::repair_log(files, path) : framelog::inspect_log(files, path),
        .damages = {}};
    if (report.found) {
      const stream::StreamInfo* info = log.stream.has_value() ? &*log.stream : nullptr;
      for (const Damage& damage : report.found->damages) report.damages.push_back(describe(info, damage));
    }
    out.logs.push_back(std::move(report));
  }
  if (only) return out;
  PENSTOCK_TRY(out.zips, inspect_zips(files, directory));
  return out;
}

}  // namespace penstock::server
