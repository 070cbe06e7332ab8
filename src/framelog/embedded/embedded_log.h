#pragma once
/// One log of the embedded engine.
/// Threads: any. A log is served by one thread at a time (`serving_`), which alone forms groups and writes files: a
///          committer, or, for a lone writer, the thread that appends; what others see is guarded by `mutex_`, which is
///          never held across I/O.

#include <atomic>
#include <coroutine>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "core/task.h"
#include "framelog/embedded/embedded_store.h"
#include "framelog/embedded/index_cache.h"
#include "framelog/embedded/log_cut.h"
#include "framelog/embedded/recovery.h"
#include "framelog/embedded/segment_file.h"
#include "framelog/embedded/segment_sort.h"
#include "framelog/embedded/sort_queue.h"
#include "framelog/embedded/tip_cache.h"
#include "framelog/embedded/workers.h"
#include "framelog/frame_log.h"

namespace penstock::framelog {

/// What all logs of a store share.
struct Engine {
  Engine(os::FileSystem& file_system, Clock& wall_clock, const EmbeddedOptions& chosen)
      : files(file_system),
        clock(wall_clock),
        options(chosen),
        cache(chosen.cache_bytes_max),
        indexes(file_system, chosen.index_cache_bytes_max),
        committers(chosen.committer_threads, chosen.executor),
        readers(chosen.reader_threads, chosen.executor),
        housekeeping(2, chosen.executor),
        sorting(wall_clock, chosen.sort_bytes_per_second, chosen.executor) {}

  os::FileSystem& files;
  Clock& clock;
  const EmbeddedOptions options;
  TipCache cache;
  IndexCache indexes;
  std::atomic<std::size_t> waiting_bytes = 0;  ///< of appends that wait, in all logs
  std::atomic<std::size_t> open_logs = 0;      ///< that hold a segment open for writing
  Workers committers;
  Workers readers;
  Workers housekeeping;  ///< prepares, seals and drops segments
  SortQueue sorting;
};

/// An append between its start and its completion; it lives in the appending coroutine's frame.
struct WaitingAppend {
  ShardIndex shard;
  std::string payload;
  std::uint32_t payload_crc = 0;
  Timestamp time;
  std::coroutine_handle<> waiter;
  Executor* executor = nullptr;
  Result<Appended> result = fail(ErrorKind::unavailable, "not started");
};

struct Watcher {
  Mutex mutex;
  std::function<void(Position)> call GUARDED_BY(mutex);  ///< empty: the subscription has ended
};

/// How far a log is readable, as one look at it tells.
struct ReadPlan {
  std::shared_ptr<Segment> segment;  ///< where to read next; none: nothing lies there
  std::shared_ptr<os::File> file;    ///< none: to be opened
  std::uint64_t offset = 0;
  std::uint64_t stop_offset = 0;
  std::uint64_t data_end = 0;
  Position next;        ///< the stretch holds the shard's frames up to this one
  bool is_run = false;  ///< the stretch is the shard's frames alone, the last of them `next`
};

class EmbeddedLog final : public FrameLog, public std::enable_shared_from_this<EmbeddedLog> {
 public:
  EmbeddedLog(std::shared_ptr<Engine> engine, std::string directory, RecoveredLog recovered);
  ~EmbeddedLog() override {
    if (active_.has_value()) --engine_->open_logs;
  }

  [[nodiscard]] Durability promise() const override { return Durability::kOnDisk; }
  Task<Result<Appended>> append(ShardIndex shard, std::string frame) override;
  Task<Result<FramePage>> read(ShardIndex shard, Position from, ReadLimits limits) override;
  [[nodiscard]] std::optional<FramePage> read_cached(ShardIndex shard, Position from, ReadLimits limits) override
      EXCLUDES(mutex_);
  Task<Result<Position>> position_at(ShardIndex shard, Timestamp time) override;
  [[nodiscard]] Position tip(ShardIndex shard) override EXCLUDES(mutex_);
  Task<Result<void>> trim_before(Timestamp time) override;
  [[nodiscard]] std::unique_ptr<Subscription> watch(ShardIndex shard,
                                                    std::function<void(Position last)> on_append) override
      EXCLUDES(mutex_);

