#include <vector>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

Answer<PutRecordOutput> put_record(CallContext& call, PutRecordInput input) {
  PENSTOCK_CO_TRY(const std::string name, resolve(call, input));
  stream::Streams& streams = call.house.streams;
  if (input.sequence_number_for_ordering) {
    const auto fine = streams.check_ordering(name, *input.sequence_number_for_ordering);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
  }
  std::vector<stream::PutEntry> entries;
  entries.push_back({.partition_key = std::move(input.partition_key),
                     .explicit_hash_key = std::move(input.explicit_hash_key),
                     .data = std::move(input.data.bytes)});
  if (input.dry_run.value_or(false)) {
    const auto fine = streams.check_put(name, entries);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
    co_return dry_run_passed();
  }
  auto outcomes = co_await streams.put(name, std::move(entries), stream::PutCall::put_record);
  if (!outcomes) co_return to_api_error(outcomes.error(), Plane::data);
  auto& outcome = outcomes->front();
  if (!outcome) co_return to_api_error(outcome.error(), Plane::data);
  co_return PutRecordOutput{.shard_id = std::move(outcome->shard_id),
                            .sequence_number = std::move(outcome->sequence_number),
                            .encryption_type = encryption_type(outcome->encrypted)};
}

}  // namespace penstock::services::kinesis
