#include "services/iam/roles.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {
namespace {

Rules duration_rules() { return {.range = {3600, 43200}, .sensitive = true}; }

template <class Out, class Alter>
Task<ApiResult<Out>> alter_role(CallContext& call, std::string name, Alter alter) {
  return change<Out>(
      call,
      [name = std::move(name), alter = std::move(alter)](const iam::IdentityStore& store) -> ApiResult<Plan<Out>> {
        const auto found = store.find<iam::Role>(name);
        if (!found) return cannot_be_found<iam::Role>(name);
        iam::Role role = *found;
        Plan<Out> plan;
        PENSTOCK_TRY_VOID(alter(store, role));
        plan.edit.put(role);
        if constexpr (requires { plan.out.role; }) {
          plan.out.role = to_data(role, Detail::created);
          plan.out.role.description = role.description;
        }
        return plan;
      });
}

}  // namespace

const Shape& describe(const CreateRoleInput*) {
  static const Shape shape =
      ShapeBuilder<CreateRoleInput>("CreateRoleRequest")
          .field("Path", &CreateRoleInput::path, path_rules())
          .field("RoleName", &CreateRoleInput::name, name_rules_of<iam::Role>())
          .field("AssumeRolePolicyDocument", &CreateRoleInput::trust_policy, document_rules())
          .field("Description", &CreateRoleInput::description, description_rules())
          .field("MaxSessionDuration", &CreateRoleInput::max_session_duration, duration_rules())
          .field("PermissionsBoundary", &CreateRoleInput::permissions_boundary, optional_arn_rules())
          .field("Tags", &CreateRoleInput::tags, tags_rules())
          .build();
  return shape;
}

const Shape& describe(const RoleOutput*) {
  static const Shape shape = ShapeBuilder<RoleOutput>("RoleResponse").field("Role", &RoleOutput::role).build();
  return shape;
}

const Shape& describe(const UpdateRoleInput*) {
  static const Shape shape = ShapeBuilder<UpdateRoleInput>("UpdateRoleRequest")
                                 .field("RoleName", &UpdateRoleInput::name, name_rules(64))
                                 .field("Description", &UpdateRoleInput::description, description_rules())
                                 .field("MaxSessionDuration", &UpdateRoleInput::max_session_duration, duration_rules())
                                 .build();
  return shape;
}

const Shape& describe(const UpdateRoleDescriptionInput*) {
  static const Shape shape = ShapeBuilder<UpdateRoleDescriptionInput>("UpdateRoleDescriptionRequest")
                                 .field("RoleName", &UpdateRoleDescriptionInput::name, name_rules(64))
                                 .field("Description", &UpdateRoleDescriptionInput::description,
                                        {.required = true, .length = {0, 1000}, .sensitive = true})
                                 .build();
  return shape;
}

const Shape& describe(const UpdateTrustPolicyInput*) {
  static const Shape shape = ShapeBuilder<UpdateTrustPolicyInput>("UpdateAssumeRolePolicyRequest")
                                 .field("RoleName", &UpdateTrustPolicyInput::name, name_rules(64))
                                 .field("PolicyDocument", &UpdateTrustPolicyInput::policy_document, document_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListRolesOutput*) {
  static const Shape shape = ShapeBuilder<ListRolesOutput>("ListRolesResponse")
                                 .field("Roles", &ListRolesOutput::roles)
                                 .field("IsTruncated", &ListRolesOutput::is_truncated)
                                 .field("Marker", &ListRolesOutput::marker)
                                 .build();
  return shape;
}

Task<ApiResult<RoleOutput>> create_role(CallContext& call, CreateRoleInput input) {
  return change<RoleOutput>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<RoleOutput>> {
        iam::Role role;
        role.name = input.name;
        role.path = input.path.value_or("/");
        PENSTOCK_TRY_VOID(check_name("roleName", role.name));
        PENSTOCK_TRY_VOID(check_path(role.path));
        role.arn = make_arn(call.account, iam::Role::kNoun, role.path, role.name);
        if (store.find<iam::Role>(role.name)) {
          return already_exists(fmt::format("Role with name {} already exists.", role.name));
        }
        PENSTOCK_TRY_VOID(check_trust_policy(store, input.trust_policy, role.arn));
        role.trust_policy = input.trust_policy;
        PENSTOCK_TRY(role.tags, merged_tags({}, input.tags, "TagsPerRole"));
        if (input.permissions_boundary) PENSTOCK_TRY_VOID(check_boundary(store, *input.permissions_boundary));
        role.boundary = input.permissions_boundary;
        role.description = input.description;
        role.max_session_seconds = input.max_session_duration.value_or(3600);
        role.id = store.new_id(iam::Role::kIdPrefix);
        role.created = call.house.clock.now();
        Plan<RoleOutput> plan;
        plan.edit.put(role);
        plan.out.role = to_data(role, Detail::created);
        return plan;
      });
}

