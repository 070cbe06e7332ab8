#pragma once
/// Changes to identities: plan on what is stored now, commit, and plan again when something changed in between.

#include <fmt/format.h>

#include <utility>

#include "iam/identity_store.h"
#include "services/house.h"
#include "services/operation.h"

namespace penstock::services::iam_api {

/// What a change would write, and the answer if it is written.
template <class Out>
struct Plan {
  iam::Edit edit;
  Out out{};
};

inline constexpr int kAttemptsMax = 16;

/// Source: IAM API Reference, "Common errors".
[[nodiscard]] ApiError storage_error(const Error& error);

/// `plan` is a plain function object, const IdentityStore& -> ApiResult<Plan<Out>>; it is called once for each attempt.
template <class Out, class Planner>
Task<ApiResult<Out>> change(CallContext& call, Planner plan) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    ApiResult<Plan<Out>> planned = plan(static_cast<const iam::IdentityStore&>(call.house.iam));
    if (!planned.has_value()) co_return std::unexpected(std::move(planned).error());
    const Result<void> done = co_await call.house.iam.commit(std::move(planned->edit));
    if (done.has_value()) co_return std::move(planned->out);
    if (done.error().kind != ErrorKind::conflict) co_return std::unexpected(storage_error(done.error()));
  }
  co_return api_fail("ConcurrentModification",
                     "The request was rejected because multiple requests to change this object were submitted "
                     "simultaneously. Wait a few minutes and submit your request again.",
                     409);
}

}  // namespace penstock::services::iam_api
