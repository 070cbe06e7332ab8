#include "services/iam/shapes.h"

#include <algorithm>

#include "core/encoding/percent.h"

namespace penstock::services::iam_api {

const Shape& describe(const EmptyResult*) {
  static const Shape shape = ShapeBuilder<EmptyResult>("EmptyResult").build();
  return shape;
}

const Shape& describe(const TagData*) {
  static const Shape shape =
      ShapeBuilder<TagData>("Tag")
          .field("Key", &TagData::key,
                 {.required = true, .length = {1, 128}, .pattern = kTagKeyPattern, .sensitive = true})
          .field("Value", &TagData::value,
                 {.required = true, .length = {0, 256}, .pattern = kTagValuePattern, .sensitive = true})
          .build();
  return shape;
}

const Shape& describe(const BoundaryData*) {
  static const Shape shape = ShapeBuilder<BoundaryData>("AttachedPermissionsBoundary")
                                 .field("PermissionsBoundaryType", &BoundaryData::type)
                                 .field("PermissionsBoundaryArn", &BoundaryData::arn)
                                 .build();
  return shape;
}

const Shape& describe(const LastUsedData*) {
  static const Shape shape =
      ShapeBuilder<LastUsedData>("RoleLastUsed").field("LastUsedDate", &LastUsedData::date).build();
  return shape;
}

const Shape& describe(const RoleData*) {
  static const Shape shape = ShapeBuilder<RoleData>("Role")
                                 .field("Path", &RoleData::path)
                                 .field("RoleName", &RoleData::role_name)
                                 .field("RoleId", &RoleData::role_id)
                                 .field("Arn", &RoleData::arn)
                                 .field("CreateDate", &RoleData::create_date)
                                 .field("AssumeRolePolicyDocument", &RoleData::trust_policy)
                                 .field("Description", &RoleData::description)
                                 .field("MaxSessionDuration", &RoleData::max_session_duration)
                                 .field("PermissionsBoundary", &RoleData::boundary)
                                 .field("Tags", &RoleData::tags)
                                 .field("RoleLastUsed", &RoleData::last_used)
                                 .build();
  return shape;
}

const Shape& describe(const UserData*) {
  static const Shape shape = ShapeBuilder<UserData>("User")
                                 .field("Path", &UserData::path)
                                 .field("UserName", &UserData::user_name)
                                 .field("UserId", &UserData::user_id)
                                 .field("Arn", &UserData::arn)
                                 .field("CreateDate", &UserData::create_date)
                                 .field("PermissionsBoundary", &UserData::boundary)
                                 .field("Tags", &UserData::tags)
                                 .build();
  return shape;
}

const Shape& describe(const GroupData*) {
  static const Shape shape = ShapeBuilder<GroupData>("Group")
                                 .field("Path", &GroupData::path)
                                 .field("GroupName", &GroupData::group_name)
                                 .field("GroupId", &GroupData::group_id)
                                 .field("Arn", &GroupData::arn)
                                 .field("CreateDate", &GroupData::create_date)
                                 .build();
  return shape;
}

const Shape& describe(const PolicyData*) {
  static const Shape shape = ShapeBuilder<PolicyData>("Policy")
                                 .field("PolicyName", &PolicyData::policy_name)
                                 .field("PolicyId", &PolicyData::policy_id)
                                 .field("Arn", &PolicyData::arn)
                                 .field("Path", &PolicyData::path)
                                 .field("DefaultVersionId", &PolicyData::default_version_id)
                                 .field("AttachmentCount", &PolicyData::attachment_count)
                                 .field("PermissionsBoundaryUsageCount", &PolicyData::boundary_usage_count)
                                 .field("IsAttachable", &PolicyData::is_attachable)
                                 .field("Description", &PolicyData::description)
                                 .field("CreateDate", &PolicyData::create_date)
                                 .field("UpdateDate", &PolicyData::update_date)
                                 .field("Tags", &PolicyData::tags)
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersionData*) {
  static const Shape shape = ShapeBuilder<PolicyVersionData>("PolicyVersion")
                                 .field("Document", &PolicyVersionData::document)
                                 .field("VersionId", &PolicyVersionData::version_id)
                                 .field("IsDefaultVersion", &PolicyVersionData::is_default_version)
                                 .field("CreateDate", &PolicyVersionData::create_date)
                                 .build();
  return shape;
}

const Shape& describe(const InstanceProfileData*) {
  static const Shape shape = ShapeBuilder<InstanceProfileData>("InstanceProfile")
                                 .field("Path", &InstanceProfileData::path)
                                 .field("InstanceProfileName", &InstanceProfileData::name)
                                 .field("InstanceProfileId", &InstanceProfileData::id)
                                 .field("Arn", &InstanceProfileData::arn)
                                 .field("CreateDate", &InstanceProfileData::create_date)
                                 .field("Roles", &InstanceProfileData::roles)
                                 .field("Tags", &InstanceProfileData::tags)
                                 .build();
  return shape;
}

const Shape& describe(const AttachedPolicyData*) {
  static const Shape shape = ShapeBuilder<AttachedPolicyData>("AttachedPolicy")
                                 .field("PolicyName", &AttachedPolicyData::policy_name)
                                 .field("PolicyArn", &AttachedPolicyData::policy_arn)
                                 .build();
  return shape;
}

namespace {

std::optional<BoundaryData> boundary_data(const iam::Permitted& entity) {
  if (!entity.boundary) return std::nullopt;
  BoundaryData out;
  out.arn = *entity.boundary;
  return out;
}

}  // namespace

std::optional<std::vector<TagData>> to_data(const std::vector<iam::Tag>& tags) {
  if (tags.empty()) return std::nullopt;
  return to_list(tags);
}

std::vector<TagData> to_list(const std::vector<iam::Tag>& tags) {
  std::vector<TagData> out;
  for (const iam::Tag& tag : tags) out.push_back({.key = tag.key, .value = tag.value});
  return out;
}

RoleData to_data(const iam::Role& role, Detail detail) {
  RoleData out{.path = role.path,
               .role_name = role.name,
               .role_id = role.id,
               .arn = role.arn,
               .create_date = role.created,
               .trust_policy = percent_encode(role.trust_policy),
               .description = role.description,
               .max_session_duration = role.max_session_seconds,
               .boundary = std::nullopt,
               .tags = std::nullopt,
               .last_used = std::nullopt};
  if (detail == Detail::created || detail == Detail::nested) {
    out.description.reset();
    out.max_session_duration.reset();
  }
  if (detail == Detail::listed || detail == Detail::nested) return out;
  out.boundary = boundary_data(role);
  out.tags = to_data(role.tags);
  if (detail == Detail::full) out.last_used.emplace();
  return out;
}

UserData to_data(const iam::User& user, Detail detail) {
  UserData out{.path = user.path,
               .user_name = user.name,
               .user_id = user.id,
               .arn = user.arn,
               .create_date = user.created,
               .boundary = std::nullopt,
               .tags = std::nullopt};
  if (detail == Detail::listed) return out;
  out.boundary = boundary_data(user);
  out.tags = to_data(user.tags);
  return out;
}

GroupData to_data(const iam::Group& group) {
  return {.path = group.path,
          .group_name = group.name,
          .group_id = group.id,
          .arn = group.arn,
          .create_date = group.created};
}

PolicyUse use_of(const iam::IdentityStore& store, std::string_view policy_arn) {
  PolicyUse use;
  const auto count = [&](const auto& entities) {
    for (const auto& entity : entities) {
      if (std::ranges::find(entity->attached, policy_arn) != entity->attached.end()) ++use.attached;
      if (entity->boundary && *entity->boundary == policy_arn) ++use.as_boundary;
    }
  };
  count(store.all<iam::Role>());
  count(store.all<iam::User>());
  count(store.all<iam::Group>());
  return use;
}

PolicyData to_data(const iam::IdentityStore& store, const iam::ManagedPolicy& policy, Detail detail) {
  const PolicyUse use = use_of(store, policy.arn);
  PolicyData out{.policy_name = policy.name,
                 .policy_id = policy.id,
                 .arn = policy.arn,
                 .path = policy.path,
                 .default_version_id = fmt::format("v{}", policy.default_version),
                 .attachment_count = use.attached,
                 .boundary_usage_count = use.as_boundary,
                 .is_attachable = true,
                 .description = std::nullopt,
                 .create_date = policy.created,
                 .update_date = policy.updated,
                 .tags = std::nullopt};
  if (detail == Detail::created) out.tags = to_data(policy.tags);
  if (detail != Detail::full) return out;
  out.description = policy.description;
  out.tags = to_list(policy.tags);
  return out;
}

PolicyVersionData to_data(const iam::ManagedPolicy& policy, const iam::PolicyVersion& version, bool with_document) {
  return {.document = with_document ? std::optional(percent_encode(version.document)) : std::nullopt,
          .version_id = fmt::format("v{}", version.number),
          .is_default_version = version.number == policy.default_version,
          .create_date = version.created};
}

InstanceProfileData to_data(const iam::IdentityStore& store, const iam::InstanceProfile& profile, Detail detail) {
  InstanceProfileData out{.path = profile.path,
                          .name = profile.name,
                          .id = profile.id,
                          .arn = profile.arn,
                          .create_date = profile.created,
                          .roles = {},
                          .tags = std::nullopt};
  if (detail == Detail::full) out.tags = to_list(profile.tags);
  if (detail == Detail::created) out.tags = to_data(profile.tags);
  for (const std::string& name : profile.roles) {
    if (const auto role = store.find<iam::Role>(name)) out.roles.push_back(to_data(*role, Detail::nested));
  }
  return out;
}

}  // namespace penstock::services::iam_api