  /// Seals what recovery found unsealed, in the background.
  void start();
  /// No more appends; what waits is refused with `why`. What is being written is finished.
  void refuse_appends(const Error& why) EXCLUDES(mutex_);
  /// The log is being deleted: what is read or appended from now on is refused.
  void refuse_all() EXCLUDES(mutex_);
  /// What of the log is durable and readable now.
  [[nodiscard]] LogCut cut() EXCLUDES(mutex_);
  /// After refuse_appends, when no worker serves the log any more: seals the active segment.
  void seal_at_end();

 private:
  friend struct AppendAwaiter;
  struct Shard {
    Position last;
    Timestamp last_time;
    std::shared_ptr<CachedShard> cached;
    std::vector<std::shared_ptr<Watcher>> watchers;
  };
  struct Rung {
    std::shared_ptr<Watcher> watcher;
    Position last;
  };

  // append_path.cc
  bool enqueue(WaitingAppend& append) EXCLUDES(mutex_);
  class TurnHere;
  void serve();
  void serve_here() EXCLUDES(mutex_);
  bool take_turn_here() EXCLUDES(mutex_);
  [[nodiscard]] bool may_commit_here() EXCLUDES(mutex_);
  bool stop_when_idle() EXCLUDES(mutex_);
  bool commit_group();
  enum class Room : std::uint8_t { ready, being_prepared };
  void serve_later() EXCLUDES(mutex_);
  Result<Room> make_room(std::uint64_t frame_bytes_needed) EXCLUDES(mutex_);
  Result<Room> roll(std::uint64_t frame_bytes_needed) EXCLUDES(mutex_);
  void start_segment(PreparedSegment prepared, std::string_view tips) EXCLUDES(mutex_);
  void prepare_ahead() EXCLUDES(mutex_);
  void take_prepared(std::optional<PreparedSegment> prepared) EXCLUDES(mutex_);
  std::vector<WaitingAppend*> take_group() EXCLUDES(mutex_);
  Result<std::uint64_t> write_group(const std::vector<WaitingAppend*>& group);
  void publish(const std::vector<WaitingAppend*>& group, std::uint64_t first_frame_offset) EXCLUDES(mutex_);
  void note_company(std::size_t group_appends) REQUIRES(mutex_);
  void refuse_waiting(const Error& why) EXCLUDES(mutex_);
  void poison(const Error& cause) EXCLUDES(mutex_);
  std::string encode_tips() EXCLUDES(mutex_);
  [[nodiscard]] std::string make_mark(std::uint32_t seed, std::uint64_t sequence, std::string_view tips) const;
  void seal_in_background(std::shared_ptr<Segment> segment);
  void seal(const std::shared_ptr<Segment>& segment) EXCLUDES(mutex_);

  // sort_path.cc
  struct SortWork {
    std::shared_ptr<Segment> segment;
    std::unique_ptr<SegmentSort> sort;
  };
  void note_sealed(const std::shared_ptr<Segment>& segment) REQUIRES(mutex_);
  void sort_later() EXCLUDES(mutex_);
  SortQueue::Progress sort_some(SortWork& work);
  SortQueue::Progress begin_sort(SortWork& work) EXCLUDES(mutex_);
  void put_in_place(SegmentSort& sort, const std::shared_ptr<Segment>& old) EXCLUDES(mutex_);
  void note_failed_sort(const std::shared_ptr<Segment>& segment, const std::string& why, bool may_retry)
      EXCLUDES(mutex_);
  void change_names(Workers::Job change) EXCLUDES(mutex_);

  // resting.cc
  void rest_if_idle(Timestamp expired_before) EXCLUDES(mutex_);
  [[nodiscard]] bool is_idle() const REQUIRES(mutex_);
  void rest(bool all_expired) EXCLUDES(mutex_);
  Result<void> write_mark_alone() EXCLUDES(mutex_);
  void leave_active() EXCLUDES(mutex_);

