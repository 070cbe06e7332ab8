#include "server/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <thread>
#include <utility>

#include "catalog/sqlite/sqlite_catalog.h"
#include "codec/json.h"
#include "core/task.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/log_snapshot.h"
#include "functions/function_registry.h"
#include "logs/log_records.h"
#include "os/posix_file_system.h"
#include "server/bucket_files.h"
#include "server/data_directory.h"
#include "server/directory_tree.h"
#include "server/master_key_files.h"
#include "server/zip_snapshot.h"
#include "stream/master_keys.h"
#include "stream/stream_store.h"

namespace penstock::server {
namespace {

constexpr std::string_view kCatalogFile = "catalog.sqlite3";
/// Of a backup, each before those in it.
constexpr std::string_view kFolders[] = {"tls",       kStreamsFolder, kOutputsFolder,
                                         "functions", kZipsFolder,    kBucketsFolder};
constexpr std::size_t kSmallFileBytesMax = 1U << 20U;
constexpr std::chrono::milliseconds kPauseMax{250};

/// Everything in a data directory that is neither catalog nor log, zip or object of a bucket, and that a restored one
/// must have (as far as it is there). Not taken: `lock`, `endpoints.json` and `control`, which a running server makes.
constexpr std::string_view kSmallFiles[] = {kIdentityFile,   kRootKeyFile, "seal-key",
                                            kMasterKeysFile, "tls/ca.pem", "tls/ca.key"};

/// One backup, in the order in which things become durable:
///   1. the target and its folders are made; nothing in them counts yet;
///   2. while the catalog stands still: links to every sealed segment and every zip, handles of the other segments, the
///      catalog's copy;
///   3. the catalog's copy and all files are completed and synced, then the folders of the logs; behind the cut, so
///      that what a log says was written to a bucket is there, what lies in buckets;
///   4. the folders of the target, the target and the folder it lies in are synced: all names are durable;
///   5. the manifest is written under another name, synced, renamed, and the target synced again.
/// Power loss before 5 leaves a folder without manifest, which restore refuses.
class Backup {
 public:
  Backup(const BackupSource& source, std::string target, const OnBackupProgress& on_progress)
      : source_(source), files_(source.files), target_(std::move(target)), on_progress_(on_progress) {}

  Result<BackupReport> run() {
    PENSTOCK_TRY_VOID(check_target());
    PENSTOCK_TRY(FreshFolder fresh, FreshFolder::make(files_, target_));
    for (const std::string_view folder : kFolders) PENSTOCK_TRY_VOID(files_.make_directories(path_of(folder)));
    PENSTOCK_TRY_VOID(copy_all());
    for (const std::string_view folder : kFolders) PENSTOCK_TRY_VOID(files_.sync_directory(path_of(folder)));
    PENSTOCK_TRY_VOID(sync_with_parents(files_, target_));
    manifest_.program = PENSTOCK_VERSION;
    manifest_.made = source_.clock.now();
    const std::string text = render_manifest(manifest_);
    if (text.size() > kManifestBytesMax) {
      return fail(ErrorKind::invalid,
                  fmt::format("the backup has too many files: its {} would have {} bytes, more than {}", kManifestFile,
                              text.size(), kManifestBytesMax));
    }
    PENSTOCK_TRY_VOID(write_durably(files_, path_of(kManifestFile), text));
    fresh.keep();
    return report();
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view name) const { return target_ + "/" + std::string(name); }

  Result<void> check_target() const {
    if (!target_.starts_with('/') || target_.size() < 2) {
      return fail(ErrorKind::invalid, fmt::format("the target {} is not an absolute path", target_));
    }
    if (!lies_in(target_, source_.data_dir)) return {};
    return fail(ErrorKind::invalid,
                fmt::format("the target {} lies in the data directory {}: name another", target_, source_.data_dir));
  }

