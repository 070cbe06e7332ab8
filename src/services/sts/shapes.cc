#include "services/sts/operations.h"

namespace penstock::services::sts_api {

using codec::ShapeBuilder;

const Shape& describe(const CallerIdentityOutput*) {
  static const Shape shape = ShapeBuilder<CallerIdentityOutput>("GetCallerIdentityResponse")
                                 .field("UserId", &CallerIdentityOutput::user_id)
                                 .field("Account", &CallerIdentityOutput::account)
                                 .field("Arn", &CallerIdentityOutput::arn)
                                 .build();
  return shape;
}

const Shape& describe(const CredentialsData*) {
  static const Shape shape = ShapeBuilder<CredentialsData>("Credentials")
                                 .field("AccessKeyId", &CredentialsData::access_key_id)
                                 .field("SecretAccessKey", &CredentialsData::secret_access_key, {.sensitive = true})
                                 .field("SessionToken", &CredentialsData::session_token, {.sensitive = true})
                                 .field("Expiration", &CredentialsData::expiration)
                                 .build();
  return shape;
}

const Shape& describe(const SessionTagData*) {
  static const Shape shape = ShapeBuilder<SessionTagData>("Tag")
                                 .field("Key", &SessionTagData::key, {.required = true, .length = {1, 128}})
                                 .field("Value", &SessionTagData::value, {.required = true, .length = {0, 256}})
                                 .build();
  return shape;
}

const Shape& describe(const PolicyArnData*) {
  static const Shape shape = ShapeBuilder<PolicyArnData>("PolicyDescriptorType")
                                 .field("arn", &PolicyArnData::arn, {.length = {20, 2048}})
                                 .build();
  return shape;
}

const Shape& describe(const AssumeRoleInput*) {
  static const Shape shape =
      ShapeBuilder<AssumeRoleInput>("AssumeRoleRequest")
          .field("RoleArn", &AssumeRoleInput::role_arn, {.required = true, .length = {20, 2048}})
          .field("RoleSessionName", &AssumeRoleInput::role_session_name,
                 {.required = true, .length = {2, 64}, .pattern = "[\\w+=,.@-]*"})
          .field("PolicyArns", &AssumeRoleInput::policy_arns, {.length = {0, 10}})
          .field("Policy", &AssumeRoleInput::policy, {.length = {1, 2048}})
          .field("DurationSeconds", &AssumeRoleInput::duration_seconds, {.range = {900, 43200}})
          .field("Tags", &AssumeRoleInput::tags, {.length = {0, 50}})
          .field("TransitiveTagKeys", &AssumeRoleInput::transitive_tag_keys, {.length = {0, 50}})
          .field("ExternalId", &AssumeRoleInput::external_id, {.length = {2, 1224}, .pattern = "[\\w+=,.@:\\/-]*"})
          .field("SerialNumber", &AssumeRoleInput::serial_number, {.length = {9, 256}, .pattern = "[\\w+=/:,.@-]*"})
          .field("TokenCode", &AssumeRoleInput::token_code, {.length = {6, 6}, .pattern = "[\\d]*"})
          .field("SourceIdentity", &AssumeRoleInput::source_identity, {.length = {2, 64}, .pattern = "[\\w+=,.@-]*"})
          .build();
  return shape;
}

const Shape& describe(const AssumedRoleUser*) {
  static const Shape shape = ShapeBuilder<AssumedRoleUser>("AssumedRoleUser")
                                 .field("AssumedRoleId", &AssumedRoleUser::assumed_role_id)
                                 .field("Arn", &AssumedRoleUser::arn)
                                 .build();
  return shape;
}

const Shape& describe(const AssumeRoleOutput*) {
  static const Shape shape = ShapeBuilder<AssumeRoleOutput>("AssumeRoleResponse")
                                 .field("Credentials", &AssumeRoleOutput::credentials)
                                 .field("AssumedRoleUser", &AssumeRoleOutput::assumed_role_user)
                                 .field("PackedPolicySize", &AssumeRoleOutput::packed_policy_size)
                                 .build();
  return shape;
}

const Shape& describe(const GetSessionTokenInput*) {
  static const Shape shape =
      ShapeBuilder<GetSessionTokenInput>("GetSessionTokenRequest")
          .field("DurationSeconds", &GetSessionTokenInput::duration_seconds, {.range = {900, 129600}})
          .field("SerialNumber", &GetSessionTokenInput::serial_number, {.length = {9, 256}})
          .field("TokenCode", &GetSessionTokenInput::token_code, {.length = {6, 6}, .pattern = "[\\d]*"})
          .build();
  return shape;
}

const Shape& describe(const GetSessionTokenOutput*) {
  static const Shape shape = ShapeBuilder<GetSessionTokenOutput>("GetSessionTokenResponse")
                                 .field("Credentials", &GetSessionTokenOutput::credentials)
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyInfoInput*) {
  static const Shape shape = ShapeBuilder<AccessKeyInfoInput>("GetAccessKeyInfoRequest")
                                 .field("AccessKeyId", &AccessKeyInfoInput::access_key_id,
                                        {.required = true, .length = {16, 128}, .pattern = "[\\w]*"})
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyInfoOutput*) {
  static const Shape shape = ShapeBuilder<AccessKeyInfoOutput>("GetAccessKeyInfoResponse")
                                 .field("Account", &AccessKeyInfoOutput::account)
                                 .build();
  return shape;
}

}  // namespace penstock::services::sts_api
