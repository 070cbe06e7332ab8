#pragma once
/// AsyncInvocations on an internal stream: what was taken is on disk, is run at least once, also after a restart, and
/// its end is told to the destinations of the function's event invoke config.
/// Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation", "Capturing
/// records of Lambda asynchronous invocations".
///
/// Retries: a function's error is retried MaximumRetryAttempts times, a minute and then two minutes later; throttling
///          and failures of this server are retried after 1 s, doubled up to 5 min, until the event is too old. Delays
///          get up to a tenth more, by chance. Reserved concurrency 0: the failure is reported without any attempt.
/// Order:   none is promised.
/// Threads: any; invocations are started on the executor given.
/// Bounds:  kWaitingMax events wait for a function, kAllWaitingMax for all (throttled beyond); kRunningMax run at once,
///          kRunningOfFunctionMax of one function.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/task.h"
#include "core/timers.h"
#include "framelog/frame_log.h"
#include "functions/async_invocations.h"
#include "functions/destinations.h"
#include "functions/function.h"
#include "functions/invocation_record.h"
#include "functions/queued_event.h"

namespace penstock::functions {

/// A function's event invoke config, with AWS's values where it says nothing.
struct EventInvokeConfig {
  int retries_max = 2;
  std::chrono::seconds age_max{21'600};
  std::string on_success_arn{};
  std::string on_failure_arn{};
};

/// What happened since the start.
struct EventTallies {
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;  ///< AsyncEventsDropped: given up, whatever a destination was told
  std::uint64_t destination_failures = 0;
  std::uint64_t waiting = 0;
};

class EventQueue final : public AsyncInvocations {
 public:
  static constexpr std::size_t kWaitingMax = 20'000;
  static constexpr std::size_t kAllWaitingMax = 100'000;
  static constexpr std::size_t kRunningMax = 64;
  static constexpr std::size_t kRunningOfFunctionMax = 16;
  static constexpr std::string_view kLogId = "async-invocations";

  struct Parts {
    framelog::FrameLogStore& logs;
    catalog::Catalog& catalog;
    const Clock& clock;
    Random& random;
    Timers& timers;
    Executor& executor;
    const FunctionDirectory& directory;
    Invoker& invoker;
    Destinations& destinations;
    std::function<EventInvokeConfig(std::string_view function, std::string_view qualifier)> config;
    std::chrono::milliseconds first_retry{60'000};
    std::chrono::milliseconds second_retry{120'000};
  };

  /// Finds what waits; nothing runs before start(). It blocks. The parts outlive the queue. Where what is stored cannot
  /// be read (corrupt), the queue is closed: it takes and runs nothing, and says why, until the log is repaired.
  [[nodiscard]] static Result<std::unique_ptr<EventQueue>> open(Parts parts);
  /// Waits for what is running: whoever stops the server first makes invocations end.
  ~EventQueue() override;

  void start() EXCLUDES(mutex_);
  /// No invocation begins from now on.
  void stop() EXCLUDES(mutex_);

  Task<Result<void>> enqueue(Invocation invocation) override EXCLUDES(mutex_);

  /// Frees what is done. To be called every few seconds.
  Task<Result<void>> trim() EXCLUDES(mutex_);
  [[nodiscard]] EventTallies tallies() const EXCLUDES(mutex_);

 private:
  struct Waiting {
    bool running = false;
    std::string function;
    Timestamp enqueued{};
    SteadyTime due{};
    int attempts = 0;  ///< answered with an error of the function's
    int failures = 0;  ///< in a row that were not the function's
  };
  /// What is to be done with an event after an attempt.
  struct Next {
    std::optional<InvocationReport> report{};  ///< it is over, and that is what is told
    bool is_over = false;
    std::optional<QueueNote> note{};  ///< to be written down
  };

  explicit EventQueue(Parts parts) : parts_(std::move(parts)) {}
  Result<void> open_log();
  Result<void> recover();
  Result<void> read_shard(framelog::ShardIndex shard, framelog::Position from,
                          const std::function<Result<void>(const framelog::StoredFrame&)>& take);
  void add(std::uint64_t position, const std::string& function, Timestamp enqueued) REQUIRES(mutex_);
  void forget(std::uint64_t position) REQUIRES(mutex_);
  void set_due(std::uint64_t position, Waiting& waiting, SteadyTime due) REQUIRES(mutex_);
  /// Timers may call when the queue is about to go.
  struct Gate {
    Mutex mutex;
    EventQueue* queue GUARDED_BY(mutex) = nullptr;
  };

  void wake() EXCLUDES(mutex_);  ///< pumps on the executor
  void pump() EXCLUDES(mutex_);
  [[nodiscard]] std::optional<std::uint64_t> take_due() EXCLUDES(mutex_);
  void arm() EXCLUDES(mutex_);
  Task<bool> run(std::uint64_t position);
  void ended(std::uint64_t position, bool is_over) EXCLUDES(mutex_);
  Task<Next> attempt(std::uint64_t position, Waiting waiting, QueuedEvent event, EventInvokeConfig config);
  Next fail_attempt(std::uint64_t position, const EventInvokeConfig& config, InvocationReport report) EXCLUDES(mutex_);
  Next retry_later(std::uint64_t position) EXCLUDES(mutex_);
  Next give_up(std::string_view function, std::string_view why);
  Task<Result<QueuedEvent>> load(std::uint64_t position) const;
  Task<void> tell(InvocationReport report, QueuedEvent event, EventInvokeConfig config);
  Task<void> write_note(QueueNote note);
  Task<void> sleep(std::chrono::milliseconds time) const;
  [[nodiscard]] bool is_stopping() const EXCLUDES(mutex_);
  [[nodiscard]] std::chrono::milliseconds with_jitter(std::chrono::milliseconds delay) const;

  Parts parts_;
  std::shared_ptr<framelog::FrameLog> log_;
  std::optional<Error> closed_;  ///< never changes after open
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  mutable Mutex mutex_;
  CondVar idle_;
  std::unordered_map<std::uint64_t, Waiting> waiting_ GUARDED_BY(mutex_);
  std::set<std::uint64_t> positions_ GUARDED_BY(mutex_);  ///< of waiting_, oldest first
  std::set<std::pair<SteadyTime, std::uint64_t>> due_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t, std::less<>> waiting_of_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t, std::less<>> running_of_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::optional<TimerId> timer_ GUARDED_BY(mutex_);
  std::uint64_t cursor_ GUARDED_BY(mutex_) = 0;  ///< as the catalog has it
  Timestamp newest_ GUARDED_BY(mutex_){};        ///< of the log's times, as far as it is known
  /// What the frame of each append under way is not before: the log's tip and newest_ when it began.
  std::multiset<std::pair<std::uint64_t, Timestamp>> floors_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> destination_failures_ = 0;
};

}  // namespace penstock::functions
