#pragma once
/// IoT policies and their versions.
/// Source: AWS IoT API Reference, CreatePolicy, GetPolicy, DeletePolicy, ListPolicies, CreatePolicyVersion,
///         GetPolicyVersion, ListPolicyVersions, DeletePolicyVersion, SetDefaultPolicyVersion.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

inline constexpr std::size_t kPolicyVersionsMax = 5;          ///< AWS IoT Core quotas, "Maximum number of named policy
                                                              ///< versions"
inline constexpr std::size_t kPolicyDocumentCharsMax = 2048;  ///< the same, "Maximum policy document size", which does
                                                              ///< not count white space

struct CreatePolicyInput {
  std::string policy_name{};
  std::string policy_document{};
  TagList tags{};
};
struct CreatePolicyOutput {
  std::string policy_name{};
  std::string policy_arn{};
  std::string policy_document{};
  std::string policy_version_id{};
};
const codec::Shape& describe(const CreatePolicyInput*);
const codec::Shape& describe(const CreatePolicyOutput*);
Task<ApiResult<CreatePolicyOutput>> create_policy(CallContext& call, CreatePolicyInput input);

struct GetPolicyInput {
  std::string policy_name{};
};
struct GetPolicyOutput {
  std::string policy_name{};
  std::string policy_arn{};
  std::string policy_document{};
  std::string default_version_id{};
  Timestamp creation_date{};
  Timestamp last_modified_date{};
  std::string generation_id{};
};
const codec::Shape& describe(const GetPolicyInput*);
const codec::Shape& describe(const GetPolicyOutput*);
Task<ApiResult<GetPolicyOutput>> get_policy(CallContext& call, GetPolicyInput input);

struct DeletePolicyInput {
  std::string policy_name{};
};
const codec::Shape& describe(const DeletePolicyInput*);
Task<ApiResult<Empty>> delete_policy(CallContext& call, DeletePolicyInput input);

struct ListPoliciesInput {
  std::optional<std::string> marker{};
  std::optional<std::int32_t> page_size{};
  std::optional<bool> ascending_order{};
};
struct PolicySummary {
  std::string policy_name{};
  std::string policy_arn{};
};
struct ListPoliciesOutput {
  std::vector<PolicySummary> policies{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const ListPoliciesInput*);
const codec::Shape& describe(const PolicySummary*);
const codec::Shape& describe(const ListPoliciesOutput*);
Task<ApiResult<ListPoliciesOutput>> list_policies(CallContext& call, ListPoliciesInput input);

struct CreatePolicyVersionInput {
  std::string policy_name{};
  std::string policy_document{};
  std::optional<bool> set_as_default{};
};
struct CreatePolicyVersionOutput {
  std::string policy_arn{};
  std::string policy_document{};
  std::string policy_version_id{};
  bool is_default_version = false;
};
const codec::Shape& describe(const CreatePolicyVersionInput*);
const codec::Shape& describe(const CreatePolicyVersionOutput*);
Task<ApiResult<CreatePolicyVersionOutput>> create_policy_version(CallContext& call, CreatePolicyVersionInput input);

/// Also the input of DeletePolicyVersion and SetDefaultPolicyVersion.
struct PolicyVersionInput {
  std::string policy_name{};
  std::string policy_version_id{};
};
struct GetPolicyVersionOutput {
  std::string policy_arn{};
  std::string policy_name{};
  std::string policy_document{};
  std::string policy_version_id{};
  bool is_default_version = false;
  Timestamp creation_date{};
  Timestamp last_modified_date{};
  std::string generation_id{};
};
const codec::Shape& describe(const PolicyVersionInput*);
const codec::Shape& describe(const GetPolicyVersionOutput*);
Task<ApiResult<GetPolicyVersionOutput>> get_policy_version(CallContext& call, PolicyVersionInput input);
Task<ApiResult<Empty>> delete_policy_version(CallContext& call, PolicyVersionInput input);
Task<ApiResult<Empty>> set_default_policy_version(CallContext& call, PolicyVersionInput input);

struct ListPolicyVersionsInput {
  std::string policy_name{};
};
struct PolicyVersionSummary {
  std::string version_id{};
  bool is_default_version = false;
  Timestamp create_date{};
};
struct ListPolicyVersionsOutput {
  std::vector<PolicyVersionSummary> policy_versions{};
};
const codec::Shape& describe(const ListPolicyVersionsInput*);
const codec::Shape& describe(const PolicyVersionSummary*);
const codec::Shape& describe(const ListPolicyVersionsOutput*);
Task<ApiResult<ListPolicyVersionsOutput>> list_policy_versions(CallContext& call, ListPolicyVersionsInput input);

[[nodiscard]] ApiError no_such_policy(std::string_view name);

}  // namespace penstock::services::iot
