#pragma once
/// Log groups and streams with their events: the part of CloudWatch Logs that functions write to and people read.
/// Source: CloudWatch Logs API Reference; CloudWatch Logs User Guide, "CloudWatch Logs quotas". Messages of errors are
/// AWS's where AWS's are known.
///
/// Guarantee: an acknowledged change or put is on disk. What `put` (LogSink) takes is written at once, but nobody is
///            told: a crash loses what was taken in the last milliseconds.
/// Threads:   any; Tasks complete on the awaiting coroutine's executor. It outlives every task it gave.
/// Errors:    missing (no such group or stream), conflict (exists), throttled (a bound), unavailable, outcome_unknown,
///            corrupt.
/// Bounds:    kGroupsMax groups, kStreamsMax streams a group; what `put` took and is not written yet:
///            kWaitingBytesMax: beyond it, the newest are dropped and counted.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "core/blocking_lane.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/task.h"
#include "framelog/frame_log.h"
#include "logs/log_group.h"
#include "logs/log_sink.h"

namespace penstock::logs {

inline constexpr std::size_t kGroupsMax = 10'000;
inline constexpr std::size_t kStreamsMax = 1'000'000;
inline constexpr std::size_t kWaitingBytesMax = 32U << 20U;

struct LogStoreOptions {
  std::uint64_t block_bytes = kBlockBytes;  ///< of a group's index (event_index.h)
  Executor* executor = nullptr;             ///< makes and removes logs; nothing: a thread of the store's own
};

class LogStore final : public LogSink {
 public:
  /// Loads every group; one whose log cannot be opened is closed (LogGroup::closed). A group whose log is not there (it
  /// was restored from a backup of the first format) begins anew; logs without a group are removed. At start-up only:
  /// it blocks. The references outlive the store.
  [[nodiscard]] static Result<std::unique_ptr<LogStore>> open(catalog::Catalog& catalog, framelog::FrameLogStore& logs,
                                                              const Clock& clock, Random& random,
                                                              const LogStoreOptions& options = {});
  /// Writes what `put` took.
  ~LogStore() override;
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  // ---- groups
  Task<Result<void>> create_group(std::string name, std::string log_class, std::map<std::string, std::string> tags);
  Task<Result<void>> remove_group(std::string name);
  /// nullptr: there is none.
  [[nodiscard]] std::shared_ptr<LogGroup> find_group(std::string_view name) const EXCLUDES(mutex_);
  /// Sorted by name: those greater than `after` that `wanted` takes, at most `limit`.
  [[nodiscard]] std::vector<std::shared_ptr<LogGroup>> list_groups(
      std::string_view after, std::size_t limit, const std::function<bool(std::string_view)>& wanted) const
      EXCLUDES(mutex_);
  /// Applies `edit` to the group's record. Errors: those of `edit` too.
  Task<Result<void>> edit_group(std::string name, std::function<Result<void>(GroupRecord&)> edit);

  // ---- streams
  Task<Result<void>> create_stream(std::string group, std::string name);
  Task<Result<void>> remove_stream(std::string group, std::string name);

  // ---- events
  Task<Result<void>> put_events(std::string group, std::string stream, std::vector<LogEvent> events);
  Task<Result<EventPage>> read(std::string group, EventQuery query);

  // ---- LogSink
  void put(std::string_view group, std::string_view stream, std::vector<LogEvent> events) override
      EXCLUDES(sink_mutex_);
  /// Returns when everything that `put` took before is written or given up. It blocks.
  void flush() EXCLUDES(sink_mutex_);
  [[nodiscard]] std::uint64_t dropped_events() const { return dropped_; }

  /// Frees what has expired; to be called every few seconds. Reads never show what has expired.
  Task<Result<void>> trim_expired(Timestamp now);

 private:
  using GroupPtr = std::shared_ptr<LogGroup>;
  using Target = std::pair<std::string, std::string>;  ///< group, stream
  struct Output {
    Target target;
    std::vector<LogEvent> events;
    GroupPtr group{};
    StreamId stream = 0;
    std::size_t written = 0;
    std::size_t count = 0;  ///< of the frame that is being appended
    std::optional<Error> failure{};
  };

  LogStore(catalog::Catalog& catalog, framelog::FrameLogStore& logs, const Clock& clock, Random& random,
           const LogStoreOptions& options);
  Result<void> load();
  Result<GroupPtr> load_group(const catalog::Document& document);
  Result<void> remove_orphans();
  [[nodiscard]] Result<GroupPtr> group_or_error(std::string_view name) const;
  Task<Result<void>> remove_streams_of(std::string uid);
  void write_forever() EXCLUDES(sink_mutex_);
  void write_all(std::map<Target, std::vector<LogEvent>> taken);
  void note_lost(const Output& output);
  Result<StreamId> ensure_stream(const Target& target);

  catalog::Catalog& catalog_;
  framelog::FrameLogStore& logs_;
  const Clock& clock_;
  Random& random_;
  const std::uint64_t block_bytes_;
  BlockingLane lane_;  ///< logs are made and removed on it

  mutable Mutex mutex_;
  std::map<std::string, GroupPtr, std::less<>> groups_ GUARDED_BY(mutex_);

  Mutex sink_mutex_;
  CondVar sink_changed_;
  std::map<Target, std::vector<LogEvent>> waiting_ GUARDED_BY(sink_mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(sink_mutex_) = 0;
  bool writing_ GUARDED_BY(sink_mutex_) = false;
  bool stopping_ GUARDED_BY(sink_mutex_) = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::thread writer_;
};

}  // namespace penstock::logs
