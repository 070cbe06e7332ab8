// IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod, UpdateMaxRecordSize.
#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

// The period that the stream has already is accepted: Terraform's provider sends it after every create.
Answer<Empty> increase_stream_retention_period(CallContext& call, IncreaseStreamRetentionPeriodInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  const auto done = co_await call.house.streams.increase_retention(std::move(name), input.retention_period_hours);
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

Answer<Empty> decrease_stream_retention_period(CallContext& call, DecreaseStreamRetentionPeriodInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  const auto done = co_await call.house.streams.decrease_retention(std::move(name), input.retention_period_hours);
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

Answer<Empty> update_max_record_size(CallContext& call, UpdateMaxRecordSizeInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve_arn(call, input));
  const auto done = co_await call.house.streams.set_record_size(std::move(name), input.max_record_size_in_kib);
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
