#include <fmt/format.h>

#include <chrono>

#include "iam/identity_store.h"
#include "services/house.h"
#include "services/sts/operations.h"

namespace penstock::services::sts_api {

Task<ApiResult<CallerIdentityOutput>> get_caller_identity(CallContext& call, codec::Empty) {
  co_return CallerIdentityOutput{
      .user_id = call.principal.user_id, .account = call.principal.account, .arn = call.principal.arn};
}

Task<ApiResult<GetSessionTokenOutput>> get_session_token(CallContext& call, GetSessionTokenInput input) {
  if (input.serial_number || input.token_code) {
    co_return api_fail("NotImplemented",
                       "Penstock does not implement GetSessionToken with SerialNumber and TokenCode (MFA) yet.", 501);
  }
  constexpr std::int32_t kUserSeconds = 43'200;
  constexpr std::int32_t kRootSeconds = 3600;
  const bool root = call.principal.kind == iam::PrincipalKind::root;
  if (!root && call.principal.kind != iam::PrincipalKind::user) {
    co_return api_fail("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
  }
  // Source: STS API Reference, GetSessionToken: the root user's sessions are cut to one hour.
  std::int32_t seconds = input.duration_seconds.value_or(root ? kRootSeconds : kUserSeconds);
  if (root) seconds = std::min(seconds, kRootSeconds);
  const Timestamp expires =
      std::chrono::ceil<std::chrono::seconds>(call.house.clock.now()) + std::chrono::seconds(seconds);
  const iam::SessionCredential session = call.house.iam.new_session({.principal = call.principal, .expires = expires});
  co_return GetSessionTokenOutput{.credentials = {.access_key_id = session.key.access_key_id,
                                                  .secret_access_key = session.key.secret_access_key,
                                                  .session_token = session.session_token,
                                                  .expiration = session.expires}};
}

Task<ApiResult<AccessKeyInfoOutput>> get_access_key_info(CallContext& call, AccessKeyInfoInput input) {
  const auto key = call.house.iam.find<iam::AccessKey>(input.access_key_id);
  if (!key || key->name != input.access_key_id) {
    co_return api_fail("ValidationError", fmt::format("Invalid access key id: {}", input.access_key_id));
  }
  co_return AccessKeyInfoOutput{.account = call.account};
}

}  // namespace penstock::services::sts_api
