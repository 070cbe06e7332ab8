#pragma once
/// Roles. Source: IAM API Reference, CreateRole and its kin.

#include "services/iam/named.h"

namespace penstock::services::iam_api {

struct CreateRoleInput {
  std::optional<std::string> path;
  std::string name;
  std::string trust_policy;
  std::optional<std::string> description;
  std::optional<std::int32_t> max_session_duration;
  std::optional<std::string> permissions_boundary;
  std::vector<TagData> tags;
};
const Shape& describe(const CreateRoleInput*);

struct RoleOutput {
  RoleData role;
};
const Shape& describe(const RoleOutput*);

struct UpdateRoleInput {
  std::string name;
  std::optional<std::string> description;
  std::optional<std::int32_t> max_session_duration;
};
const Shape& describe(const UpdateRoleInput*);

struct UpdateRoleDescriptionInput {
  std::string name;
  std::string description;
};
const Shape& describe(const UpdateRoleDescriptionInput*);

struct UpdateTrustPolicyInput {
  std::string name;
  std::string policy_document;
};
const Shape& describe(const UpdateTrustPolicyInput*);

struct ListRolesOutput {
  std::vector<RoleData> roles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListRolesOutput*);

Task<ApiResult<RoleOutput>> create_role(CallContext& call, CreateRoleInput input);
Task<ApiResult<RoleOutput>> get_role(CallContext& call, NameInput<iam::Role> input);
Task<ApiResult<ListRolesOutput>> list_roles(CallContext& call, ListInput input);
Task<ApiResult<EmptyResult>> update_role(CallContext& call, UpdateRoleInput input);
Task<ApiResult<RoleOutput>> update_role_description(CallContext& call, UpdateRoleDescriptionInput input);
Task<ApiResult<codec::Empty>> update_trust_policy(CallContext& call, UpdateTrustPolicyInput input);
Task<ApiResult<codec::Empty>> delete_role(CallContext& call, NameInput<iam::Role> input);

}  // namespace penstock::services::iam_api
