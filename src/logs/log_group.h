#pragma once
/// One log group: its streams, the frame log that holds its events, and the index over it.
/// Guarantee: what append acknowledged is on disk (FrameLog::promise) and in every later read, until it expires.
/// Threads:   any; Tasks complete on the awaiting coroutine's executor. It outlives every task it gave.
/// Errors:    missing (no such stream), conflict (the stream exists), unavailable, outcome_unknown, corrupt (storage).
///            A group that could not be opened answers with the reason whatever needs its events.
/// Bounds:    a read keeps at most about a page and one block in memory; see EventQuery.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/result.h"
#include "core/task.h"
#include "framelog/frame_log.h"
#include "logs/event_index.h"
#include "logs/event_query.h"
#include "logs/log_records.h"

namespace penstock::logs {

/// Events may be so far in the future when they come in (CloudWatch Logs API Reference, PutLogEvents).
inline constexpr std::chrono::hours kFutureMax{2};

struct StreamInfo {
  std::string name;
  StreamId id = 0;
  std::int64_t created_ms = 0;
  std::optional<StreamTimes> times;
};

class LogGroup {
 public:
  /// Reads the index back and completes it from the events. It blocks: at start-up or on a thread that may.
  [[nodiscard]] static Result<std::shared_ptr<LogGroup>> open(GroupRecord record, catalog::Version version,
                                                              std::vector<StreamRecord> streams,
                                                              std::shared_ptr<framelog::FrameLog> log,
                                                              const Clock& clock,
                                                              std::uint64_t block_bytes = kBlockBytes);
  /// Where open failed because of `why`: the group is there, and can be deleted; its events cannot be reached.
  [[nodiscard]] static std::shared_ptr<LogGroup> closed(GroupRecord record, catalog::Version version,
                                                        const std::vector<StreamRecord>& streams, const Clock& clock,
                                                        Error why);

  [[nodiscard]] GroupRecord record() const EXCLUDES(mutex_);
  void set_record(GroupRecord record, catalog::Version version) EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t stored_bytes() const EXCLUDES(mutex_);

  [[nodiscard]] std::optional<StreamInfo> find_stream(std::string_view name) const EXCLUDES(mutex_);
  /// Sorted by name, those that start with `prefix`.
  [[nodiscard]] std::vector<StreamInfo> list_streams(std::string_view prefix) const EXCLUDES(mutex_);
  [[nodiscard]] std::size_t stream_count() const EXCLUDES(mutex_);
  /// An id that no other stream of the group has or had.
  [[nodiscard]] StreamId new_stream_id() EXCLUDES(mutex_);
  void add_stream(const StreamRecord& stream) EXCLUDES(mutex_);
  void drop_stream(std::string_view name) EXCLUDES(mutex_);

  /// 1 to kFrameEventsMax events.
  Task<Result<void>> append(StreamId stream, std::vector<LogEvent> events) EXCLUDES(mutex_);
  /// Errors: missing when the query names a stream that there is not.
  Task<Result<EventPage>> read(EventQuery query) EXCLUDES(mutex_);
  /// Frees what the group's retention has let expire.
  Task<Result<void>> trim(Timestamp now) EXCLUDES(mutex_);

 private:
  LogGroup(GroupRecord record, catalog::Version version, std::shared_ptr<framelog::FrameLog> log, const Clock& clock,
           std::uint64_t block_bytes);
  Result<void> recover() EXCLUDES(mutex_);
  Result<void> restore_blocks() EXCLUDES(mutex_);
  Result<void> scan_from(framelog::Position from) EXCLUDES(mutex_);
  [[nodiscard]] Timestamp oldest_kept(Timestamp now) const EXCLUDES(mutex_);
  [[nodiscard]] Result<std::vector<StreamId>> ids_of(const std::vector<std::string>& names) const EXCLUDES(mutex_);
  void name_events(EventPage& page) const EXCLUDES(mutex_);
  void add_stream_locked(const StreamRecord& stream) REQUIRES(mutex_);
  Task<Result<void>> load(const EventQuery& query, const std::vector<StreamId>& streams, const Block& block,
                          std::vector<StoredEvent>& pool) const;
  Task<Result<void>> store_block(Block block);

  const Clock& clock_;
  const std::shared_ptr<framelog::FrameLog> log_;
  std::optional<Error> closed_;  ///< never changes; then there is no log

  mutable Mutex mutex_;
  GroupRecord record_ GUARDED_BY(mutex_);
  catalog::Version version_ GUARDED_BY(mutex_);
  EventIndex index_ GUARDED_BY(mutex_);
  std::size_t appending_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, StreamRecord, std::less<>> streams_ GUARDED_BY(mutex_);
  std::unordered_map<StreamId, std::string> names_ GUARDED_BY(mutex_);
  StreamId next_stream_ GUARDED_BY(mutex_) = 1;
};

}  // namespace penstock::logs