  [[nodiscard]] std::string source_of(std::string_view name) const {
    return source_.data_dir + "/" + std::string(name);
  }
  [[nodiscard]] std::string staging_in(std::string_view folder) const {
    return fmt::format("{}/{}/{}", source_.data_dir, folder, framelog::kStagingFolder);
  }

  Result<void> copy_all() {
    framelog::LogSnapshot streams(files_, path_of(kStreamsFolder), staging_in(kStreamsFolder));
    framelog::LogSnapshot outputs(files_, path_of(kOutputsFolder), staging_in(kOutputsFolder));
    // A store of logs clears its staging folder when it is opened.
    ZipSnapshot zips(files_, source_of(kZipsFolder), path_of(kZipsFolder),
                     source_.is_busy ? staging_in(kStreamsFolder) + "/zips" : std::string());
    // SQLite would make the file readable by all.
    PENSTOCK_TRY_VOID(files_.open(path_of(kCatalogFile), os::OpenMode::create_new));
    PENSTOCK_TRY_VOID(source_.copy_catalog(path_of(kCatalogFile), [&]() -> Result<void> {
      PENSTOCK_TRY_VOID(take_logs(streams, kStreamsFolder));
      PENSTOCK_TRY_VOID(take_logs(outputs, kOutputsFolder));
      return zips.take();
    }));
    PENSTOCK_TRY_VOID(settle_catalog());
    PENSTOCK_TRY(const auto bucket_files, list_bucket_files(files_, source_of(kBucketsFolder)));
    PENSTOCK_TRY(const std::uint64_t zip_bytes, zips.bytes_to_copy());
    progress_.bytes_to_copy += streams.bytes_to_copy() + outputs.bytes_to_copy() + zip_bytes;
    for (const BucketFile& file : bucket_files) progress_.bytes_to_copy += file.bytes;
    PENSTOCK_TRY_VOID(check_room());
    const framelog::OnBytes on_bytes = [this](std::uint64_t bytes) { return note(bytes); };
    PENSTOCK_TRY_VOID(finish(streams, kStreamsFolder, on_bytes));
    PENSTOCK_TRY_VOID(finish(outputs, kOutputsFolder, on_bytes));
    PENSTOCK_TRY(auto zip_files, zips.finish(on_bytes));
    PENSTOCK_TRY(auto copied,
                 copy_bucket_files(files_, source_of(kBucketsFolder), bucket_files, path_of(kBucketsFolder), on_bytes));
    PENSTOCK_TRY_VOID(copy_small_files());
    report_.zips = zip_files.size();
    note_lost_code(zip_files);
    report_.bucket_files = copied.size();
    std::ranges::move(zip_files, std::back_inserter(manifest_.files));
    std::ranges::move(copied, std::back_inserter(manifest_.files));
    return {};
  }

  Result<void> finish(framelog::LogSnapshot& logs, std::string_view folder, const framelog::OnBytes& on_bytes) {
    PENSTOCK_TRY(auto copied, logs.finish(on_bytes));
    for (framelog::SnapshotLog& log : copied) {
      BackupLog entry{.id = log.id,
                      .folder = std::string(folder),
                      .owner = owner_of_[log.id],
                      .next_position = log.next_position,
                      .files = {}};
      for (framelog::SnapshotFile& file : log.files) {
        entry.files.push_back({.name = std::move(file.name), .bytes = file.bytes, .crc32c = file.crc32c});
      }
      if (!entry.owner.empty()) ++(folder == kStreamsFolder ? report_.streams : report_.log_groups);
      manifest_.logs.push_back(std::move(entry));
    }
    return {};
  }

  Result<void> take_logs(framelog::LogSnapshot& logs, std::string_view folder) const {
    const auto ids = files_.list(source_of(folder));
    if (!ids.has_value() && ids.error().kind == ErrorKind::missing) return {};
    if (!ids.has_value()) return std::unexpected(ids.error());
    for (const std::string& id : *ids) {
      if (id.starts_with('.')) continue;
      PENSTOCK_TRY_VOID(logs.take(id, [&] { return source_.cut_log(folder, id); }));
    }
    return {};
  }

