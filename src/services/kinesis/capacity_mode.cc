// UpdateStreamMode, UpdateStreamWarmThroughput.
#include <fmt/format.h>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

ApiResult<void> check_mode(const CallContext& call, std::string_view name, stream::StreamMode mode,
                           std::string_view operation) {
  const auto view = call.house.streams.get(name);
  if (!view) return to_api_error(view.error(), Plane::control);
  if (view->info->mode == mode) return {};
  return api_fail(kValidation,
                  fmt::format("{} is only supported for data streams with the {} capacity mode. Stream {} under "
                              "account {} is in StreamMode {}.",
                              operation, mode == stream::StreamMode::on_demand ? "on-demand" : "provisioned", name,
                              call.account, stream::to_string(view->info->mode)));
}

Answer<Empty> update_stream_mode(CallContext& call, UpdateStreamModeInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve_arn(call, input));
  const auto mode = input.stream_mode_details.stream_mode == "ON_DEMAND" ? stream::StreamMode::on_demand
                                                                         : stream::StreamMode::provisioned;
  const auto done = co_await call.house.streams.set_mode(std::move(name), mode, input.warm_throughput_mibps);
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

Answer<UpdateStreamWarmThroughputOutput> update_stream_warm_throughput(CallContext& call,
                                                                       UpdateStreamWarmThroughputInput input) {
  PENSTOCK_CO_TRY(const std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_mode(call, name, stream::StreamMode::on_demand, "UpdateStreamWarmThroughput"));
  const auto warm = co_await call.house.streams.set_warm_throughput(name, input.warm_throughput_mibps);
  if (!warm) co_return to_api_error(warm.error(), Plane::control);
  co_return UpdateStreamWarmThroughputOutput{
      .stream_arn = stream_arn(call, name),
      .stream_name = name,
      .warm_throughput = {.target_mibps = warm->target_mibps, .current_mibps = warm->current_mibps}};
}

}  // namespace penstock::services::kinesis
