#include "framelog/embedded/embedded_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <utility>

#include "framelog/embedded/embedded_log.h"
#include "framelog/embedded/format.h"
#include "framelog/embedded/log_snapshot.h"

namespace penstock::framelog {
namespace {

// Folders of logs that are being made or deleted. No log id holds a dot.
constexpr std::string_view kNewPrefix = ".new-";
constexpr std::string_view kRemovedPrefix = ".removed-";
constexpr std::size_t kSealersMax = 16;

bool is_log_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
}

/// Removes a folder of files. What cannot be removed now is removed when the store is opened again.
void remove_files(os::FileSystem& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names.has_value()) return;
  for (const std::string& name : *names) static_cast<void>(files.unlink(directory + "/" + name));
  static_cast<void>(files.remove_directory(directory));
}

class EmbeddedStore final : public EmbeddedFrameLogs {
 public:
  EmbeddedStore(os::FileSystem& files, std::string directory, Clock& clock, Random& random, EmbeddedOptions options)
      : engine_(std::make_shared<Engine>(files, clock, options)), directory_(std::move(directory)), random_(random) {
    sweep();
  }

  ~EmbeddedStore() override {
    Logs logs;
    {
      const MutexLock lock(mutex_);
      logs.swap(logs_);
    }
    for (const auto& [id, log] : logs) log->refuse_appends({ErrorKind::unavailable, "the store is closed"});
    engine_->sorting.stop();
    engine_->committers.stop();
    engine_->readers.stop();
    engine_->housekeeping.stop();
    seal_all(logs);
  }

  Result<std::shared_ptr<FrameLog>> create(const std::string& log_id) override {
    if (!is_log_id(log_id)) return fail(ErrorKind::invalid, fmt::format("not a log id: {}", log_id));
    const Claim claim(*this, log_id);
    PENSTOCK_TRY(const bool there, exists(log_id));
    if (there) return fail(ErrorKind::conflict, fmt::format("log {} exists", log_id));
    PENSTOCK_TRY_VOID(create_directory(log_id));
    return open_claimed(log_id);
  }

  Result<std::shared_ptr<FrameLog>> open(const std::string& log_id) override {
    if (!is_log_id(log_id)) return fail(ErrorKind::invalid, fmt::format("not a log id: {}", log_id));
    const Claim claim(*this, log_id);
    return open_claimed(log_id);
  }

  Result<void> remove(const std::string& log_id) override {
    if (!is_log_id(log_id)) return fail(ErrorKind::invalid, fmt::format("not a log id: {}", log_id));
    const Claim claim(*this, log_id);
    std::shared_ptr<EmbeddedLog> log;
    {
      const MutexLock lock(mutex_);
      durable_names_.erase(log_id);
      if (const auto at = logs_.find(log_id); at != logs_.end()) {
        log = std::move(at->second);
        logs_.erase(at);
      }
    }
    if (log != nullptr) log->refuse_all();
    const std::string grave = directory_ + "/" + std::string(kRemovedPrefix) + log_id;
    if (auto renamed = engine_->files.rename(path_of(log_id), grave); !renamed.has_value()) {
      if (renamed.error().kind == ErrorKind::missing) return {};
      return renamed;
    }
    PENSTOCK_TRY_VOID(engine_->files.sync_directory(directory_));
    engine_->housekeeping.post([engine = engine_, grave] { remove_files(engine->files, grave); });
    return {};
  }

  [[nodiscard]] Result<std::vector<std::string>> list() override {
    auto names = engine_->files.list(directory_);
    if (!names.has_value() && names.error().kind == ErrorKind::missing) return std::vector<std::string>{};
    if (names.has_value()) std::erase_if(*names, [](const std::string& name) { return !is_log_id(name); });
    return names;
  }

  [[nodiscard]] Result<std::optional<LogCut>> cut(const std::string& log_id) override {
    std::shared_ptr<EmbeddedLog> log;
    {
      const MutexLock lock(mutex_);
      if (const auto at = logs_.find(log_id); at != logs_.end()) log = at->second;
    }
    if (log != nullptr) return log->cut();
    return cut_quiet_log(engine_->files, path_of(log_id));
  }

 private:
  using Logs = std::map<std::string, std::shared_ptr<EmbeddedLog>>;

  /// Each seal waits for the disk, which does several things at the same time.
  void seal_all(const Logs& logs) {
    if (engine_->options.executor != nullptr) {
      for (const auto& [id, log] : logs) log->seal_at_end();
      return;
    }
    Workers sealers(std::min(kSealersMax, logs.size()), nullptr);
    for (const auto& [id, log] : logs) sealers.post([log] { log->seal_at_end(); });
    sealers.stop();
  }

