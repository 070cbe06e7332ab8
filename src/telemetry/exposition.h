#pragma once
/// Prometheus' text format, version 0.0.4: families of samples as lines.
///
///     Exposition out;
///     out.begin(family);                       // its HELP and TYPE are written with the first sample
///     out.sample({{"stream", name}}, 17);
///
/// Guarantee: the text is valid whatever bytes labels hold (what is not UTF-8 becomes U+FFFD); a family without samples
///            leaves nothing behind.
/// Threads:   one.
/// Source:    prometheus.io/docs/instrumenting/exposition_formats; names as prometheus.io/docs/practices/naming says.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/tally.h"

namespace penstock::telemetry {

enum class MetricType : std::uint8_t { counter, gauge, histogram, summary };
[[nodiscard]] std::string_view to_string(MetricType type);

/// docs/metrics.md lists every one; a test holds it to them.
struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view labels;  ///< "stream shard"; "" for none
  std::string_view help;
  std::string_view aws{};  ///< the metric of AWS's that it is, as CloudWatch names it
};

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  void begin(const MetricFamily& family);
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, double value);
  /// A histogram in seconds.
  void histogram(Labels labels, const Durations::Snapshot& durations);
  /// A summary without quantiles, in seconds, of what was measured in milliseconds.
  void summary_ms(Labels labels, const Average& average);

  [[nodiscard]] std::size_t sample_count() const { return samples_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// What was written since the last call.
  [[nodiscard]] std::string take();

 private:
  void line(std::string_view suffix, std::span<const Label> labels, const Label* more, std::string_view value);

  const MetricFamily* family_ = nullptr;
  bool headed_ = false;
  std::size_t samples_ = 0;
  std::string text_;
};

}  // namespace penstock::telemetry
