#include "services/iam/instance_profiles.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {
namespace {

ApiResult<ListInstanceProfilesOutput> profiles_page(std::vector<InstanceProfileData> profiles,
                                                    const std::optional<std::string>& marker,
                                                    std::optional<std::int32_t> max_items) {
  std::ranges::sort(profiles, {}, &InstanceProfileData::name);
  PENSTOCK_TRY(auto page, page_of(std::move(profiles), marker, max_items,
                                  [](const InstanceProfileData& profile) { return profile.name; }));
  return ListInstanceProfilesOutput{
      .instance_profiles = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

}  // namespace

const Shape& describe(const CreateInstanceProfileInput*) {
  static const Shape shape =
      ShapeBuilder<CreateInstanceProfileInput>("CreateInstanceProfileRequest")
          .field("InstanceProfileName", &CreateInstanceProfileInput::name, name_rules_of<iam::InstanceProfile>())
          .field("Path", &CreateInstanceProfileInput::path, path_rules())
          .field("Tags", &CreateInstanceProfileInput::tags, tags_rules())
          .build();
  return shape;
}

const Shape& describe(const InstanceProfileOutput*) {
  static const Shape shape = ShapeBuilder<InstanceProfileOutput>("InstanceProfileResponse")
                                 .field("InstanceProfile", &InstanceProfileOutput::instance_profile)
                                 .build();
  return shape;
}

const Shape& describe(const ListInstanceProfilesOutput*) {
  static const Shape shape = ShapeBuilder<ListInstanceProfilesOutput>("ListInstanceProfilesResponse")
                                 .field("InstanceProfiles", &ListInstanceProfilesOutput::instance_profiles)
                                 .field("IsTruncated", &ListInstanceProfilesOutput::is_truncated)
                                 .field("Marker", &ListInstanceProfilesOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const ProfileRoleInput*) {
  static const Shape shape = ShapeBuilder<ProfileRoleInput>("RoleInInstanceProfileRequest")
                                 .field("InstanceProfileName", &ProfileRoleInput::name, name_rules(128))
                                 .field("RoleName", &ProfileRoleInput::role_name, name_rules(64))
                                 .build();
  return shape;
}

Task<ApiResult<InstanceProfileOutput>> create_instance_profile(CallContext& call, CreateInstanceProfileInput input) {
  return change<InstanceProfileOutput>(
      call,
      [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<InstanceProfileOutput>> {
        iam::InstanceProfile profile;
        profile.name = input.name;
        profile.path = input.path.value_or("/");
        PENSTOCK_TRY_VOID(check_name("instanceProfileName", profile.name));
        PENSTOCK_TRY_VOID(check_path(profile.path));
        if (store.find<iam::InstanceProfile>(profile.name)) {
          return already_exists(fmt::format("Instance Profile {} already exists.", profile.name));
        }
        PENSTOCK_TRY(profile.tags, merged_tags({}, input.tags, "TagsPerInstanceProfile"));
        profile.arn = make_arn(call.account, iam::InstanceProfile::kNoun, profile.path, profile.name);
        profile.id = store.new_id(iam::InstanceProfile::kIdPrefix);
        profile.created = call.house.clock.now();
        Plan<InstanceProfileOutput> plan;
        plan.edit.put(profile);
        plan.out.instance_profile = to_data(store, profile, Detail::created);
        return plan;
      });
}

Task<ApiResult<InstanceProfileOutput>> get_instance_profile(CallContext& call, NameInput<iam::InstanceProfile> input) {
  const auto profile = call.house.iam.find<iam::InstanceProfile>(input.name);
  if (!profile) co_return cannot_be_found<iam::InstanceProfile>(input.name);
  co_return InstanceProfileOutput{.instance_profile = to_data(call.house.iam, *profile)};
}

Task<ApiResult<ListInstanceProfilesOutput>> list_instance_profiles(CallContext& call, ListInput input) {
  std::vector<InstanceProfileData> profiles;
  for (const auto& profile : call.house.iam.all<iam::InstanceProfile>()) {
    if (profile->path.starts_with(input.path_prefix.value_or("/"))) {
      profiles.push_back(to_data(call.house.iam, *profile, Detail::listed));
    }
  }
  co_return profiles_page(std::move(profiles), input.marker, input.max_items);
}

Task<ApiResult<ListInstanceProfilesOutput>> list_instance_profiles_for_role(CallContext& call,
                                                                            PagedNameInput<iam::Role> input) {
  const auto role = call.house.iam.find<iam::Role>(input.name);
  if (!role) co_return cannot_be_found<iam::Role>(input.name);
  std::vector<InstanceProfileData> profiles;
  for (const auto& profile : call.house.iam.all<iam::InstanceProfile>()) {
    if (std::ranges::find(profile->roles, role->name) != profile->roles.end()) {
      profiles.push_back(to_data(call.house.iam, *profile, Detail::listed));
    }
  }
  co_return profiles_page(std::move(profiles), input.marker, input.max_items);
}

Task<ApiResult<codec::Empty>> delete_instance_profile(CallContext& call, NameInput<iam::InstanceProfile> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto profile = store.find<iam::InstanceProfile>(input.name);
        if (!profile) return cannot_be_found<iam::InstanceProfile>(input.name);
        if (!profile->roles.empty()) {
          return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
        }
        Plan<codec::Empty> plan;
        plan.edit.remove(*profile);
        return plan;
      });
}

Task<ApiResult<codec::Empty>> add_role_to_instance_profile(CallContext& call, ProfileRoleInput input) {
  return change<codec::Empty>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto found = store.find<iam::InstanceProfile>(input.name);
        if (!found) return cannot_be_found<iam::InstanceProfile>(input.name);
        const auto role = store.find<iam::Role>(input.role_name);
        if (!role) return cannot_be_found<iam::Role>(input.role_name);
        const iam::Conditions conditions = {{"iam:PassedToService", {"ec2.amazonaws.com"}}};
        const iam::Decision may_pass = store.authorize(
            call.principal,
            {.action = "iam:PassRole", .resource = role->arn, .conditions = &conditions, .resource_policy = {}});
        if (!may_pass.allowed) {
          return api_fail("AccessDenied",
                          fmt::format("User: {} is not authorized to perform: iam:PassRole on resource: {} {}",
                                      call.principal.arn, role->arn, may_pass.reason),
                          403);
        }
        if (!found->roles.empty())
          return limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
        iam::InstanceProfile profile = *found;
        profile.roles.push_back(role->name);
        Plan<codec::Empty> plan;
        plan.edit.put(profile);
        plan.edit.hold(*role);
        return plan;
      });
}

Task<ApiResult<codec::Empty>> remove_role_from_instance_profile(CallContext& call, ProfileRoleInput input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto found = store.find<iam::InstanceProfile>(input.name);
        if (!found) return cannot_be_found<iam::InstanceProfile>(input.name);
        const auto role = store.find<iam::Role>(input.role_name);
        if (!role) return cannot_be_found<iam::Role>(input.role_name);
        iam::InstanceProfile profile = *found;
        if (std::erase(profile.roles, role->name) == 0) {
          return no_such_entity(
              fmt::format("Role {} in Instance Profile {} cannot be found.", input.role_name, profile.name));
        }
        Plan<codec::Empty> plan;
        plan.edit.put(profile);
        return plan;
      });
}

}  // namespace penstock::services::iam_api
