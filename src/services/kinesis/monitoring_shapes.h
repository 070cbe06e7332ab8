#pragma once
/// Requests and answers of enhanced monitoring. Source: Kinesis API Reference, EnableEnhancedMonitoring,
/// DisableEnhancedMonitoring.

#include <string>
#include <vector>

#include "services/kinesis/stream_reference.h"

namespace penstock::services::kinesis {

struct EnhancedMonitoringInput : StreamReference {
  std::vector<std::string> shard_level_metrics{};
};

struct EnhancedMonitoringOutput {
  std::string stream_name{};
  std::vector<std::string> current_shard_level_metrics{};
  std::vector<std::string> desired_shard_level_metrics{};
  std::string stream_arn{};
};

const codec::Shape& describe(const EnhancedMonitoringInput*);
const codec::Shape& describe(const EnhancedMonitoringOutput*);

}  // namespace penstock::services::kinesis
