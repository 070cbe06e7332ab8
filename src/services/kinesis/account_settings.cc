// DescribeAccountSettings, UpdateAccountSettings, DescribeLimits.
#include <algorithm>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

AccountSettingsOutput account_settings(const stream::BillingCommitment& commitment) {
  using Status = stream::BillingCommitment::Status;
  AccountSettingsOutput output;
  auto& out = output.minimum_throughput_billing_commitment;
  switch (commitment.status) {
    case Status::disabled: out.status = "DISABLED"; break;
    case Status::enabled: out.status = "ENABLED"; break;
    case Status::enabled_until_earliest_end: out.status = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"; break;
  }
  out.started_at = commitment.started;
  out.ended_at = commitment.ended;
  out.earliest_allowed_end_at = commitment.earliest_end;
  return output;
}

// What DescribeLimits says where the operator switched the limit off: it has no way to say "none", and Terraform's
// provider refuses plans above the number.
constexpr std::uint64_t kNoLimit = 1'000'000;

std::int32_t shown(const stream::Limit& limit) {
  return static_cast<std::int32_t>(std::min(limit.value().value_or(kNoLimit), kNoLimit));
}

}  // namespace

Answer<AccountSettingsOutput> describe_account_settings(CallContext& call, Empty /*input*/) {
  const auto commitment = call.house.streams.account().commitment();
  if (!commitment) co_return to_api_error(commitment.error(), Plane::control);
  co_return account_settings(*commitment);
}

Answer<AccountSettingsOutput> update_account_settings(CallContext& call, UpdateAccountSettingsInput input) {
  const bool enable = input.minimum_throughput_billing_commitment->status == "ENABLED";
  const auto commitment = co_await call.house.streams.account().set_commitment(enable);
  if (!commitment) co_return to_api_error(commitment.error(), Plane::control);
  co_return account_settings(*commitment);
}

Answer<DescribeLimitsOutput> describe_limits(CallContext& call, Empty /*input*/) {
  const stream::Streams& streams = call.house.streams;
  const stream::Limits& limits = streams.settings().limits;
  co_return DescribeLimitsOutput{
      .shard_limit = shown(limits.open_shards),
      .open_shard_count = static_cast<std::int32_t>(streams.open_shard_count()),
      .on_demand_stream_count = static_cast<std::int32_t>(streams.on_demand_stream_count()),
      .on_demand_stream_count_limit = shown(limits.on_demand_streams),
  };
}

}  // namespace penstock::services::kinesis