  // read_path.cc
  Result<FramePage> read_disk(ShardIndex shard, Position from, ReadLimits limits);
  Result<ReadPlan> plan_read(ShardIndex shard, Position from) EXCLUDES(mutex_);
  std::shared_ptr<Segment> next_holding(ShardIndex shard, Position from, std::uint64_t number) REQUIRES(mutex_);
  Result<IndexCache::IndexPtr> load_index(const std::shared_ptr<Segment>& segment) EXCLUDES(mutex_);
  Result<std::optional<Timestamp>> newest_time(const std::shared_ptr<Segment>& segment) EXCLUDES(mutex_);
  Result<Position> first_of_segment_at(const std::shared_ptr<Segment>& segment, ShardIndex shard, Timestamp time)
      EXCLUDES(mutex_);
  Result<Position> search_time(ShardIndex shard, Timestamp time);
  Result<std::shared_ptr<os::File>> open_for_reading(const ReadPlan& plan);
  bool is_held(const Segment& segment) EXCLUDES(mutex_);
  std::shared_ptr<Segment> held_by_number(std::uint64_t number) REQUIRES(mutex_);
  Result<void> trim(Timestamp time);
  Result<void> drop(const Segment& segment);
  void forget_trimmed(const Segment& segment) EXCLUDES(mutex_);
  Shard& shard_state(ShardIndex shard) REQUIRES(mutex_);

  const std::shared_ptr<Engine> engine_;
  const std::string directory_;
  const std::uint64_t salt_;

  // Owned by whoever serves the log.
  std::optional<PreparedSegment> active_;
  std::uint64_t write_offset_ = 0;
  std::uint64_t next_sequence_;
  std::uint64_t next_position_;
  std::uint64_t proven_segment_;
  std::uint64_t proven_end_;
  SteadyTime active_since_;
  SteadyTime served_last_;         ///< when the last group was committed
  std::uint64_t group_bytes_ = 0;  ///< of the group being written
  SteadyTime::duration group_took_{};
  std::string mark_;     ///< goes before the next group: the active segment is new
  std::string scratch_;  ///< headers, padding and small payloads of the group being written

  Mutex mutex_;
  std::deque<WaitingAppend*> waiting_ GUARDED_BY(mutex_);  // bounded by waiting_bytes_max
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  int lone_groups_ GUARDED_BY(mutex_) = 0;  ///< in a row, small ones at a fast disk during which nobody else came
  const Executor* turn_at_ GUARDED_BY(mutex_) = nullptr;  ///< whose queue holds the turn to serve the log
  bool serving_ GUARDED_BY(mutex_) = false;    ///< some thread forms groups, or will soon, or the log is parked
  bool parked_ GUARDED_BY(mutex_) = false;     ///< it is served again when the next segment is prepared
  bool preparing_ GUARDED_BY(mutex_) = false;  ///< the next segment is being made
  std::optional<PreparedSegment> spare_ GUARDED_BY(mutex_);  ///< the next segment
  std::uint64_t next_segment_ GUARDED_BY(mutex_);
  std::uint64_t next_capacity_ GUARDED_BY(mutex_);
  std::optional<Error> refusal_ GUARDED_BY(mutex_);  ///< why nothing can be appended any more
  bool poisoned_ GUARDED_BY(mutex_) = false;
  bool removed_ GUARDED_BY(mutex_) = false;
  Timestamp time_last_ GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Segment>> segments_ GUARDED_BY(mutex_);  ///< oldest first; the last may be the active one
  std::map<ShardIndex, Shard> shards_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Segment>> unsorted_ GUARDED_BY(mutex_);  ///< sealed ones that it may pay to sort
  bool sorting_ GUARDED_BY(mutex_) = false;                            ///< a task for the log is in the queue
  /// Whoever gives or takes names of sealed segments does it alone: changes wait here for the one under way.
  std::deque<Workers::Job> name_changes_ GUARDED_BY(mutex_);
  bool changing_names_ GUARDED_BY(mutex_) = false;
  bool names_unsynced_ = false;  ///< within a change of names: one was dropped, and it is not known durable
};

}  // namespace penstock::framelog
