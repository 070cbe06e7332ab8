#pragma once
/// What to do next with the records of one lane: the part of a shard's records that is handed to the function in
/// order (a shard has ParallelizationFactor lanes; a partition key belongs to one). Pure: records and answers in,
/// steps out; no clock, no I/O.
///
///     while (true) {
///       Step step = lane.next(now);        // ReadMore, InvokeBatch, Discard, Sleep or Ended
///       ... do it ...; lane.on_page / on_answer / on_not_invoked / on_discarded
///     }
///
/// Guarantee: every record that a page gave is in a batch that succeeded, or in a Discard that was carried out, before
///            checkpoint() moves behind it; and in the order of the pages. A lane that resumes from a checkpoint gives
///            again only what lies behind it.
/// Rules:     those of the mapping (LaneRules). A retry is an invocation of records that were in a failed one before;
///            halves of a bisected batch, and what is left of one behind the first reported failure while bisecting,
///            do not count as one ("Splitting batches doesn't consume the retry quota"). An invocation that did not
///            take place (throttling) is repeated without being counted.
/// Threads:   one at a time. Spans in steps stay good until the next call that changes the lane.
/// Source:    AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams",
///            "Configuring partial batch response", "Implementing stateful Kinesis Data Streams processing",
///            "Retain discarded batch records for a Kinesis Data Streams event source".

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "consumers/place.h"
#include "core/clock.h"
#include "stream/sequence_number.h"

namespace penstock::consumers {

using std::chrono::milliseconds;

/// A window's state above this ends the window early. Source: "Implementing stateful ... processing" (1 MB per shard).
inline constexpr std::size_t kStateBytesMax = 1U << 20U;

struct LaneRules {
  std::size_t records_max = 100;          ///< BatchSize
  std::size_t bytes_max = 6U << 20U;      ///< of an event: its records, and a window's state
  milliseconds batching_window{0};        ///< MaximumBatchingWindowInSeconds
  std::optional<int> retries_max{};       ///< MaximumRetryAttempts; absent: until the records expire
  std::optional<milliseconds> age_max{};  ///< MaximumRecordAgeInSeconds; absent: as long as the stream keeps them
  bool bisects = false;                   ///< BisectBatchOnFunctionError
  milliseconds tumbling_window{0};        ///< TumblingWindowInSeconds; 0: none
  milliseconds backoff_first{100};        ///< before a retry; doubled for each further one
  milliseconds backoff_max{30'000};
  /// How long after a window's end the shard is looked at once more before the window is closed: a record gets its
  /// arrival time before it can be read.
  milliseconds window_grace{500};
};

struct LaneRecord {
  Place place{};
  stream::SequenceText sequence_number{};
  Timestamp arrival{};
  std::string_view partition_key;
  std::string_view data;
  std::size_t event_bytes = 0;          ///< what it takes in the event, at most
  std::shared_ptr<const void> keeps{};  ///< the bytes that the views look at
};

/// A tumbling window as an event shows it.
struct Window {
  Timestamp start{};
  milliseconds length{0};
  std::string state = "{}";  ///< JSON
  Place first{};             ///< the records that the state is about begin here
  [[nodiscard]] Timestamp end() const { return start + length; }
  bool operator==(const Window&) const = default;
};

/// A batch that failed, as a checkpoint remembers it: what lies before `end` and behind the batch before it.
struct PlannedBatch {
  Place end{};
  int retries = 0;
  int invocations = 0;
  bool operator==(const PlannedBatch&) const = default;
};

/// All that a lane needs to go on: everything before `done` is settled.
struct LaneCheckpoint {
  Place done{};
  bool ended = false;
  std::optional<Window> window{};
  std::vector<PlannedBatch> plan{};
  bool operator==(const LaneCheckpoint&) const = default;
};

struct Now {
  Timestamp wall{};
  SteadyTime steady{};
};

/// The records of this lane among those of a page, filtered.
struct LanePage {
  std::vector<LaneRecord> records{};
  Place next{};         ///< behind the page
  bool at_tip = false;  ///< nothing lay behind it when it was read
  bool ended = false;   ///< the shard is closed, and this was its end
  Timestamp horizon{};  ///< records older than this have expired in the stream
};

/// What a function's answer means for the batch.
struct BatchAnswer {
  bool succeeded = false;                     ///< no record failed
  std::optional<std::size_t> first_failed{};  ///< ReportBatchItemFailures: those before it succeeded
  std::optional<std::string> state{};         ///< of the window
  std::string function_error{};               ///< "Unhandled"; "" when the answer itself was not an error
  std::string executed_version{};
  bool operator==(const BatchAnswer&) const = default;
};

enum class DiscardReason : std::uint8_t { retries_exhausted, too_old };

// ---- steps
struct ReadMore {
  Place from{};
};
struct InvokeBatch {
  std::span<const LaneRecord> records;  ///< empty when a window ends
  const Window* window = nullptr;       ///< null without tumbling windows
  bool ends_window = false;             ///< isFinalInvokeForWindow
  bool ends_early = false;              ///< isWindowTerminatedEarly
};
struct Discard {
  std::span<const LaneRecord> records;
  DiscardReason reason = DiscardReason::retries_exhausted;
  int invocations = 0;                ///< of the batch that they were in
  const BatchAnswer* last = nullptr;  ///< null when there was none
};
struct Sleep {
  std::optional<milliseconds> at_most{};  ///< absent: until something comes
};
struct Ended {};
using Step = std::variant<ReadMore, InvokeBatch, Discard, Sleep, Ended>;

class Lane {
 public:
  Lane(LaneRules rules, LaneCheckpoint resume);

