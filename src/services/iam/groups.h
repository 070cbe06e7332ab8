#pragma once
/// Groups and who is in them. Source: IAM API Reference, CreateGroup and its kin.

#include "services/iam/named.h"
#include "services/iam/permitted_policies.h"

namespace penstock::services::iam_api {

struct CreateGroupInput {
  std::optional<std::string> path;
  std::string name;
};
const Shape& describe(const CreateGroupInput*);

struct GroupOutput {
  GroupData group;
};
const Shape& describe(const GroupOutput*);

struct GetGroupOutput {
  GroupData group;
  std::vector<UserData> users;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const GetGroupOutput*);

struct UpdateGroupInput {
  std::string name;
  std::optional<std::string> new_path;
  std::optional<std::string> new_name;
};
const Shape& describe(const UpdateGroupInput*);

struct ListGroupsOutput {
  std::vector<GroupData> groups;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListGroupsOutput*);

struct MembershipInput {
  std::string name;  ///< of the group
  std::string user_name;
};
const Shape& describe(const MembershipInput*);

Task<ApiResult<GroupOutput>> create_group(CallContext& call, CreateGroupInput input);
Task<ApiResult<GetGroupOutput>> get_group(CallContext& call, PagedNameInput<iam::Group> input);
Task<ApiResult<ListGroupsOutput>> list_groups(CallContext& call, ListInput input);
Task<ApiResult<ListGroupsOutput>> list_groups_for_user(CallContext& call, PagedNameInput<iam::User> input);
Task<ApiResult<codec::Empty>> update_group(CallContext& call, UpdateGroupInput input);
Task<ApiResult<codec::Empty>> delete_group(CallContext& call, NameInput<iam::Group> input);
Task<ApiResult<codec::Empty>> add_user_to_group(CallContext& call, MembershipInput input);
Task<ApiResult<codec::Empty>> remove_user_from_group(CallContext& call, MembershipInput input);

}  // namespace penstock::services::iam_api
