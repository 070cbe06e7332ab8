#pragma once
/// What is counted of a stream: AWS's stream-level metrics, and of each shard those of enhanced monitoring. Counting is
/// a handful of relaxed additions a call, none a record; nothing is looked up by name but a consumer, once a
/// subscription. Counts begin at zero when the server starts and go with the stream.
/// Threads: any.
/// Source:  Kinesis Data Streams Developer Guide, "Monitor the Amazon Kinesis Data Streams service with Amazon
///          CloudWatch".

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "stream/stream_info.h"
#include "telemetry/tally.h"

namespace penstock::stream {

/// Calls of one operation on one stream.
struct CallCounts {
  telemetry::Tally succeeded;
  telemetry::Tally failed;
  telemetry::Durations latency;
  void note(bool success, std::chrono::nanoseconds took) {
    (success ? succeeded : failed).add();
    latency.note(took);
  }
};

/// How old what is read is, in milliseconds.
struct AgeCounts {
  telemetry::Average average;
  telemetry::RecentMax greatest;
  void note(std::int64_t ms, SteadyTime now) {
    average.note(ms);
    greatest.note(ms, now);
  }
};

struct ShardMetrics {
  telemetry::Tally incoming_bytes;
  telemetry::Tally incoming_records;
  telemetry::Tally outgoing_bytes;
  telemetry::Tally outgoing_records;
  telemetry::Tally write_throttled;  ///< records
  telemetry::Tally read_throttled;   ///< GetRecords calls
  AgeCounts iterator_age;
};

/// The counters of a stream's shards, while enhanced monitoring shows any. Immutable but for the counts.
class ShardMetricsTable {
 public:
  /// nullptr when the stream shows no shard-level metric. Shards keep the counters that they had in `before`, which may
  /// be null; `before` itself when nothing changed.
  [[nodiscard]] static std::shared_ptr<const ShardMetricsTable> make(
      const StreamInfo& info, const std::shared_ptr<const ShardMetricsTable>& before);

  [[nodiscard]] ShardMetrics* find(ShardIndex shard) const;
  [[nodiscard]] ShardMetricSet shown() const { return shown_; }
  using Row = std::pair<ShardIndex, std::shared_ptr<ShardMetrics>>;
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }  ///< by index

 private:
  [[nodiscard]] const Row* find_row(ShardIndex shard) const;

  ShardMetricSet shown_;
  std::vector<Row> rows_;
};

/// Of one registered consumer of the stream.
struct ConsumerMetrics {
  telemetry::Tally subscriptions;
  telemetry::Tally rate_exceeded;
  telemetry::Tally events;
  telemetry::Tally events_failed;
  telemetry::Tally event_bytes;
  telemetry::Tally event_records;
  AgeCounts behind;
};

/// What a put did, beside the time it took.
struct PutCounts {
  std::uint64_t bytes = 0;  ///< data and partition keys, of the records that succeeded
  std::uint64_t succeeded = 0;
  std::uint64_t throttled = 0;
  std::uint64_t failed = 0;
};

/// Which operation of the API a put stands for.
enum class PutCall : std::uint8_t { put_record, put_records };

class StreamMetrics {
 public:
  void note_put(PutCall call, const PutCounts& counts, std::size_t entries, std::chrono::nanoseconds took);
  /// A GetRecords that gave these; `age_ms` is the last record's.
  void note_read(std::uint64_t bytes, std::uint64_t records, std::int64_t age_ms, SteadyTime now,
                 std::chrono::nanoseconds took);
  void note_failed_read(bool throttled, std::chrono::nanoseconds took);

  /// Made when it is asked for first. Bounded by the consumers that are registered: forget_consumer.
  [[nodiscard]] std::shared_ptr<ConsumerMetrics> consumer(std::string_view name) EXCLUDES(mutex_);
  void forget_consumer(std::string_view name) EXCLUDES(mutex_);
  /// Forgets all that are not registered: one may have subscribed while it was deregistered.
  void keep_consumers(const std::function<bool(std::string_view name)>& is_registered) EXCLUDES(mutex_);
  [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<ConsumerMetrics>>> consumers() const
      EXCLUDES(mutex_);

  // What was counted. What is the sum of two is not counted twice: IncomingBytes is PutRecord's and PutRecords'.
  struct PutRecordCounts {
    CallCounts calls;
    telemetry::Tally bytes;
  };
  struct PutRecordsCounts {
    CallCounts calls;  ///< a call with at least one record that succeeded has succeeded
    telemetry::Tally bytes;
    telemetry::Tally records_total;
    telemetry::Tally records_succeeded;
    telemetry::Tally records_throttled;
    telemetry::Tally records_failed;
  };
  struct GetRecordsCounts {
    CallCounts calls;
    telemetry::Tally bytes;
    telemetry::Tally records;
    telemetry::Tally throttled;
    AgeCounts iterator_age;
  };
  PutRecordCounts put_record;
  PutRecordsCounts put_records;
  telemetry::Tally write_throttled;  ///< records
  GetRecordsCounts get_records;

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<ConsumerMetrics>, std::less<>> consumers_ GUARDED_BY(mutex_);
};

/// A stream's metrics at a moment, to be written out.
struct StreamMetricsView {
  std::string name;
  std::shared_ptr<const StreamMetrics> metrics;
  std::shared_ptr<const ShardMetricsTable> shards;  ///< null: none are shown
  std::uint32_t open_shards = 0;
};

}  // namespace penstock::stream
