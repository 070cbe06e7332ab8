#include "services/iam/groups.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {
namespace {

constexpr std::size_t kGroupsPerUserMax = 10;

std::vector<std::shared_ptr<const iam::User>> members_of(const iam::IdentityStore& store, const std::string& group) {
  std::vector<std::shared_ptr<const iam::User>> members;
  for (auto& user : store.all<iam::User>()) {
    if (std::ranges::find(user->groups, group) != user->groups.end()) members.push_back(std::move(user));
  }
  return members;
}

ApiResult<ListGroupsOutput> groups_page(std::vector<GroupData> groups, const std::optional<std::string>& marker,
                                        std::optional<std::int32_t> max_items) {
  std::ranges::sort(groups, {}, &GroupData::group_name);
  PENSTOCK_TRY(auto page,
               page_of(std::move(groups), marker, max_items, [](const GroupData& group) { return group.group_name; }));
  return ListGroupsOutput{
      .groups = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

}  // namespace

const Shape& describe(const CreateGroupInput*) {
  static const Shape shape = ShapeBuilder<CreateGroupInput>("CreateGroupRequest")
                                 .field("Path", &CreateGroupInput::path, path_rules())
                                 .field("GroupName", &CreateGroupInput::name, name_rules_of<iam::Group>())
                                 .build();
  return shape;
}

const Shape& describe(const GroupOutput*) {
  static const Shape shape = ShapeBuilder<GroupOutput>("GroupResponse").field("Group", &GroupOutput::group).build();
  return shape;
}

const Shape& describe(const GetGroupOutput*) {
  static const Shape shape = ShapeBuilder<GetGroupOutput>("GetGroupResponse")
                                 .field("Group", &GetGroupOutput::group)
                                 .field("Users", &GetGroupOutput::users)
                                 .field("IsTruncated", &GetGroupOutput::is_truncated)
                                 .field("Marker", &GetGroupOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateGroupInput*) {
  static const Shape shape = ShapeBuilder<UpdateGroupInput>("UpdateGroupRequest")
                                 .field("GroupName", &UpdateGroupInput::name, name_rules(128))
                                 .field("NewPath", &UpdateGroupInput::new_path, path_rules())
                                 .field("NewGroupName", &UpdateGroupInput::new_name, optional_name_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListGroupsOutput*) {
  static const Shape shape = ShapeBuilder<ListGroupsOutput>("ListGroupsResponse")
                                 .field("Groups", &ListGroupsOutput::groups)
                                 .field("IsTruncated", &ListGroupsOutput::is_truncated)
                                 .field("Marker", &ListGroupsOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const MembershipInput*) {
  static const Shape shape = ShapeBuilder<MembershipInput>("UserToGroupRequest")
                                 .field("GroupName", &MembershipInput::name, name_rules(128))
                                 .field("UserName", &MembershipInput::user_name, name_rules(128))
                                 .build();
  return shape;
}

Task<ApiResult<GroupOutput>> create_group(CallContext& call, CreateGroupInput input) {
  return change<GroupOutput>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<GroupOutput>> {
        iam::Group group;
        group.name = input.name;
        group.path = input.path.value_or("/");
        PENSTOCK_TRY_VOID(check_name("groupName", group.name));
        PENSTOCK_TRY_VOID(check_path(group.path));
        if (store.find<iam::Group>(group.name)) {
          return already_exists(fmt::format("Group with name {} already exists.", group.name));
        }
        group.arn = make_arn(call.account, iam::Group::kNoun, group.path, group.name);
        group.id = store.new_id(iam::Group::kIdPrefix);
        group.created = call.house.clock.now();
        Plan<GroupOutput> plan;
        plan.edit.put(group);
        plan.out.group = to_data(group);
        return plan;
      });
}

Task<ApiResult<GetGroupOutput>> get_group(CallContext& call, PagedNameInput<iam::Group> input) {
  const auto group = call.house.iam.find<iam::Group>(input.name);
  if (!group) co_return cannot_be_found<iam::Group>(input.name);
  std::vector<UserData> users;
  for (const auto& user : members_of(call.house.iam, group->name)) users.push_back(to_data(*user, Detail::listed));
  std::ranges::sort(users, {}, &UserData::user_name);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(users), input.marker, input.max_items,
                                     [](const UserData& user) { return user.user_name.value_or(""); }));
  co_return GetGroupOutput{.group = to_data(*group),
                           .users = std::move(page.items),
                           .is_truncated = page.is_truncated,
                           .marker = std::move(page.marker)};
}

Task<ApiResult<ListGroupsOutput>> list_groups(CallContext& call, ListInput input) {
  std::vector<GroupData> groups;
  for (const auto& group : call.house.iam.all<iam::Group>()) {
    if (group->path.starts_with(input.path_prefix.value_or("/"))) groups.push_back(to_data(*group));
  }
  co_return groups_page(std::move(groups), input.marker, input.max_items);
}

Task<ApiResult<ListGroupsOutput>> list_groups_for_user(CallContext& call, PagedNameInput<iam::User> input) {
  const auto user = call.house.iam.find<iam::User>(input.name);
  if (!user) co_return cannot_be_found<iam::User>(input.name);
  std::vector<GroupData> groups;
  for (const std::string& name : user->groups) {
    if (const auto group = call.house.iam.find<iam::Group>(name)) groups.push_back(to_data(*group));
  }
  co_return groups_page(std::move(groups), input.marker, input.max_items);
}

Task<ApiResult<codec::Empty>> update_group(CallContext& call, UpdateGroupInput input) {
  return change<codec::Empty>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto old = store.find<iam::Group>(input.name);
        if (!old) return cannot_be_found<iam::Group>(input.name);
        iam::Group group = *old;
        group.path = input.new_path.value_or(group.path);
        group.name = input.new_name.value_or(group.name);
        PENSTOCK_TRY_VOID(check_name("newGroupName", group.name));
        PENSTOCK_TRY_VOID(check_path(group.path));
        group.arn = make_arn(call.account, iam::Group::kNoun, group.path, group.name);
        const auto holder = store.find<iam::Group>(group.name);
        if (holder && holder->id != group.id) {
          return already_exists(fmt::format("Group with name {} already exists.", group.name));
        }
        Plan<codec::Empty> plan;
        if (!holder) {
          plan.edit.remove(*old);
          group.version = 0;
        }
        plan.edit.put(group);
        if (group.name != old->name) {
          for (const auto& member : members_of(store, old->name)) {
            iam::User moved = *member;
            std::ranges::replace(moved.groups, old->name, group.name);
            plan.edit.put(moved);
          }
        }
        return plan;
      });
}

