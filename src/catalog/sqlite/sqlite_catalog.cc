#include "catalog/sqlite/sqlite_catalog.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "catalog/document_table.h"
#include "catalog/sqlite/database.h"
#include "os/posix_file_system.h"

namespace penstock::catalog {
namespace {

/// One transaction holds at most this much, so that a burst of large documents does not delay its first commit for
/// long.
constexpr std::size_t kGroupBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kRewrittenBytes = 256 * 1024;

std::size_t size_of(const std::vector<Change>& changes) {
  std::size_t total = 0;
  for (const Change& change : changes) total += change.key.size() + (change.bytes ? change.bytes->size() : 0);
  return total;
}

class SqliteCatalog final : public SqliteFileCatalog {
 public:
  SqliteCatalog(std::unique_ptr<Database> database, const SqliteOptions& options)
      : database_(std::move(database)), executor_(options.executor), checkpoint_pages_(options.checkpoint_pages) {}

  ~SqliteCatalog() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    arrived_.notify_one();
    if (writer_.joinable()) writer_.join();
  }

  Result<void> start() {
    PENSTOCK_TRY(last_, database_->load([this](std::string key, Version version, std::string bytes) {
      table_.load(std::move(key), version, std::move(bytes));
    }));
    if (executor_ == nullptr) writer_ = std::thread([this] { write_groups(); });
    return {};
  }

  [[nodiscard]] std::optional<Document> get(std::string_view key) const override { return table_.get(key); }
  [[nodiscard]] std::vector<Document> list(std::string_view prefix, std::string_view after,
                                           std::size_t limit) const override {
    return table_.list(prefix, after, limit);
  }
  [[nodiscard]] std::unique_ptr<Subscription> watch(std::string prefix,
                                                    std::function<void(const Event&)> on_change) override {
    return table_.watch(std::move(prefix), std::move(on_change));
  }

  Task<Result<Version>> commit(std::vector<Change> changes) override {
    PENSTOCK_CO_TRY_VOID(check_bounds(changes));
    Waiting waiting{.changes = std::move(changes), .done = {}, .outcome = {}, .copy = {}};
    const Completion<Result<Version>> done = waiting.done;
    PENSTOCK_CO_TRY_VOID(enqueue(std::move(waiting)));
    co_return co_await done;
  }

  Task<Result<void>> copy_to(std::string path, std::function<Result<void>()> first) override {
    Waiting waiting{.changes = {}, .done = {}, .outcome = {}, .copy = Copy{std::move(path), std::move(first)}};
    const Completion<Result<Version>> done = waiting.done;
    PENSTOCK_CO_TRY_VOID(enqueue(std::move(waiting)));
    PENSTOCK_CO_TRY_VOID(co_await done);
    co_return Result<void>();
  }

 private:
  struct Copy {
    std::string path;
    std::function<Result<void>()> first;
  };
  struct Waiting {
    std::vector<Change> changes;
    Completion<Result<Version>> done;
    Result<Version> outcome;
    std::optional<Copy> copy;  ///< instead of changes
  };
  using Group = std::vector<Waiting>;

  Result<void> enqueue(Waiting waiting) EXCLUDES(mutex_) {
    const std::size_t bytes = size_of(waiting.changes);
    {
      const MutexLock lock(mutex_);
      if (stopping_) return fail(ErrorKind::unavailable, "catalog: shutting down");
      if (queue_.size() >= kQueuedCommitsMax || queued_bytes_ + bytes > kQueuedBytesMax) {
        return fail(ErrorKind::throttled, "catalog: too many commits are waiting");
      }
      queued_bytes_ += bytes;
      queue_.push_back(std::move(waiting));
    }
    if (executor_ == nullptr) {
      arrived_.notify_one();
    } else {
      executor_->post([this] { write_groups(); });
    }
    return {};
  }

  /// Everything that waits, up to kGroupBytesMax or to the next copy, which comes alone; empty when the catalog ends
  /// (on an executor: when nothing waits).
  Group next_group() EXCLUDES(mutex_) {
    Group group;
    std::size_t bytes = 0;
    const MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_ && executor_ == nullptr) arrived_.wait(mutex_);
    while (!queue_.empty() && bytes < kGroupBytesMax) {
      if (queue_.front().copy.has_value() && !group.empty()) break;
      bytes += size_of(queue_.front().changes);
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
      if (group.back().copy.has_value()) break;
    }
    queued_bytes_ -= bytes;
    return group;
  }

  void write_groups() EXCLUDES(mutex_) {
    for (Group group = next_group(); !group.empty(); group = next_group()) {
      if (group.front().copy.has_value()) {
        group.front().done.set(make_copy(*group.front().copy));
        continue;
      }
      const Result<void> written = poisoned_ ? fail(ErrorKind::unavailable, poison_) : write_one(group);
      for (Waiting& waiting : group) {
        if (!written.has_value()) {
          waiting.outcome = std::unexpected(written.error());
        } else if (waiting.outcome.has_value()) {
          table_.apply(*waiting.outcome, std::move(waiting.changes));
        }
        waiting.done.set(std::move(waiting.outcome));
      }
      group.clear();
      if (!poisoned_) database_->checkpoint_if_due(checkpoint_pages_);
    }
  }

