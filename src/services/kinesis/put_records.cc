#include <vector>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "services/kinesis/shard_output.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

// "up to a limit of 10 MiB for the entire request, including partition keys"
constexpr std::size_t kRequestBytesMax = 10U << 20U;

}  // namespace

Answer<PutRecordsOutput> put_records(CallContext& call, PutRecordsInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  // The views look into `input`, which lives as long as this call.
  std::vector<stream::PutView> of_records;
  for (const PutRecordsRequestEntry& record : input.records) {
    of_records.push_back({.partition_key = record.partition_key, .data = record.data.bytes});
    if (record.explicit_hash_key) of_records.back().explicit_hash_key = *record.explicit_hash_key;
  }
  const std::vector<stream::PutView>& records = input.batch ? input.batch->records : of_records;
  std::size_t bytes = 0;
  for (const stream::PutView& record : records) bytes += record.data.size() + record.partition_key.size();
  if (bytes > kRequestBytesMax) {
    co_return api_fail(kInvalidArgument, "Records size exceeds 10 MB limit");
  }
  if (input.dry_run.value_or(false)) {
    const auto fine = call.house.streams.check_put(name, records);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
    co_return dry_run_passed();
  }
  auto receipt = co_await call.house.streams.put_views(std::move(name), records, stream::PutCall::put_records);
  if (!receipt) co_return to_api_error(receipt.error(), Plane::data);
  PutRecordsOutput output;
  output.failed_record_count = static_cast<std::int32_t>(receipt->failed());
  const bool some_stored = output.failed_record_count < static_cast<std::int32_t>(receipt->group_of.size());
  output.encryption_type = encryption_type(receipt->encrypted && some_stored);
  output.receipt = *std::move(receipt);
  co_return output;
}

}  // namespace penstock::services::kinesis
