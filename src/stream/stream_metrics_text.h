#pragma once
/// The metrics of streams, their shards and consumers in Prometheus' text format, piece by piece: a server with
/// thousands of shards writes megabytes, and whoever asks for them shares a loop with others. Threads: one.

#include <vector>

#include "stream/stream_metrics.h"
#include "telemetry/exposition.h"

namespace penstock::stream {

/// Every family, in the order in which they are written.
[[nodiscard]] std::vector<const telemetry::MetricFamily*> stream_metric_families();

class StreamMetricsText {
 public:
  StreamMetricsText(std::vector<StreamMetricsView> streams, SteadyTime now) : streams_(std::move(streams)), now_(now) {}

  /// Appends one family of one stream, or of some of its shards; false when all are written. A family's samples follow
  /// each other.
  bool next(telemetry::Exposition& out);
  [[nodiscard]] bool is_done() const;

 private:
  bool next_shards(telemetry::Exposition& out, std::size_t row_number);

  std::vector<StreamMetricsView> streams_;
  SteadyTime now_;
  std::size_t family_ = 0;
  std::size_t stream_ = 0;
  std::size_t shard_ = 0;
};

}  // namespace penstock::stream
