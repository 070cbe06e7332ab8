#pragma once
/// Passwords, MFA devices, SSH keys, certificates: Penstock has no way to make one, so a user has none. These answers
/// say so; the operations that would make one are refused as not implemented. Source: IAM API Reference,
/// ListMFADevices, ListVirtualMFADevices, ListSSHPublicKeys, ListSigningCertificates,
///         ListServiceSpecificCredentials, GetLoginProfile, DeleteLoginProfile.

#include "services/iam/access_keys.h"

namespace penstock::services::iam_api {

enum class CredentialKind : std::uint8_t { mfa_device, ssh_public_key, signing_certificate, service_specific };

/// An empty list under the name that its operation gives it.
template <CredentialKind kind>
struct NoCredentialsOutput {
  std::vector<std::string> none;
  bool is_truncated = false;
};
const Shape& describe(const NoCredentialsOutput<CredentialKind::mfa_device>*);
const Shape& describe(const NoCredentialsOutput<CredentialKind::ssh_public_key>*);
const Shape& describe(const NoCredentialsOutput<CredentialKind::signing_certificate>*);
const Shape& describe(const NoCredentialsOutput<CredentialKind::service_specific>*);

template <CredentialKind kind>
Task<ApiResult<NoCredentialsOutput<kind>>> list_no_credentials(CallContext& call, PagedUserOrCallerInput input) {
  PENSTOCK_CO_TRY_VOID(user_or_caller(call, input.user_name));
  co_return NoCredentialsOutput<kind>{};
}

struct ListVirtualMfaInput {
  std::optional<std::string> assignment_status;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const ListVirtualMfaInput*);

struct ListVirtualMfaOutput {
  std::vector<std::string> none;
  bool is_truncated = false;
};
const Shape& describe(const ListVirtualMfaOutput*);

struct LoginProfileOutput {
  std::string user_name;
};
const Shape& describe(const LoginProfileOutput*);

Task<ApiResult<ListVirtualMfaOutput>> list_virtual_mfa_devices(CallContext& call, ListVirtualMfaInput input);
Task<ApiResult<LoginProfileOutput>> get_login_profile(CallContext& call, UserOrCallerInput input);
Task<ApiResult<codec::Empty>> delete_login_profile(CallContext& call, UserOrCallerInput input);

}  // namespace penstock::services::iam_api