  Result<Version> make_copy(const Copy& copy) {
    if (poisoned_) return fail(ErrorKind::unavailable, poison_);
    PENSTOCK_TRY_VOID(copy.first());
    if (Result<void> copied = database_->copy_to(copy.path); !copied.has_value()) {
      // Whatever happened, it happened to the copy.
      return fail(ErrorKind::unavailable, std::move(copied).error().message);
    }
    return last_;
  }

  /// Fills in each commit's outcome. An error means that no commit of the group took place, not even as a conflict:
  /// a conflict may have been with another commit of the same group.
  Result<void> write_one(Group& group) {
    Staging staging(table_);
    Version last = last_;
    PENSTOCK_TRY_VOID(database_->begin());
    for (Waiting& waiting : group) {
      if (Result<void> held = staging.check(waiting.changes); !held.has_value()) {
        waiting.outcome = std::unexpected(std::move(held).error());
        continue;
      }
      waiting.outcome = ++last;
      if (Result<void> written = database_->write(last, waiting.changes); !written.has_value()) {
        return abandon(std::move(written).error(), false);
      }
      staging.stage(last, waiting.changes);
    }
    if (last == last_) {
      database_->roll_back();
      return {};
    }
    if (Result<void> committed = database_->commit(last); !committed.has_value()) {
      return abandon(std::move(committed).error(), true);
    }
    last_ = last;
    return {};
  }

  std::unexpected<Error> abandon(Error error, bool while_committing) {
    database_->roll_back();
    if (error.kind == ErrorKind::outcome_unknown) {
      poisoned_ = true;
      poison_ = error.message + "; restart to find out what was kept";
    }
    // Before COMMIT nothing can have taken place, and a conflict between processes is not a conflict of versions.
    if (!while_committing || error.kind == ErrorKind::conflict) error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
  }

  DocumentTable table_;
  std::unique_ptr<Database> database_;  // the writer's, once it runs
  Executor* const executor_;            // null: the writer is a thread
  const int checkpoint_pages_;
  Version last_ = 0;       // the writer's
  bool poisoned_ = false;  // the writer's
  std::string poison_;     // the writer's

  Mutex mutex_;
  CondVar arrived_;
  std::deque<Waiting> queue_ GUARDED_BY(mutex_);  // bounded by kQueuedCommitsMax
  std::size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

/// What SQLite found in its log counts as committed from here on. But a sync of it may have failed in an earlier
/// process: then the system shows bytes that it will never write by itself. So they are written once more (the same
/// bytes at the same places: a power loss meanwhile harms nothing) and synced; and so are the names, for which SQLite
/// does not look whether it worked.
Result<void> make_durable(os::FileSystem& files, const std::string& path) {
  auto log = files.open(path + "-wal", os::OpenMode::read_write);
  if (!log.has_value() && log.error().kind != ErrorKind::missing) return std::unexpected(std::move(log).error());
  if (log.has_value()) {
    std::string bytes(kRewrittenBytes, '\0');
    PENSTOCK_TRY(const std::uint64_t size, (*log)->size());
    for (std::uint64_t offset = 0; offset < size;) {
      PENSTOCK_TRY(const std::size_t got, (*log)->pread(bytes, offset));
      if (got == 0) break;
      const std::array<std::string_view, 1> parts = {std::string_view(bytes).substr(0, got)};
      PENSTOCK_TRY_VOID((*log)->pwritev(parts, offset));
      offset += got;
    }
    PENSTOCK_TRY_VOID((*log)->sync());
  }
  const std::size_t slash = path.find_last_of('/');
  return files.sync_directory(slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
}

Result<std::unique_ptr<SqliteFileCatalog>> open_database(const std::string& path, const SqliteOptions& options) {
  PENSTOCK_TRY(std::unique_ptr<Database> database, Database::open(path, options.vfs));
  const auto system_files = os::posix_file_system();
  // Only now: SQLite holds its lock, so nobody else writes that log.
  PENSTOCK_TRY_VOID(make_durable(options.files == nullptr ? *system_files : *options.files, path));
  auto catalog = std::make_unique<SqliteCatalog>(std::move(database), options);
  PENSTOCK_TRY_VOID(catalog->start());
  return catalog;
}

}  // namespace

Result<std::unique_ptr<SqliteFileCatalog>> open_sqlite_catalog(const std::string& path, SqliteOptions options) {
  auto opened = open_database(path, options);
  // No commit is under way here: an input/output error leaves nothing unknown.
  if (!opened && opened.error().kind == ErrorKind::outcome_unknown) opened.error().kind = ErrorKind::unavailable;
  return opened;
}

}  // namespace penstock::catalog