Task<ApiResult<codec::Empty>> delete_group(CallContext& call, NameInput<iam::Group> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto group = store.find<iam::Group>(input.name);
        if (!group) return cannot_be_found<iam::Group>(input.name);
        if (!members_of(store, group->name).empty()) {
          return delete_conflict("Cannot delete entity, must remove users from group first.");
        }
        if (!group->attached.empty()) return delete_conflict("Cannot delete entity, must detach all policies first.");
        if (!group->inline_policies.empty()) {
          return delete_conflict("Cannot delete entity, must delete policies first.");
        }
        Plan<codec::Empty> plan;
        plan.edit.remove(*group);
        return plan;
      });
}

namespace {

/// `alter`: (group name, user's groups) -> ApiResult<void>
template <class Alter>
Task<ApiResult<codec::Empty>> alter_membership(CallContext& call, MembershipInput input, Alter alter) {
  return change<codec::Empty>(
      call, [input = std::move(input), alter](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto found = store.find<iam::User>(input.user_name);
        if (!found) return cannot_be_found<iam::User>(input.user_name);
        const auto group = store.find<iam::Group>(input.name);
        if (!group) return cannot_be_found<iam::Group>(input.name);
        iam::User user = *found;
        PENSTOCK_TRY_VOID(alter(group->name, user.groups));
        Plan<codec::Empty> plan;
        if (user.groups == found->groups) return plan;
        plan.edit.put(user);
        plan.edit.hold(*group);
        return plan;
      });
}

}  // namespace

Task<ApiResult<codec::Empty>> add_user_to_group(CallContext& call, MembershipInput input) {
  return alter_membership(
      call, std::move(input), [](const std::string& group, std::vector<std::string>& groups) -> ApiResult<void> {
        if (std::ranges::find(groups, group) != groups.end()) return {};
        if (groups.size() >= kGroupsPerUserMax) {
          return limit_exceeded(fmt::format("Cannot exceed quota for GroupsPerUser: {}", kGroupsPerUserMax));
        }
        groups.push_back(group);
        return {};
      });
}

Task<ApiResult<codec::Empty>> remove_user_from_group(CallContext& call, MembershipInput input) {
  return alter_membership(call, std::move(input),
                          [](const std::string& group, std::vector<std::string>& groups) -> ApiResult<void> {
                            std::erase(groups, group);
                            return {};
                          });
}

}  // namespace penstock::services::iam_api
