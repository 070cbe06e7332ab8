// EnableEnhancedMonitoring, DisableEnhancedMonitoring.
#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const EnhancedMonitoringInput*) {
  static const Shape shape =
      stream_shape<EnhancedMonitoringInput>("EnhancedMonitoringInput")
          .field("ShardLevelMetrics", &EnhancedMonitoringInput::shard_level_metrics,
                 {.required = true,
                  .length = {1, 7},
                  .element_one_of = {"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
                                     "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded",
                                     "IteratorAgeMilliseconds", "ALL"}})
          .build();
  return shape;
}

const Shape& describe(const EnhancedMonitoringOutput*) {
  static const Shape shape =
      ShapeBuilder<EnhancedMonitoringOutput>("EnhancedMonitoringOutput")
          .field("StreamName", &EnhancedMonitoringOutput::stream_name)
          .field("CurrentShardLevelMetrics", &EnhancedMonitoringOutput::current_shard_level_metrics)
          .field("DesiredShardLevelMetrics", &EnhancedMonitoringOutput::desired_shard_level_metrics)
          .field("StreamARN", &EnhancedMonitoringOutput::stream_arn)
          .build();
  return shape;
}

namespace {

enum class Turn : std::uint8_t { on, off };

std::vector<std::string> texts(stream::ShardMetricSet metrics) {
  const auto names = metrics.names();
  return {names.begin(), names.end()};
}

Answer<EnhancedMonitoringOutput> turn(CallContext& call, EnhancedMonitoringInput input, Turn which) {
  PENSTOCK_CO_TRY(const std::string name, resolve(call, input));
  stream::ShardMetricSet asked;
  for (const std::string& metric : input.shard_level_metrics) asked.add(metric);
  const stream::ShardMetricSet none;
  const auto changed = co_await call.house.streams.set_shard_metrics(name, which == Turn::on ? asked : none,
                                                                     which == Turn::off ? asked : none);
  if (!changed) co_return to_api_error(changed.error(), Plane::control);
  co_return EnhancedMonitoringOutput{.stream_name = name,
                                     .current_shard_level_metrics = texts(changed->before),
                                     .desired_shard_level_metrics = texts(changed->after),
                                     .stream_arn = stream_arn(call, name)};
}

}  // namespace

Answer<EnhancedMonitoringOutput> enable_enhanced_monitoring(CallContext& call, EnhancedMonitoringInput input) {
  return turn(call, std::move(input), Turn::on);
}

Answer<EnhancedMonitoringOutput> disable_enhanced_monitoring(CallContext& call, EnhancedMonitoringInput input) {
  return turn(call, std::move(input), Turn::off);
}

}  // namespace penstock::services::kinesis
