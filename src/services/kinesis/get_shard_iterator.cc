#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
Answer<GetShardIteratorOutput> get_shard_iterator(CallContext& call, GetShardIteratorInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  stream::Streams& streams = call.house.streams;
  stream::StartingPoint start{.type = iterator_type(input.shard_iterator_type),
                              .sequence_number = std::move(input.starting_sequence_number),
                              .timestamp = input.timestamp};
  const auto made = co_await streams.make_iterator(std::move(name), std::move(input.shard_id), std::move(start));
  if (!made) co_return to_api_error(made.error(), Plane::data);
  if (input.dry_run.value_or(false)) co_return dry_run_passed();
  co_return GetShardIteratorOutput{.shard_iterator = streams.seal(*made)};
}

}  // namespace penstock::services::kinesis
