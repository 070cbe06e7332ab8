#include "server/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/sqlite/sqlite_catalog.h"
#include "codec/json.h"
#include "codec/timestamp_text.h"
#include "framelog/embedded/inspection.h"
#include "framelog/embedded/log_snapshot.h"
#include "framelog/embedded/position_leap.h"
#include "functions/zip_archive.h"
#include "server/directory_tree.h"
#include "sigv4/crypto.h"
#include "stream/stream_store.h"

namespace penstock::server {
namespace {

constexpr std::string_view kMarkerFile = "restoring";
constexpr std::string_view kCatalogFile = "catalog.sqlite3";

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail(ErrorKind::corrupt, fmt::format("the backup is damaged: {} {}", path, what));
}

/// One restore, in the order in which things become durable:
///   1. the target is made, with the marker; from here on nothing starts on it;
///   2. logs, catalog and small files are copied and synced, compared with the manifest and read;
///   3. every log leaps;
///   4. the target's folders, the target and the folders it lies in are synced;
///   5. the marker is removed, and the target synced again.
class Restore {
 public:
  Restore(os::FileSystem& files, std::string backup, std::string target, const RestoreOptions& options,
          const OnBackupProgress& on_progress)
      : files_(files),
        backup_(std::move(backup)),
        target_(std::move(target)),
        options_(options),
        on_progress_(on_progress) {}

  Result<RestoreReport> run() {
    PENSTOCK_TRY_VOID(read_backup());
    if (lies_in(target_, backup_) || lies_in(backup_, target_)) {
      return fail(ErrorKind::invalid, "the backup and the data directory to be made lie in one another");
    }
    PENSTOCK_TRY(FreshFolder fresh, FreshFolder::make(files_, target_));
    PENSTOCK_TRY_VOID(write_durably(files_, path_of(kMarkerFile), "an unfinished restore\n"));
    for (const std::string_view folder : kLogFolders) PENSTOCK_TRY_VOID(files_.make_directories(path_of(folder)));
    PENSTOCK_TRY_VOID(copy_files());
    for (const std::string_view folder : kLogFolders) PENSTOCK_TRY_VOID(copy_logs(folder));
    PENSTOCK_TRY_VOID(find_shards());
    for (const BackupLog& log : manifest_.logs) PENSTOCK_TRY_VOID(settle(log));
    for (const std::string_view folder : kLogFolders) PENSTOCK_TRY_VOID(files_.sync_directory(path_of(folder)));
    PENSTOCK_TRY_VOID(sync_with_parents(files_, target_));
    PENSTOCK_TRY_VOID(files_.unlink(path_of(kMarkerFile)));
    PENSTOCK_TRY_VOID(files_.sync_directory(target_));
    fresh.keep();
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view name) const { return target_ + "/" + std::string(name); }

  Result<void> read_backup() {
    const auto text = read_file(files_, backup_ + "/" + std::string(kManifestFile), kManifestBytesMax);
    if (!text.has_value() && text.error().kind == ErrorKind::missing) {
      return fail(ErrorKind::missing,
                  fmt::format("{} is no backup, or an unfinished one: it has no {}", backup_, kManifestFile));
    }
    if (!text.has_value()) return std::unexpected(text.error());
    PENSTOCK_TRY(manifest_, parse_manifest(*text));
    report_.target = target_;
    report_.made = manifest_.made;
    report_.master_keys_elsewhere = manifest_.master_keys_elsewhere;
    for (const BackupLog& log : manifest_.logs) {
      report_.bytes += log.bytes();
      if (!log.owner.empty()) ++(log.folder == kStreamsFolder ? report_.streams : report_.log_groups);
    }
    for (const BackupFile& file : manifest_.files) {
      report_.bytes += file.bytes;
      report_.zips += zip_sha256_of(file.name).empty() ? 0 : 1;
      report_.bucket_files += file.name.starts_with(fmt::format("{}/", kBucketsFolder)) ? 1 : 0;
    }
    progress_.bytes_to_copy = report_.bytes;
    return {};
  }

  Result<void> note(std::uint64_t bytes) {
    progress_.bytes_copied += bytes;
    return on_progress_(progress_);
  }