  [[nodiscard]] std::string path_of(const std::string& log_id) const { return directory_ + "/" + log_id; }

  Result<bool> exists(const std::string& log_id) {
    PENSTOCK_TRY(const auto names, list());
    return std::ranges::binary_search(names, log_id);
  }

  /// The folder appears under its name only when it is complete and durable.
  Result<void> create_directory(const std::string& log_id) {
    os::FileSystem& files = engine_->files;
    const std::string fresh = directory_ + "/" + std::string(kNewPrefix) + log_id;
    remove_files(files, fresh);
    PENSTOCK_TRY_VOID(files.make_directories(fresh));
    PENSTOCK_TRY(const auto file, files.open(fresh + "/log", os::OpenMode::create_new));
    const std::string bytes = encode_log_file({.salt = random_.u64()});
    const std::array<std::string_view, 1> parts = {bytes};
    PENSTOCK_TRY_VOID(file->pwritev(parts, 0));
    PENSTOCK_TRY_VOID(file->sync());
    // Before the rename: a folder with the log's name must never lack its file. (Opening, which follows, syncs the
    // rest.)
    PENSTOCK_TRY_VOID(files.sync_directory(fresh));
    return files.rename(fresh, path_of(log_id));
  }

  /// One caller at a time creates, opens or removes a log; no mutex is held while it does its I/O.
  class Claim {
   public:
    Claim(EmbeddedStore& store, const std::string& log_id) : store_(store), log_id_(log_id) {
      const MutexLock lock(store_.mutex_);
      while (!store_.claimed_.insert(log_id_).second) store_.unclaimed_.wait(store_.mutex_);
    }
    ~Claim() {
      const MutexLock lock(store_.mutex_);
      store_.claimed_.erase(log_id_);
      store_.unclaimed_.notify_all();
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    EmbeddedStore& store_;
    const std::string log_id_;
  };

  Result<std::shared_ptr<FrameLog>> open_claimed(const std::string& log_id) {
    {
      const MutexLock lock(mutex_);
      if (const auto at = logs_.find(log_id); at != logs_.end()) return at->second;
    }
    PENSTOCK_TRY(auto recovered, recover_log(engine_->files, path_of(log_id)));
    // Whoever made the log may have failed before its name was durable.
    if (!is_durable_name(log_id)) PENSTOCK_TRY_VOID(sync_names());
    auto log = std::make_shared<EmbeddedLog>(engine_, path_of(log_id), std::move(recovered));
    log->start();
    const MutexLock lock(mutex_);
    logs_[log_id] = log;
    return log;
  }

  /// The log's name in this folder, and this folder's own name, which may be new too.
  Result<void> sync_names() {
    PENSTOCK_TRY_VOID(engine_->files.sync_directory(directory_));
    const std::size_t slash = directory_.find_last_of('/');
    if (slash == std::string::npos || slash == 0 || own_name_synced_) return {};
    PENSTOCK_TRY_VOID(engine_->files.sync_directory(directory_.substr(0, slash)));
    own_name_synced_ = true;
    return {};
  }

  /// Whether the log was there when the store was opened: its name was made durable then.
  bool is_durable_name(const std::string& log_id) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return durable_names_.erase(log_id) == 1;
  }

  /// Finishes what an earlier process left: half-made and half-deleted logs.
  void sweep() EXCLUDES(mutex_) {
    const auto names = engine_->files.list(directory_);
    if (!names.has_value()) return;
    if (sync_names().has_value()) {
      const MutexLock lock(mutex_);
      for (const std::string& name : *names) {
        if (is_log_id(name)) durable_names_.insert(name);
      }
    }
    for (const std::string& name : *names) {
      if (name == kStagingFolder) remove_log_folders(engine_->files, path_of(name));
      if (name.starts_with(kNewPrefix)) remove_files(engine_->files, path_of(name));
      if (!name.starts_with(kRemovedPrefix)) continue;
      engine_->housekeeping.post([engine = engine_, path = path_of(name)] { remove_files(engine->files, path); });
    }
  }

  const std::shared_ptr<Engine> engine_;
  const std::string directory_;
  Random& random_;
  std::atomic<bool> own_name_synced_ = false;
  Mutex mutex_;
  CondVar unclaimed_;
  std::set<std::string> claimed_ GUARDED_BY(mutex_);
  std::set<std::string> durable_names_ GUARDED_BY(mutex_);  ///< of logs that have not been opened yet
  Logs logs_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<EmbeddedFrameLogs> embedded_store(os::FileSystem& files, std::string directory, Clock& clock,
                                                  Random& random, EmbeddedOptions options) {
  return std::make_unique<EmbeddedStore>(files, std::move(directory), clock, random, options);
}

}  // namespace penstock::framelog
