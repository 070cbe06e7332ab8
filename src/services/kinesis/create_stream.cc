#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

/// Who says neither how many shards nor which mode gets a stream of four shards (recorded from AWS, 2022-08): what an
/// on-demand stream begins with.
bool is_on_demand(const CreateStreamInput& input) {
  if (!input.stream_mode_details) return !input.shard_count;
  return input.stream_mode_details->stream_mode == "ON_DEMAND";
}

/// What goes with which mode.
ApiResult<void> check_capacity(const CreateStreamInput& input) {
  if (input.record_distribution_strategy == "AUTO") {
    return api_fail(kInvalidArgument,
                    "RecordDistributionStrategy AUTO is not implemented; it is USER_PARTITION_KEY for every stream.");
  }
  if (is_on_demand(input)) {
    if (!input.shard_count) return {};
    return api_fail(kInvalidArgument, "ShardCount must not be specified for streams of StreamMode ON_DEMAND.");
  }
  if (input.record_distribution_strategy) {
    return api_fail(kInvalidArgument,
                    "RecordDistributionStrategy is only supported for streams of StreamMode ON_DEMAND.");
  }
  if (input.warm_throughput_mibps) {
    return api_fail(kInvalidArgument, "WarmThroughputMiBps is only supported for streams of StreamMode ON_DEMAND.");
  }
  if (input.shard_count) return {};
  return api_fail(kInvalidArgument, "ShardCount must be specified for streams of StreamMode PROVISIONED.");
}

}  // namespace

Answer<Empty> create_stream(CallContext& call, CreateStreamInput input) {
  PENSTOCK_CO_TRY_VOID(check_capacity(input));
  if (input.tags) PENSTOCK_CO_TRY_VOID(check_tags(call, input.stream_name, *input.tags));
  if (input.tags && input.tags->size() > 50) {
    co_return api_fail(
        kInvalidArgument,
        fmt::format("Failed to add tags to stream {} under account {} because a given stream cannot have "
                    "more than 50 tags associated with it.",
                    input.stream_name, call.account));
  }
  stream::Streams::Creation creation{
      .name = std::move(input.stream_name),
      .mode = is_on_demand(input) ? stream::StreamMode::on_demand : stream::StreamMode::provisioned,
      .shard_count = static_cast<std::uint32_t>(input.shard_count.value_or(0)),
      .warm_mibps = input.warm_throughput_mibps.value_or(0),
      .record_kib_max = input.max_record_size_in_kib.value_or(1024)};
  if (input.tags) creation.tags = std::move(*input.tags);
  const auto created = co_await call.house.streams.create(std::move(creation));
  if (!created) co_return to_api_error(created.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
