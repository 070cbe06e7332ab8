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

PutRecordsResultEntry result_entry(Result<stream::PutOutcome>& outcome) {
  PutRecordsResultEntry entry;
  if (outcome.has_value()) {
    entry.sequence_number = std::move(outcome->sequence_number);
    entry.shard_id = std::move(outcome->shard_id);
  } else if (outcome.error().kind == ErrorKind::throttled) {
    entry.error_code = kThroughputExceeded;
    entry.error_message = outcome.error().message;
  } else {
    entry.error_code = "InternalFailure";
    entry.error_message = "Internal Service Failure: " + outcome.error().message;
  }
  return entry;
}

}  // namespace

Answer<PutRecordsOutput> put_records(CallContext& call, PutRecordsInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  std::size_t bytes = 0;
  std::vector<stream::PutEntry> entries;
  entries.reserve(input.records.size());
  for (PutRecordsRequestEntry& record : input.records) {
    bytes += record.data.bytes.size() + record.partition_key.size();
    entries.push_back({.partition_key = std::move(record.partition_key),
                       .explicit_hash_key = std::move(record.explicit_hash_key),
                       .data = std::move(record.data.bytes)});
  }
  if (bytes > kRequestBytesMax) {
    co_return api_fail(kInvalidArgument, "Records size exceeds 10 MB limit");
  }
  if (input.dry_run.value_or(false)) {
    const auto fine = call.house.streams.check_put(name, entries);
    if (!fine) co_return to_api_error(fine.error(), Plane::data);
    co_return dry_run_passed();
  }
  auto outcomes = co_await call.house.streams.put(std::move(name), std::move(entries));
  if (!outcomes) co_return to_api_error(outcomes.error(), Plane::data);
  PutRecordsOutput output;
  output.records.reserve(outcomes->size());
  for (auto& outcome : *outcomes) {
    if (!outcome.has_value()) {
      ++output.failed_record_count;
    } else if (outcome->encrypted) {
      output.encryption_type = encryption_type(true);
    }
    output.records.push_back(result_entry(outcome));
  }
  co_return output;
}

}  // namespace penstock::services::kinesis
