#pragma once
/// Role aliases: kept and answered; the credentials provider that would use them is not built.
/// Source: AWS IoT API Reference, CreateRoleAlias, DescribeRoleAlias, UpdateRoleAlias, DeleteRoleAlias,
///         ListRoleAliases.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

struct CreateRoleAliasInput {
  std::string role_alias{};
  std::string role_arn{};
  std::optional<std::int32_t> credential_duration_seconds{};
  TagList tags{};
};
/// Also of UpdateRoleAlias.
struct RoleAliasOutput {
  std::string role_alias{};
  std::string role_alias_arn{};
};
const codec::Shape& describe(const CreateRoleAliasInput*);
const codec::Shape& describe(const RoleAliasOutput*);
Task<ApiResult<RoleAliasOutput>> create_role_alias(CallContext& call, CreateRoleAliasInput input);

/// Of DescribeRoleAlias and DeleteRoleAlias.
struct RoleAliasNameInput {
  std::string role_alias{};
};
struct RoleAliasDescription {
  std::string role_alias{};
  std::string role_alias_arn{};
  std::string role_arn{};
  std::string owner{};
  std::int32_t credential_duration_seconds = 3600;
  Timestamp creation_date{};
  Timestamp last_modified_date{};
};
struct DescribeRoleAliasOutput {
  RoleAliasDescription role_alias_description{};
};
const codec::Shape& describe(const RoleAliasNameInput*);
const codec::Shape& describe(const RoleAliasDescription*);
const codec::Shape& describe(const DescribeRoleAliasOutput*);
Task<ApiResult<DescribeRoleAliasOutput>> describe_role_alias(CallContext& call, RoleAliasNameInput input);
Task<ApiResult<Empty>> delete_role_alias(CallContext& call, RoleAliasNameInput input);

struct UpdateRoleAliasInput {
  std::string role_alias{};
  std::optional<std::string> role_arn{};
  std::optional<std::int32_t> credential_duration_seconds{};
};
const codec::Shape& describe(const UpdateRoleAliasInput*);
Task<ApiResult<RoleAliasOutput>> update_role_alias(CallContext& call, UpdateRoleAliasInput input);

struct ListRoleAliasesInput {
  std::optional<std::int32_t> page_size{};
  std::optional<std::string> marker{};
  std::optional<bool> ascending_order{};
};
struct ListRoleAliasesOutput {
  std::vector<std::string> role_aliases{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const ListRoleAliasesInput*);
const codec::Shape& describe(const ListRoleAliasesOutput*);
Task<ApiResult<ListRoleAliasesOutput>> list_role_aliases(CallContext& call, ListRoleAliasesInput input);

}  // namespace penstock::services::iot