  Result<void> copy_files() {
    FolderSync folders(files_, target_);
    for (const BackupFile& file : manifest_.files) {
      const std::string from = backup_ + "/" + file.name;
      const std::string to = path_of(file.name);
      PENSTOCK_TRY_VOID(folders.make_for(file.name));
      PENSTOCK_TRY(const auto source, open(from));
      PENSTOCK_TRY(const std::uint64_t bytes, source->size());
      BackupFile there{.name = file.name, .bytes = bytes, .crc32c = {}};
      const bool is_zip = !zip_sha256_of(file.name).empty();
      PENSTOCK_TRY(const bool linked, is_zip&& options_.link ? link(from, to) : Result<bool>(false));
      if (!linked) {
        PENSTOCK_TRY(there.crc32c,
                     framelog::copy_file(files_, *source, bytes, to, [this](std::uint64_t got) { return note(got); }));
      }
      PENSTOCK_TRY_VOID(compare(from, file, there));
      if (is_zip) PENSTOCK_TRY_VOID(check_zip(from, file));
    }
    return folders.sync();
  }

  /// False: the disk has no such links.
  Result<bool> link(const std::string& from, const std::string& to) const {
    const auto linked = files_.link(from, to);
    if (linked.has_value()) return true;
    if (linked.error().kind == ErrorKind::invalid) return false;
    return std::unexpected(linked.error());
  }

  /// One that was linked into the backup has no checksum but its name.
  Result<void> check_zip(const std::string& path, const BackupFile& file) const {
    if (!options_.check) return {};
    PENSTOCK_TRY(const std::string zip, read_file(files_, path, functions::kUnpackedBytesMax));
    if (sigv4::sha256_hex(zip) == zip_sha256_of(file.name)) return {};
    return damaged(path, "is not the zip that it is named after: its SHA-256 is another");
  }

  Result<std::unique_ptr<os::File>> open(const std::string& path) const {
    auto file = files_.open(path, os::OpenMode::read);
    if (!file.has_value() && file.error().kind == ErrorKind::missing) return damaged(path, "is missing");
    return file;
  }

  /// `crc32c` of what is there may be unknown: it was linked.
  Result<void> compare(const std::string& path, const BackupFile& wanted, BackupFile there) const {
    if (!options_.check) return {};
    if (there.bytes != wanted.bytes) {
      return damaged(path, fmt::format("has {} bytes, not {}", there.bytes, wanted.bytes));
    }
    if (wanted.crc32c.has_value() && !there.crc32c.has_value()) {
      PENSTOCK_TRY(const auto file, open(path));
      PENSTOCK_TRY(there.crc32c, framelog::checksum_of(*file, there.bytes));
    }
    if (wanted.crc32c.has_value() && there.crc32c != wanted.crc32c) return damaged(path, "has another checksum");
    return {};
  }

  Result<void> copy_logs(std::string_view folder) {
    framelog::LogSnapshot logs(files_, path_of(folder), "", options_.link);
    for (const BackupLog& log : manifest_.logs) {
      if (log.folder != folder) continue;
      const std::string from = backup_ + "/" + log.path();
      PENSTOCK_TRY_VOID(logs.take(log.id, [&] { return framelog::cut_quiet_log(files_, from); }));
    }
    PENSTOCK_TRY(const auto copied, logs.finish([this](std::uint64_t bytes) { return note(bytes); }));
    std::map<std::string, const framelog::SnapshotLog*> by_id;
    for (const framelog::SnapshotLog& log : copied) by_id[log.id] = &log;
    for (const BackupLog& wanted : manifest_.logs) {
      if (wanted.folder != folder) continue;
      const std::string from = backup_ + "/" + wanted.path();
      const auto there = by_id.find(wanted.id);
      if (there == by_id.end()) return damaged(from, "is missing");
      PENSTOCK_TRY_VOID(compare(from, wanted, *there->second));
    }
    return {};
  }

