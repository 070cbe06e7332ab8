#pragma once
/// One mapping while the server runs: follows its document and its stream, and has a ShardReader for every shard that
/// may be read.
/// Guarantee: at most one reader for a shard; readers of an older revision have ended before those of a newer begin; a
///            deleted mapping leaves no checkpoint.
/// Threads:   any; the work runs on one executor.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "consumers/mapping.h"
#include "consumers/mapping_progress.h"
#include "consumers/parts.h"
#include "consumers/shard_reader.h"
#include "core/mutex.h"
#include "stream/bell.h"

namespace penstock::consumers {

class MappingRunner : public std::enable_shared_from_this<MappingRunner> {
 public:
  /// `is_new`: it shows Creating until it runs for the first time. `on_end` is called once, when nothing of it runs any
  /// more: `deleted` when it is gone from the catalog too.
  MappingRunner(const ConsumerParts& parts, Mapping mapping, bool is_new, std::function<void(bool deleted)> on_end);
  void start();
  /// Ends it; what is under way is finished first.
  void stop() EXCLUDES(mutex_);
  /// The document was changed (and is durable).
  void take(Mapping mapping) EXCLUDES(mutex_);

  [[nodiscard]] Mapping mapping() const EXCLUDES(mutex_);
  /// "Creating", "Enabled", ... as AWS names them.
  [[nodiscard]] std::string state() const EXCLUDES(mutex_);
  [[nodiscard]] const MappingProgress& progress() const { return *progress_; }
  /// How many of its shards are read now.
  [[nodiscard]] std::size_t shards_read() const EXCLUDES(mutex_);

 private:
  struct Running {
    std::shared_ptr<ShardReader> reader;
    bool done = false;
    bool shard_ended = false;
  };

  static Task<void> run(std::shared_ptr<MappingRunner> self);
  Task<bool> follow();
  Task<void> hold_readers(Mapping current);
  Task<Result<void>> discover(const Mapping& current);
  Task<Result<void>> load_checkpoints(const Mapping& current, const stream::StreamInfo& info);
  Task<Result<void>> start_reader(const Mapping& current, const std::string& stream_uid, stream::ShardIndex shard);
  Task<Result<Place>> first_place(const Mapping& current, stream::ShardIndex shard);
  Task<Result<void>> forget_old_shards(const Mapping& current, const stream::StreamInfo& info);
  Task<void> stop_readers();
  void reap() EXCLUDES(mutex_);
  void on_reader_end(stream::ShardIndex shard, bool ended) EXCLUDES(mutex_);
  Task<Result<void>> erase(const Mapping& current);
  Task<Result<void>> remove_below(std::vector<std::string> prefixes, std::optional<std::string> last_key);
  Task<void> wait(std::optional<std::chrono::milliseconds> at_most);
  void settle(std::uint64_t revision) EXCLUDES(mutex_);
  [[nodiscard]] bool is_stopping() const EXCLUDES(mutex_);

  const ConsumerParts& parts_;
  const std::function<void(bool)> on_end_;
  const std::shared_ptr<MappingProgress> progress_ = std::make_shared<MappingProgress>();
  const std::shared_ptr<stream::Bell> bell_ = std::make_shared<stream::Bell>();

  // Of the coroutine only:
  std::shared_ptr<const MappingRun> run_;  ///< what the readers run by; null: there are none
  std::string stream_uid_;                 ///< whose checkpoints are loaded
  std::map<stream::ShardIndex, ShardCheckpoint> checkpoints_;
  std::set<stream::ShardIndex> ended_;

  mutable Mutex mutex_;
  Mapping mapping_ GUARDED_BY(mutex_);
  std::uint64_t settled_ GUARDED_BY(mutex_) = 0;  ///< the revision that is in force
  bool was_enabled_ GUARDED_BY(mutex_);           ///< at that revision
  const bool is_new_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<stream::ShardIndex, Running> running_ GUARDED_BY(mutex_);
};

}  // namespace penstock::consumers
