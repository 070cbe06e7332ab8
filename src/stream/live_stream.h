#pragma once
/// One stream while the server runs: its log, what is known of it, and the gate that puts pass.
/// The gate: while shards change, puts wait, and the change waits for the puts under way; so no record can reach a
/// shard after it was closed, and a reader at the end of a closed shard has seen all of it.
/// Threads: any.

#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/mutex.h"
#include "core/task.h"
#include "framelog/frame_log.h"
#include "stream/bell.h"
#include "stream/keyring.h"
#include "stream/shard_limits.h"
#include "stream/shard_traffic.h"
#include "stream/stream_info.h"
#include "stream/stream_metrics.h"

namespace penstock::stream {

/// What is known of a stream at a moment, and its open shards in the order of their hash ranges.
struct StreamSnapshot {
  /// `before` may be null: the counters of the snapshot that this one follows.
  explicit StreamSnapshot(StreamInfo taken, const std::shared_ptr<const ShardMetricsTable>& before = nullptr);
  StreamSnapshot(const StreamSnapshot&) = delete;
  StreamSnapshot& operator=(const StreamSnapshot&) = delete;
  /// Which of `open` takes records of this hash key.
  [[nodiscard]] std::size_t route(HashKey key) const;

  const StreamInfo info;
  std::vector<const Shard*> open;                                // into info
  const std::shared_ptr<const ShardMetricsTable> shard_metrics;  ///< null while none are shown
};

class LiveStream {
 public:
  /// `log` is null when it could not be opened.
  LiveStream(StreamInfo info, catalog::Version version, std::shared_ptr<framelog::FrameLog> log, const Limits& limits,
             const KeyringParts& keys);

  [[nodiscard]] std::shared_ptr<const StreamSnapshot> snapshot() const EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const StreamInfo> info() const EXCLUDES(mutex_);
  /// As it was committed last, as far as is known here.
  struct Committed {
    std::shared_ptr<const StreamSnapshot> snapshot;
    catalog::Version version = 0;
  };
  [[nodiscard]] Committed committed() const EXCLUDES(mutex_);
  /// Takes what was committed, unless something later was taken already.
  void take(StreamInfo info, catalog::Version version) EXCLUDES(mutex_);
  [[nodiscard]] Result<std::shared_ptr<framelog::FrameLog>> log() const;

  /// Waits while the gate is closed; every enter needs a leave.
  /// Order: puts that were started one after the other on one executor come through in that order.
  Task<void> enter_put();
  void leave_put() EXCLUDES(mutex_);

  /// False when the gate is closed already (by another change). Completes when no put is under way.
  Task<bool> close_gate();
  void open_gate() EXCLUDES(mutex_);

  [[nodiscard]] Keyring& keyring() { return keyring_; }
  [[nodiscard]] ShardLimits& limits() { return limits_; }
  [[nodiscard]] ShardTraffic& traffic() { return traffic_; }
  [[nodiscard]] StreamMetrics& metrics() { return *metrics_; }
  [[nodiscard]] StreamMetricsView metrics_view() const;
  /// Rung when a change was taken and when the stream goes.
  [[nodiscard]] BellBoard& bells() { return bells_; }

 private:
  [[nodiscard]] bool try_enter(const Completion<bool>& opened) EXCLUDES(mutex_);
  void entered() EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Completion<bool>> let_in() REQUIRES(mutex_);

  const std::shared_ptr<framelog::FrameLog> log_;
  Keyring keyring_;
  ShardLimits limits_;
  ShardTraffic traffic_;  ///< of on-demand streams
  const std::shared_ptr<StreamMetrics> metrics_ = std::make_shared<StreamMetrics>();
  BellBoard bells_;
  mutable Mutex mutex_;
  std::shared_ptr<const StreamSnapshot> snapshot_ GUARDED_BY(mutex_);
  catalog::Version version_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  std::size_t puts_under_way_ GUARDED_BY(mutex_) = 0;
  std::size_t entering_ GUARDED_BY(mutex_) = 0;  ///< of these, let in and not yet woken: nobody may overtake them
  std::optional<Completion<bool>> drained_ GUARDED_BY(mutex_);
  std::vector<Completion<bool>> waiting_ GUARDED_BY(mutex_);  // bounded by the connections
};

}  // namespace penstock::stream