  /// Opening it shows that it can be opened, and leaves it as a server leaves one behind.
  Result<void> settle_catalog() {
    const std::string path = path_of(kCatalogFile);
    PENSTOCK_TRY(const auto identity, read_identity(source_.data_dir));
    manifest_.account = identity.account;
    manifest_.region = identity.region;
    {
      PENSTOCK_TRY(const auto catalog, catalog::open_sqlite_catalog(path));
      PENSTOCK_TRY(const auto streams, stream::StreamStore(*catalog, identity.account).load_all());
      for (const auto& [info, version] : streams) owner_of_[stream::log_id_of(info)] = info.name;
      for (const catalog::Document& document : catalog->list(logs::group_key(""))) {
        PENSTOCK_TRY(auto group, logs::from_document<logs::GroupRecord>(*document.bytes));
        owner_of_[logs::log_id_of(group.uid)] = std::move(group.name);
      }
      PENSTOCK_TRY_VOID(note_code(*catalog));
      for (const catalog::Document& document : catalog->list("stream-keys/")) note_master_key(*document.bytes);
    }
    PENSTOCK_TRY(const auto file, files_.open(path, os::OpenMode::read_write));
    PENSTOCK_TRY_VOID(file->sync());
    return add_file(kCatalogFile, *file);
  }

  Result<void> note_code(const catalog::Catalog& catalog) {
    functions::FunctionRegistry registry;
    for (const catalog::Document& document : catalog.list(functions::key::kPrefix)) {
      PENSTOCK_TRY_VOID(registry.apply(document.key, document.version, document.bytes.get()));
    }
    registry.each_code([&](std::string_view owner, const functions::CodeRecord& code) {
      code_owners_[fmt::format("{}/{}.zip", kZipsFolder, code.sha256_hex)].emplace(owner);
    });
    return {};
  }

  /// A function whose zip somebody removed stays, and says so when it is run: the backup is as good as the directory.
  void note_lost_code(const std::vector<BackupFile>& zips) {
    for (const BackupFile& zip : zips) code_owners_.erase(zip.name);
    std::set<std::string> lost;
    for (const auto& [zip, owners] : code_owners_) lost.insert(owners.begin(), owners.end());
    for (const std::string& owner : lost | std::views::take(kLostCodeMax)) report_.lost_code.push_back(owner);
  }

  void note_master_key(std::string_view document) {
    const auto value = codec::parse_json(document);
    if (!value.has_value() || !value->is_object()) return;
    const auto* id = value->as_object().if_contains("master_key");
    if (id != nullptr && id->is_string()) master_keys_.emplace(id->as_string());
  }

  Result<void> add_file(std::string_view name, os::File& file) {
    BackupFile entry{.name = std::string(name), .bytes = 0, .crc32c = {}};
    PENSTOCK_TRY(entry.bytes, file.size());
    PENSTOCK_TRY(entry.crc32c, framelog::checksum_of(file, entry.bytes));
    small_bytes_ += entry.bytes;
    manifest_.files.push_back(std::move(entry));
    return {};
  }

  /// Early, so that hours of copying do not end with a full disk. It is no promise.
  Result<void> check_room() const {
    PENSTOCK_TRY(const std::uint64_t free, files_.free_bytes(target_));
    if (free >= progress_.bytes_to_copy) return {};
    return fail(ErrorKind::unavailable,
                fmt::format("no space left for the backup: {} bytes are to be copied and {} are "
                            "free on the disk of {}",
                            progress_.bytes_to_copy, free, target_));
  }