  Result<void> compare(const std::string& folder, const BackupLog& wanted, const framelog::SnapshotLog& there) const {
    if (!options_.check) return {};
    for (const BackupFile& file : wanted.files) {
      const auto found = std::ranges::find(there.files, file.name, &framelog::SnapshotFile::name);
      const std::string path = folder + "/" + file.name;
      if (found == there.files.end()) return damaged(path, "is missing");
      PENSTOCK_TRY_VOID(compare(path, file, {.name = file.name, .bytes = found->bytes, .crc32c = found->crc32c}));
    }
    if (there.files.size() != wanted.files.size()) return damaged(folder, "has a segment that does not belong to it");
    return {};
  }

  /// Those that take records, of each log.
  Result<void> find_shards() {
    PENSTOCK_TRY(const auto catalog, catalog::open_sqlite_catalog(path_of(kCatalogFile)));
    PENSTOCK_TRY(const auto streams, stream::StreamStore(*catalog, manifest_.account).load_all());
    for (const auto& [info, version] : streams) {
      auto& shards = shards_[stream::log_id_of(info)];
      for (const stream::Shard& shard : info.shards) {
        if (shard.is_open()) shards.push_back(shard.index);
      }
    }
    return {};
  }

  Result<void> settle(const BackupLog& log) {
    const std::string name = log.described();
    const std::string folder = path_of(log.path());
    PENSTOCK_TRY_VOID(on_progress_(progress_));
    if (options_.check) {
      PENSTOCK_TRY(const auto found, framelog::inspect_log(files_, folder));
      if (!found.is_whole()) {
        const framelog::Damage& first = found.damages.front();
        return fail(
            ErrorKind::corrupt,
            fmt::format("the backup is damaged: {} has {} damages, the first in {} bytes {} to {}: {} (take what "
                        "is whole: copy the backup, `penstock repair --data-dir COPY`, restore the copy with "
                        "--no-check)",
                        name, found.damage_count, first.path.substr(folder.size() + 1), first.begin, first.end,
                        first.what));
      }
      report_.frames += found.frames;
    }
    // Readers of log groups and of invocations go by times and by what they have noted: no tip is leapt there.
    const auto next = framelog::leap_positions(files_, folder, shards_[log.id]);
    if (!next.has_value()) return fail(next.error().kind, fmt::format("{}: {}", name, next.error().message));
    if (options_.check && *next < log.next_position) {
      return fail(ErrorKind::corrupt, fmt::format("the backup is damaged: {} ends before its newest record", name));
    }
    return {};
  }

  os::FileSystem& files_;
  const std::string backup_;
  const std::string target_;
  const RestoreOptions options_;
  const OnBackupProgress& on_progress_;
  BackupProgress progress_;
  BackupManifest manifest_;
  RestoreReport report_;
  std::map<std::string, std::vector<framelog::ShardIndex>> shards_;  ///< by log
};

}  // namespace

Result<RestoreReport> restore_backup(os::FileSystem& files, const std::string& backup, const std::string& target,
                                     const RestoreOptions& options, const OnBackupProgress& on_progress) {
  return Restore(files, backup, target, options, on_progress).run();
}

std::string render_report(const RestoreReport& report) {
  boost::json::array keys;
  for (const std::string& id : report.master_keys_elsewhere) keys.push_back(boost::json::string(id));
  return codec::serialize(boost::json::object{{"target", report.target},
                                              {"made", codec::iso_8601(report.made)},
                                              {"streams", report.streams},
                                              {"log_groups", report.log_groups},
                                              {"zips", report.zips},
                                              {"bucket_files", report.bucket_files},
                                              {"frames", report.frames},
                                              {"bytes", report.bytes},
                                              {"master_keys_elsewhere", std::move(keys)}});
}

Result<void> refuse_backups(os::FileSystem& files, const std::string& data_dir) {
  const auto has = [&](std::string_view name) {
    return files.open(data_dir + "/" + std::string(name), os::OpenMode::read).has_value();
  };
  if (has(kManifestFile)) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is a backup: make a data directory of it with `penstock restore`", data_dir));
  }
  if (!has(kMarkerFile)) return {};
  return fail(ErrorKind::conflict,
              fmt::format("{} was not restored to its end: remove it, and restore again", data_dir));
}

}  // namespace penstock::server
