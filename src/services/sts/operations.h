#pragma once
/// STS's operations. Source: AWS STS API Reference, GetCallerIdentity, AssumeRole, GetSessionToken, GetAccessKeyInfo.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/shape.h"
#include "services/operation.h"

namespace penstock::services::sts_api {

using codec::Shape;

struct CallerIdentityOutput {
  std::string user_id;
  std::string account;
  std::string arn;
};
const Shape& describe(const CallerIdentityOutput*);

struct CredentialsData {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  Timestamp expiration{};
};
const Shape& describe(const CredentialsData*);

struct SessionTagData {
  std::string key;
  std::string value;
};
const Shape& describe(const SessionTagData*);

struct PolicyArnData {
  std::optional<std::string> arn;
};
const Shape& describe(const PolicyArnData*);

struct AssumeRoleInput {
  std::string role_arn;
  std::string role_session_name;
  std::vector<PolicyArnData> policy_arns;
  std::optional<std::string> policy;
  std::optional<std::int32_t> duration_seconds;
  std::vector<SessionTagData> tags;
  std::vector<std::string> transitive_tag_keys;
  std::optional<std::string> external_id;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;
  std::optional<std::string> source_identity;
};
const Shape& describe(const AssumeRoleInput*);

struct AssumedRoleUser {
  std::string assumed_role_id;
  std::string arn;
};
const Shape& describe(const AssumedRoleUser*);

struct AssumeRoleOutput {
  CredentialsData credentials;
  AssumedRoleUser assumed_role_user;
  std::optional<std::int32_t> packed_policy_size;
};
const Shape& describe(const AssumeRoleOutput*);

struct GetSessionTokenInput {
  std::optional<std::int32_t> duration_seconds;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;
};
const Shape& describe(const GetSessionTokenInput*);

struct GetSessionTokenOutput {
  CredentialsData credentials;
};
const Shape& describe(const GetSessionTokenOutput*);

struct AccessKeyInfoInput {
  std::string access_key_id;
};
const Shape& describe(const AccessKeyInfoInput*);

struct AccessKeyInfoOutput {
  std::string account;
};
const Shape& describe(const AccessKeyInfoOutput*);

Task<ApiResult<CallerIdentityOutput>> get_caller_identity(CallContext& call, codec::Empty input);
/// Authorised in the handler, because the role's trust policy decides together with the caller's own policies.
Task<ApiResult<AssumeRoleOutput>> assume_role(CallContext& call, AssumeRoleInput input);
Task<ApiResult<GetSessionTokenOutput>> get_session_token(CallContext& call, GetSessionTokenInput input);
Task<ApiResult<AccessKeyInfoOutput>> get_access_key_info(CallContext& call, AccessKeyInfoInput input);

}  // namespace penstock::services::sts_api
