#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

Answer<Empty> create_stream(CallContext& call, CreateStreamInput input) {
  // Not built yet, and never ignored.
  if (input.stream_mode_details && input.stream_mode_details->stream_mode == "ON_DEMAND") {
    co_return api_fail(kInvalidArgument,
                       "StreamMode ON_DEMAND is not implemented yet: create the stream with StreamMode PROVISIONED and "
                       "a ShardCount.");
  }
  if (input.warm_throughput_mibps) {
    co_return api_fail(kInvalidArgument, "WarmThroughputMiBps is not implemented: it belongs to StreamMode ON_DEMAND.");
  }
  if (!input.shard_count) {
    co_return api_fail(kInvalidArgument, "ShardCount must be specified for streams of StreamMode PROVISIONED.");
  }
  if (input.tags) PENSTOCK_CO_TRY_VOID(check_tags(call, input.stream_name, *input.tags));
  if (input.tags && input.tags->size() > 50) {
    co_return api_fail(
        kInvalidArgument,
        fmt::format("Failed to add tags to stream {} under account {} because a given stream cannot have "
                    "more than 50 tags associated with it.",
                    input.stream_name, call.account));
  }
  stream::Streams::Creation creation{.name = std::move(input.stream_name),
                                     .shard_count = static_cast<std::uint32_t>(*input.shard_count),
                                     .record_kib_max = input.max_record_size_in_kib.value_or(1024)};
  if (input.tags) creation.tags = std::move(*input.tags);
  const auto created = co_await call.house.streams.create(std::move(creation));
  if (!created) co_return to_api_error(created.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
