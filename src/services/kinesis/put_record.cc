#include <span>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

Answer<PutRecordOutput> put_record(CallContext& call, PutRecordInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  stream::Streams& streams = call.house.streams;
  if (input.sequence_number_for_ordering) {
    const auto fine = streams.check_ordering(name, *input.sequence_number_for_ordering);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
  }
  stream::PutView record{.partition_key = input.partition_key, .data = input.data.bytes};
  if (input.explicit_hash_key) record.explicit_hash_key = *input.explicit_hash_key;
  const std::span<const stream::PutView> records(&record, 1);
  if (input.dry_run.value_or(false)) {
    const auto fine = streams.check_put(name, records);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
    co_return dry_run_passed();
  }
  const auto receipt = co_await streams.put_views(std::move(name), records, stream::PutCall::put_record);
  if (!receipt) co_return to_api_error(receipt.error(), Plane::data);
  stream::ReceiptReader reader(*receipt);
  reader.next();
  const stream::PutReceipt::Group& group = receipt->groups[reader.group()];
  if (!reader.is_stored()) co_return to_api_error(group.appended.error(), Plane::data);
  co_return PutRecordOutput{.shard_id = stream::format_shard_id(group.shard),
                            .sequence_number = std::string(reader.sequence_number()),
                            .encryption_type = encryption_type(receipt->encrypted)};
}

}  // namespace penstock::services::kinesis
