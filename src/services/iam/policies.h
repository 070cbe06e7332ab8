#pragma once
/// Managed policies and their versions. Source: IAM API Reference, CreatePolicy and its kin.

#include "services/iam/named.h"

namespace penstock::services::iam_api {

struct CreatePolicyInput {
  std::string name;
  std::optional<std::string> path;
  std::string policy_document;
  std::optional<std::string> description;
  std::vector<TagData> tags;
};
const Shape& describe(const CreatePolicyInput*);

struct PolicyOutput {
  PolicyData policy;
};
const Shape& describe(const PolicyOutput*);

struct PolicyArnInput {
  std::string policy_arn;
};
const Shape& describe(const PolicyArnInput*);

struct PagedPolicyArnInput {
  std::string policy_arn;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const PagedPolicyArnInput*);

struct ListPoliciesInput {
  std::optional<std::string> scope;
  std::optional<bool> only_attached;
  std::optional<std::string> path_prefix;
  std::optional<std::string> policy_usage_filter;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const ListPoliciesInput*);

struct ListPoliciesOutput {
  std::vector<PolicyData> policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListPoliciesOutput*);

struct CreatePolicyVersionInput {
  std::string policy_arn;
  std::string policy_document;
  std::optional<bool> set_as_default;
};
const Shape& describe(const CreatePolicyVersionInput*);

struct PolicyVersionInput {
  std::string policy_arn;
  std::string version_id;
};
const Shape& describe(const PolicyVersionInput*);

struct PolicyVersionOutput {
  PolicyVersionData policy_version;
};
const Shape& describe(const PolicyVersionOutput*);

struct ListPolicyVersionsOutput {
  std::vector<PolicyVersionData> versions;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListPolicyVersionsOutput*);

struct TagPolicyInput {
  std::string policy_arn;
  std::vector<TagData> tags;
};
const Shape& describe(const TagPolicyInput*);

struct UntagPolicyInput {
  std::string policy_arn;
  std::vector<std::string> tag_keys;
};
const Shape& describe(const UntagPolicyInput*);

struct ListEntitiesInput {
  std::string policy_arn;
  std::optional<std::string> entity_filter;
  std::optional<std::string> path_prefix;
  std::optional<std::string> policy_usage_filter;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const ListEntitiesInput*);

template <class E>
struct PolicyEntity {
  std::string name;
  std::string id;
};
const Shape& describe(const PolicyEntity<iam::Group>*);
const Shape& describe(const PolicyEntity<iam::User>*);
const Shape& describe(const PolicyEntity<iam::Role>*);

struct ListEntitiesOutput {
  std::vector<PolicyEntity<iam::Group>> groups;
  std::vector<PolicyEntity<iam::User>> users;
  std::vector<PolicyEntity<iam::Role>> roles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListEntitiesOutput*);

Task<ApiResult<PolicyOutput>> create_policy(CallContext& call, CreatePolicyInput input);
Task<ApiResult<PolicyOutput>> get_policy(CallContext& call, PolicyArnInput input);
Task<ApiResult<ListPoliciesOutput>> list_policies(CallContext& call, ListPoliciesInput input);
Task<ApiResult<codec::Empty>> delete_policy(CallContext& call, PolicyArnInput input);
Task<ApiResult<PolicyVersionOutput>> create_policy_version(CallContext& call, CreatePolicyVersionInput input);
Task<ApiResult<PolicyVersionOutput>> get_policy_version(CallContext& call, PolicyVersionInput input);
Task<ApiResult<ListPolicyVersionsOutput>> list_policy_versions(CallContext& call, PagedPolicyArnInput input);
Task<ApiResult<codec::Empty>> delete_policy_version(CallContext& call, PolicyVersionInput input);
Task<ApiResult<codec::Empty>> set_default_policy_version(CallContext& call, PolicyVersionInput input);
Task<ApiResult<codec::Empty>> tag_policy(CallContext& call, TagPolicyInput input);
Task<ApiResult<codec::Empty>> untag_policy(CallContext& call, UntagPolicyInput input);
Task<ApiResult<ListTagsOutput>> list_policy_tags(CallContext& call, PagedPolicyArnInput input);
Task<ApiResult<ListEntitiesOutput>> list_entities_for_policy(CallContext& call, ListEntitiesInput input);

}  // namespace penstock::services::iam_api
