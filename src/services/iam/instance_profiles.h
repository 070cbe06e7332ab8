#pragma once
/// Instance profiles. Source: IAM API Reference, CreateInstanceProfile and its kin.

#include "services/iam/named.h"

namespace penstock::services::iam_api {

struct CreateInstanceProfileInput {
  std::string name;
  std::optional<std::string> path;
  std::vector<TagData> tags;
};
const Shape& describe(const CreateInstanceProfileInput*);

struct InstanceProfileOutput {
  InstanceProfileData instance_profile;
};
const Shape& describe(const InstanceProfileOutput*);

struct ListInstanceProfilesOutput {
  std::vector<InstanceProfileData> instance_profiles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListInstanceProfilesOutput*);

struct ProfileRoleInput {
  std::string name;  ///< of the instance profile
  std::string role_name;
};
const Shape& describe(const ProfileRoleInput*);

Task<ApiResult<InstanceProfileOutput>> create_instance_profile(CallContext& call, CreateInstanceProfileInput input);
Task<ApiResult<InstanceProfileOutput>> get_instance_profile(CallContext& call, NameInput<iam::InstanceProfile> input);
Task<ApiResult<ListInstanceProfilesOutput>> list_instance_profiles(CallContext& call, ListInput input);
Task<ApiResult<ListInstanceProfilesOutput>> list_instance_profiles_for_role(CallContext& call,
                                                                            PagedNameInput<iam::Role> input);
Task<ApiResult<codec::Empty>> delete_instance_profile(CallContext& call, NameInput<iam::InstanceProfile> input);
/// The caller needs iam:PassRole on the role as well.
Task<ApiResult<codec::Empty>> add_role_to_instance_profile(CallContext& call, ProfileRoleInput input);
Task<ApiResult<codec::Empty>> remove_role_from_instance_profile(CallContext& call, ProfileRoleInput input);

}  // namespace penstock::services::iam_api