  [[nodiscard]] Step next(Now now);

  /// Answers ReadMore.
  void on_page(LanePage page, Now now);
  /// There may be records behind the tip, or the shard may have been closed.
  void on_bell() { at_tip_ = false; }
  /// Records older than this have expired in the stream.
  void on_horizon(Timestamp horizon) { horizon_ = horizon; }
  /// Answers InvokeBatch.
  void on_answer(BatchAnswer answer, Now now);
  /// Answers InvokeBatch: the function was not run (throttled, not there).
  void on_not_invoked(Now now);
  /// Answers Discard: it is kept elsewhere, as far as it is to be.
  void on_discarded();
  /// Answers ReadMore: there is no memory for more, so what waits goes to the function now, as a smaller batch. False:
  /// nothing waits, or it is to be the batch that it was before a restart; the lane has to read on.
  [[nodiscard]] bool on_no_memory();
  /// Answers ReadMore, InvokeBatch or Discard: what was needed for it is not to be had now; the same step comes again.
  void on_failed_step(Now now);

  /// As it may be made durable at any time.
  [[nodiscard]] const LaneCheckpoint& checkpoint() const { return durable_; }
  [[nodiscard]] std::size_t records_held() const;

 private:
  struct Batch {
    std::vector<LaneRecord> records;
    int retries = 0;
    int invocations = 0;
    bool planned = false;  ///< its bounds are to be remembered
    std::optional<BatchAnswer> last{};
  };
  struct OpenWindow {
    Window window;
    bool must_end_early = false;
  };

  [[nodiscard]] std::optional<Step> gather(Now now);
  [[nodiscard]] std::optional<Step> gather_planned();
  [[nodiscard]] std::optional<Step> end_window(Now now);
  [[nodiscard]] std::optional<Step> expire(Now now);
  [[nodiscard]] std::size_t fitting(bool& full) const;
  void take_batch(std::size_t count);
  [[nodiscard]] bool window_is_over(Now now) const;
  [[nodiscard]] Timestamp window_settled() const;  ///< when a look at the shard finds all records of the window
  [[nodiscard]] Window window_for(Timestamp arrival) const;
  [[nodiscard]] Timestamp window_of(Timestamp arrival) const;
  [[nodiscard]] Step look_or_sleep(Now now) const;
  void fail_batch(Now now);
  void split_front();
  void back_off(Now now);
  void settle_front(std::size_t count);
  void note_durable();
  [[nodiscard]] InvokeBatch invoke_front() const;

  const LaneRules rules_;
  Place read_to_;  ///< where the next page begins
  Place done_;     ///< everything of this lane before it is settled
  bool at_tip_ = false;
  bool ended_ = false;     ///< the shard's end was read
  bool finished_ = false;  ///< and everything before it is settled
  Timestamp tip_seen_{};   ///< when the tip was read last
  Timestamp horizon_{};
  std::deque<LaneRecord> waiting_;  ///< not in a batch yet; bounded by what ReadMore is asked for
  std::deque<PlannedBatch> plan_;   ///< from a checkpoint, not gathered again yet
  std::deque<Batch> batches_;       ///< the first is next; more than one only after a bisect
  std::optional<OpenWindow> window_;
  bool hurried_ = false;        ///< what waits is not to wait for more
  bool ending_window_ = false;  ///< the step under way ends the window
  std::size_t discarding_ = 0;  ///< records of the Discard under way
  std::optional<SteadyTime> gathering_since_;
  std::optional<SteadyTime> not_before_;
  int failures_in_row_ = 0;
  std::size_t waiting_bytes_ = 0;
  LaneCheckpoint durable_;
};

}  // namespace penstock::consumers
