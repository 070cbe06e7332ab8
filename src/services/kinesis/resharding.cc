// UpdateShardCount, SplitShard, MergeShards.
#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

/// AWS looks at what is called a shard before it looks for the stream.
ApiResult<void> check_shard_id(const CallContext& call, std::string_view stream, std::string_view shard_id) {
  if (stream::parse_shard_id(shard_id)) return {};
  return api_fail(
      kNotFound, fmt::format("Could not find shard {} in stream {} under account {}.", shard_id, stream, call.account));
}

}  // namespace

Answer<UpdateShardCountOutput> update_shard_count(CallContext& call, UpdateShardCountInput input) {
  PENSTOCK_CO_TRY(const std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_mode(call, name, stream::StreamMode::provisioned, "UpdateShardCount"));
  const auto counts = co_await call.house.streams.scale(name, static_cast<std::uint32_t>(input.target_shard_count));
  if (!counts) co_return to_api_error(counts.error(), Plane::control);
  co_return UpdateShardCountOutput{.stream_name = name,
                                   .current_shard_count = static_cast<std::int32_t>(counts->current),
                                   .target_shard_count = static_cast<std::int32_t>(counts->target),
                                   .stream_arn = stream_arn(call, name)};
}

Answer<Empty> split_shard(CallContext& call, SplitShardInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_shard_id(call, name, input.shard_to_split));
  PENSTOCK_CO_TRY_VOID(check_mode(call, name, stream::StreamMode::provisioned, "SplitShard"));
  const auto done = co_await call.house.streams.split(std::move(name), std::move(input.shard_to_split),
                                                      std::move(input.new_starting_hash_key));
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

Answer<Empty> merge_shards(CallContext& call, MergeShardsInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_shard_id(call, name, input.shard_to_merge));
  PENSTOCK_CO_TRY_VOID(check_shard_id(call, name, input.adjacent_shard_to_merge));
  PENSTOCK_CO_TRY_VOID(check_mode(call, name, stream::StreamMode::provisioned, "MergeShards"));
  const auto done = co_await call.house.streams.merge(std::move(name), std::move(input.shard_to_merge),
                                                      std::move(input.adjacent_shard_to_merge));
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
