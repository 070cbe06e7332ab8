#pragma once
/// An event source mapping: what it says, and its catalog document. Pure.
/// Source: AWS Lambda API Reference, EventSourceMappingConfiguration, CreateEventSourceMapping.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/lane.h"
#include "core/clock.h"
#include "core/result.h"

namespace penstock::consumers {

inline constexpr int kBatchSizeDefault = 100;
inline constexpr int kParallelizationMax = 10;

enum class StartingPosition : std::uint8_t { trim_horizon, latest, at_timestamp };
[[nodiscard]] std::string_view to_string(StartingPosition position);  ///< "TRIM_HORIZON"
[[nodiscard]] std::optional<StartingPosition> parse_starting_position(std::string_view text);

/// What an update may change.
struct MappingOptions {
  std::string function_name;
  std::string function_qualifier{};  ///< "" = $LATEST
  bool enabled = true;
  int batch_size = kBatchSizeDefault;
  int batching_window_s = 0;
  int parallelization = 1;
  int retries_max = -1;       ///< -1: no bound
  int record_age_max_s = -1;  ///< -1: no bound
  bool bisects = false;
  int tumbling_window_s = 0;
  std::string on_failure{};  ///< ARN; "" = none
  std::vector<std::string> filters{};
  bool reports_failures = false;  ///< FunctionResponseTypes: ReportBatchItemFailures
  bool counts_events = false;     ///< MetricsConfig: EventCount (/metrics has the counts of every mapping)
  bool operator==(const MappingOptions&) const = default;
};

struct Mapping {
  std::string uuid;
  std::string event_source_arn;  ///< of a stream or of a registered consumer
  std::string function_arn;      ///< with the qualifier, if there is one
  StartingPosition starting_position = StartingPosition::trim_horizon;
  std::optional<Timestamp> starting_timestamp{};
  MappingOptions options;
  std::map<std::string, std::string> tags{};
  Timestamp last_modified{};
  std::uint64_t revision = 1;  ///< grows with every change of the options
  bool deleting = false;
  bool operator==(const Mapping&) const = default;
};

/// The stream, and the consumer if there is one, that an event source ARN names.
struct SourceName {
  std::string stream;
  std::string consumer{};          ///< name
  std::string consumer_created{};  ///< seconds
  bool operator==(const SourceName&) const = default;
};
/// nullopt: no ARN of a Kinesis stream or consumer of this region and account.
[[nodiscard]] std::optional<SourceName> parse_source_arn(std::string_view arn, std::string_view region,
                                                         std::string_view account);
/// "arn:...:stream/s" of "arn:...:stream/s/consumer/c:1".
[[nodiscard]] std::string stream_arn_of(std::string_view source_arn);

[[nodiscard]] LaneRules lane_rules(const MappingOptions& options);

/// JSON, format 1 (docs/formats/catalog.md).
[[nodiscard]] std::string encode_mapping(const Mapping& mapping);
/// Errors: corrupt.
[[nodiscard]] Result<Mapping> decode_mapping(std::string_view json);

// ---- where it lies in the catalog
inline constexpr std::string_view kMappingPrefix = "lambda/mapping/";
inline constexpr std::string_view kCheckpointPrefix = "lambda/mapping-checkpoint/";
inline constexpr std::string_view kWindowStatePrefix = "lambda/mapping-window/";
[[nodiscard]] std::string mapping_key(std::string_view uuid);

}  // namespace penstock::consumers
