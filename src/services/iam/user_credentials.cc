#include "services/iam/user_credentials.h"

namespace penstock::services::iam_api {
namespace {

template <CredentialKind kind>
Shape none_shape(std::string_view name, std::string_view list) {
  using Output = NoCredentialsOutput<kind>;
  return ShapeBuilder<Output>(name).field(list, &Output::none).field("IsTruncated", &Output::is_truncated).build();
}

std::unexpected<ApiError> no_login_profile(std::string_view user) {
  return no_such_entity(fmt::format("Login Profile for User {} cannot be found.", user));
}

}  // namespace

const Shape& describe(const NoCredentialsOutput<CredentialKind::mfa_device>*) {
  static const Shape shape = none_shape<CredentialKind::mfa_device>("ListMFADevicesResponse", "MFADevices");
  return shape;
}

const Shape& describe(const NoCredentialsOutput<CredentialKind::ssh_public_key>*) {
  static const Shape shape = none_shape<CredentialKind::ssh_public_key>("ListSSHPublicKeysResponse", "SSHPublicKeys");
  return shape;
}

const Shape& describe(const NoCredentialsOutput<CredentialKind::signing_certificate>*) {
  static const Shape shape =
      none_shape<CredentialKind::signing_certificate>("ListSigningCertificatesResponse", "Certificates");
  return shape;
}

const Shape& describe(const NoCredentialsOutput<CredentialKind::service_specific>*) {
  static const Shape shape = none_shape<CredentialKind::service_specific>("ListServiceSpecificCredentialsResponse",
                                                                          "ServiceSpecificCredentials");
  return shape;
}

const Shape& describe(const ListVirtualMfaInput*) {
  static const Shape shape = ShapeBuilder<ListVirtualMfaInput>("ListVirtualMFADevicesRequest")
                                 .field("AssignmentStatus", &ListVirtualMfaInput::assignment_status,
                                        {.one_of = {"Assigned", "Unassigned", "Any"}, .sensitive = true})
                                 .field("Marker", &ListVirtualMfaInput::marker, marker_rules())
                                 .field("MaxItems", &ListVirtualMfaInput::max_items, max_items_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListVirtualMfaOutput*) {
  static const Shape shape = ShapeBuilder<ListVirtualMfaOutput>("ListVirtualMFADevicesResponse")
                                 .field("VirtualMFADevices", &ListVirtualMfaOutput::none)
                                 .field("IsTruncated", &ListVirtualMfaOutput::is_truncated)
                                 .build();
  return shape;
}

const Shape& describe(const LoginProfileOutput*) {
  static const Shape shape = ShapeBuilder<LoginProfileOutput>("GetLoginProfileResponse")
                                 .field("UserName", &LoginProfileOutput::user_name)
                                 .build();
  return shape;
}

Task<ApiResult<ListVirtualMfaOutput>> list_virtual_mfa_devices(CallContext&, ListVirtualMfaInput) {
  co_return ListVirtualMfaOutput{};
}

Task<ApiResult<LoginProfileOutput>> get_login_profile(CallContext& call, UserOrCallerInput input) {
  PENSTOCK_CO_TRY(const std::string user, user_or_caller(call, input.user_name));
  co_return no_login_profile(user);
}

Task<ApiResult<codec::Empty>> delete_login_profile(CallContext& call, UserOrCallerInput input) {
  PENSTOCK_CO_TRY(const std::string user, user_or_caller(call, input.user_name));
  co_return no_login_profile(user);
}

}  // namespace penstock::services::iam_api
