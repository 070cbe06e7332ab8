#pragma once
/// Which shard-level metrics a stream shows (enhanced monitoring). A value.
/// Source: Kinesis API Reference, EnhancedMetrics; Developer Guide, "Monitor the Amazon Kinesis Data Streams service
///         with Amazon CloudWatch", "Enhanced shard-level metrics".

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock::stream {

enum class ShardMetric : std::uint8_t {
  incoming_bytes,
  incoming_records,
  outgoing_bytes,
  outgoing_records,
  write_throughput_exceeded,
  read_throughput_exceeded,
  iterator_age,
};

/// AWS's names, in the order of the API's value set.
inline constexpr std::array<std::string_view, 7> kShardMetricNames = {
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
};

class ShardMetricSet {
 public:
  constexpr ShardMetricSet() = default;
  [[nodiscard]] static constexpr ShardMetricSet all() {
    ShardMetricSet every;
    every.bits_ = (1U << kShardMetricNames.size()) - 1;
    return every;
  }
  /// "ALL" stands for every metric. False when there is no such name; nothing is changed then.
  bool add(std::string_view name);
  constexpr void add(ShardMetric metric) { bits_ |= bit(metric); }

  [[nodiscard]] constexpr bool has(ShardMetric metric) const { return (bits_ & bit(metric)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr ShardMetricSet with(ShardMetricSet others) const {
    return ShardMetricSet(bits_ | others.bits_);
  }
  [[nodiscard]] constexpr ShardMetricSet without(ShardMetricSet others) const {
    return ShardMetricSet(bits_ & ~std::uint32_t{others.bits_});
  }
  /// Never "ALL".
  [[nodiscard]] std::vector<std::string_view> names() const;
  bool operator==(const ShardMetricSet&) const = default;

 private:
  explicit constexpr ShardMetricSet(std::uint32_t bits) : bits_(static_cast<std::uint8_t>(bits)) {}
  [[nodiscard]] static constexpr std::uint8_t bit(ShardMetric metric) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(metric));
  }
  std::uint8_t bits_ = 0;
};

/// What EnableEnhancedMonitoring and DisableEnhancedMonitoring answer.
struct ShardMetricChange {
  ShardMetricSet before;
  ShardMetricSet after;
};

}  // namespace penstock::stream
