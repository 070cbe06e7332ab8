#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

stream::IteratorType type_of(std::string_view name) {
  if (name == "LATEST") return stream::IteratorType::latest;
  if (name == "AT_SEQUENCE_NUMBER") return stream::IteratorType::at_sequence_number;
  if (name == "AFTER_SEQUENCE_NUMBER") return stream::IteratorType::after_sequence_number;
  if (name == "AT_TIMESTAMP") return stream::IteratorType::at_timestamp;
  return stream::IteratorType::trim_horizon;  // the shape lets no other name through
}

}  // namespace

Answer<GetShardIteratorOutput> get_shard_iterator(CallContext& call, GetShardIteratorInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  stream::Streams& streams = call.house.streams;
  stream::StartingPoint start{.type = type_of(input.shard_iterator_type),
                              .sequence_number = std::move(input.starting_sequence_number),
                              .timestamp = input.timestamp};
  const auto made = co_await streams.make_iterator(std::move(name), std::move(input.shard_id), std::move(start));
  if (!made) co_return to_api_error(made.error(), Plane::data);
  co_return GetShardIteratorOutput{.shard_iterator = streams.seal(*made)};
}

}  // namespace penstock::services::kinesis
