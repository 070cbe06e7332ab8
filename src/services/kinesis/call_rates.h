#pragma once
/// How often each control-plane operation, and SubscribeToShard, may be called, for those who switch it on
/// (kinesis.limits.control_calls). Source: Kinesis Data Streams Developer Guide, "Quotas and limits", API limits;
/// Kinesis API Reference, each action.

#include "services/operation.h"

namespace penstock::services::kinesis {

using Invoke = Task<ApiResult<Erased>> (*)(CallContext& call, Erased input);

/// Takes one call of the operation whose row has this `invoke`. Errors: LimitExceededException.
[[nodiscard]] ApiResult<void> take_call(CallContext& call, Invoke invoke, const void* input);

[[nodiscard]] Task<ApiResult<Erased>> refused(ApiError error);

template <auto handler>
Task<ApiResult<Erased>> invoke_if_not_too_often(CallContext& call, Erased input) {
  auto taken = take_call(call, &invoke_if_not_too_often<handler>, input.get());
  if (!taken.has_value()) return refused(std::move(taken).error());
  return services::detail::Traits<handler>::invoke(call, std::move(input));
}

/// A row of a control-plane operation. (The data plane has limits of its own: stream/shard_limits.h.)
template <auto handler>
constexpr Operation control(std::string_view name, std::string_view action,
                            Touched (*touched)(const CallContext&, const void*)) {
  Operation row = operation<handler>(name, action, touched);
  row.invoke = &invoke_if_not_too_often<handler>;
  return row;
}

}  // namespace penstock::services::kinesis