  /// Called behind the cut: what the catalog and the logs need is older than they are.
  Result<void> copy_small_files() {
    for (const std::string_view name : kSmallFiles) {
      const auto text = read_file(files_, source_.data_dir + "/" + std::string(name), kSmallFileBytesMax);
      if (!text.has_value() && text.error().kind == ErrorKind::missing) continue;
      if (!text.has_value()) return std::unexpected(text.error());
      PENSTOCK_TRY_VOID(write_durably(files_, path_of(name), *text));
      PENSTOCK_TRY(const auto file, files_.open(path_of(name), os::OpenMode::read));
      PENSTOCK_TRY_VOID(add_file(name, *file));
      if (name == kMasterKeysFile) forget_master_keys(*text);
    }
    manifest_.master_keys_elsewhere.assign(master_keys_.begin(), master_keys_.end());
    return {};
  }

  void forget_master_keys(std::string_view text) {
    const auto keys = stream::parse_master_keys(text);
    if (!keys.has_value()) return;
    for (const stream::MasterKey& key : *keys) master_keys_.erase(key.id);
  }

  Result<void> note(std::uint64_t bytes) {
    progress_.bytes_copied += bytes;
    PENSTOCK_TRY_VOID(on_progress_(progress_));
    const SteadyTime now = source_.clock.steady();
    if (source_.is_busy && bytes > 0) {
      const auto worked = std::min<std::chrono::nanoseconds>(now - piece_began_, kPauseMax);
      std::this_thread::sleep_for(worked);
    }
    piece_began_ = source_.clock.steady();
    return {};
  }

  [[nodiscard]] BackupReport report() {
    report_.target = target_;
    report_.bytes_copied = progress_.bytes_copied;
    report_.master_keys_elsewhere = manifest_.master_keys_elsewhere;
    for (const BackupLog& log : manifest_.logs) report_.bytes += log.bytes();
    for (const BackupFile& file : manifest_.files) report_.bytes += file.bytes;
    report_.bytes_copied += small_bytes_;
    return std::move(report_);
  }

  const BackupSource& source_;
  os::FileSystem& files_;
  const std::string target_;
  const OnBackupProgress& on_progress_;
  BackupProgress progress_;
  SteadyTime piece_began_ = source_.clock.steady();
  BackupManifest manifest_;
  BackupReport report_;
  std::uint64_t small_bytes_ = 0;                             ///< of the catalog and the small files
  std::map<std::string, std::string> owner_of_;               ///< by log
  std::map<std::string, std::set<std::string>> code_owners_;  ///< by zip, as far as it is not in the backup
  std::set<std::string> master_keys_;  ///< that encrypted streams need, and that have not been found
};

}  // namespace

Result<BackupReport> make_backup(const BackupSource& source, const std::string& target,
                                 const OnBackupProgress& on_progress) {
  return Backup(source, target, on_progress).run();
}

bool is_held(const std::string& data_dir) {
  const auto lock = os::lock_directory(data_dir);
  return !lock.has_value() && lock.error().kind == ErrorKind::conflict;
}

Result<BackupReport> back_up_stopped(os::FileSystem& files, const Clock& clock, const std::string& data_dir,
                                     const std::string& target, const OnBackupProgress& on_progress) {
  PENSTOCK_TRY(const HouseIdentity identity, read_identity(data_dir));
  PENSTOCK_TRY(const DataDirectory directory, DataDirectory::open(files, data_dir, identity));
  PENSTOCK_TRY(const auto catalog, catalog::open_sqlite_catalog(directory.path_of(kCatalogFile)));
  const BackupSource source{.files = files,
                            .clock = clock,
                            .data_dir = data_dir,
                            .copy_catalog =
                                [&](const std::string& path, const std::function<Result<void>()>& first) {
                                  return run_sync(catalog->copy_to(path, first));
                                },
                            .cut_log =
                                [&](std::string_view folder, const std::string& id) {
                                  return framelog::cut_quiet_log(files,
                                                                 directory.path_of(fmt::format("{}/{}", folder, id)));
                                },
                            .is_busy = false};
  return make_backup(source, target, on_progress);
}

}  // namespace penstock::server