Task<ApiResult<RoleOutput>> get_role(CallContext& call, NameInput<iam::Role> input) {
  const auto role = call.house.iam.find<iam::Role>(input.name);
  if (!role) co_return cannot_be_found<iam::Role>(input.name);
  co_return RoleOutput{.role = to_data(*role)};
}

Task<ApiResult<ListRolesOutput>> list_roles(CallContext& call, ListInput input) {
  std::vector<RoleData> roles;
  for (const auto& role : call.house.iam.all<iam::Role>()) {
    if (role->path.starts_with(input.path_prefix.value_or("/"))) roles.push_back(to_data(*role, Detail::listed));
  }
  std::ranges::sort(roles, {}, &RoleData::role_name);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(roles), input.marker, input.max_items,
                                     [](const RoleData& role) { return role.role_name; }));
  co_return ListRolesOutput{
      .roles = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

Task<ApiResult<EmptyResult>> update_role(CallContext& call, UpdateRoleInput input) {
  std::string name = input.name;
  return alter_role<EmptyResult>(
      call, std::move(name), [input = std::move(input)](const iam::IdentityStore&, iam::Role& role) -> ApiResult<void> {
        if (input.description) role.description = input.description;
        if (input.max_session_duration) role.max_session_seconds = *input.max_session_duration;
        return {};
      });
}

Task<ApiResult<RoleOutput>> update_role_description(CallContext& call, UpdateRoleDescriptionInput input) {
  std::string name = input.name;
  return alter_role<RoleOutput>(
      call, std::move(name), [input = std::move(input)](const iam::IdentityStore&, iam::Role& role) -> ApiResult<void> {
        role.description = input.description;
        return {};
      });
}

Task<ApiResult<codec::Empty>> update_trust_policy(CallContext& call, UpdateTrustPolicyInput input) {
  std::string name = input.name;
  return alter_role<codec::Empty>(
      call, std::move(name),
      [input = std::move(input)](const iam::IdentityStore& store, iam::Role& role) -> ApiResult<void> {
        PENSTOCK_TRY_VOID(check_trust_policy(store, input.policy_document, role.arn));
        role.trust_policy = input.policy_document;
        return {};
      });
}

Task<ApiResult<codec::Empty>> delete_role(CallContext& call, NameInput<iam::Role> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto role = store.find<iam::Role>(input.name);
        if (!role) return cannot_be_found<iam::Role>(input.name);
        for (const auto& profile : store.all<iam::InstanceProfile>()) {
          if (std::ranges::find(profile->roles, role->name) != profile->roles.end()) {
            return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
          }
        }
        if (!role->attached.empty()) return delete_conflict("Cannot delete entity, must detach all policies first.");
        if (!role->inline_policies.empty()) {
          return delete_conflict("Cannot delete entity, must delete policies first.");
        }
        Plan<codec::Empty> plan;
        plan.edit.remove(*role);
        return plan;
      });
}

}  // namespace penstock::services::iam_api
