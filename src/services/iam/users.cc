#include "services/iam/users.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {

const Shape& describe(const CreateUserInput*) {
  static const Shape shape =
      ShapeBuilder<CreateUserInput>("CreateUserRequest")
          .field("Path", &CreateUserInput::path, path_rules())
          .field("UserName", &CreateUserInput::name, name_rules_of<iam::User>())
          .field("PermissionsBoundary", &CreateUserInput::permissions_boundary, optional_arn_rules())
          .field("Tags", &CreateUserInput::tags, tags_rules())
          .build();
  return shape;
}

const Shape& describe(const UserOutput*) {
  static const Shape shape = ShapeBuilder<UserOutput>("UserResponse").field("User", &UserOutput::user).build();
  return shape;
}

const Shape& describe(const UserOrCallerInput*) {
  static const Shape shape = ShapeBuilder<UserOrCallerInput>("UserRequest")
                                 .field("UserName", &UserOrCallerInput::user_name, optional_name_rules())
                                 .build();
  return shape;
}

const Shape& describe(const UpdateUserInput*) {
  static const Shape shape =
      ShapeBuilder<UpdateUserInput>("UpdateUserRequest")
          .field("UserName", &UpdateUserInput::name, name_rules(128))
          .field("NewPath", &UpdateUserInput::new_path, path_rules())
          .field("NewUserName", &UpdateUserInput::new_name, {.length = {1, 64}, .sensitive = true})
          .build();
  return shape;
}

const Shape& describe(const ListUsersOutput*) {
  static const Shape shape = ShapeBuilder<ListUsersOutput>("ListUsersResponse")
                                 .field("Users", &ListUsersOutput::users)
                                 .field("IsTruncated", &ListUsersOutput::is_truncated)
                                 .field("Marker", &ListUsersOutput::marker)
                                 .build();
  return shape;
}

ApiResult<std::string> user_or_caller(const CallContext& call, const std::optional<std::string>& name) {
  if (name) {
    const auto user = call.house.iam.find<iam::User>(*name);
    if (!user) return cannot_be_found<iam::User>(*name);
    return user->name;
  }
  if (call.principal.kind == iam::PrincipalKind::root) return "";
  if (call.principal.kind == iam::PrincipalKind::user) return call.principal.name;
  return validation_error("Must specify userName when calling with non-User credentials");
}

Task<ApiResult<UserOutput>> create_user(CallContext& call, CreateUserInput input) {
  return change<UserOutput>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<UserOutput>> {
        iam::User user;
        user.name = input.name;
        user.path = input.path.value_or("/");
        PENSTOCK_TRY_VOID(check_name("userName", user.name));
        PENSTOCK_TRY_VOID(check_path(user.path));
        if (store.find<iam::User>(user.name)) {
          return already_exists(fmt::format("User with name {} already exists.", user.name));
        }
        PENSTOCK_TRY(user.tags, merged_tags({}, input.tags, "TagsPerUser"));
        if (input.permissions_boundary) PENSTOCK_TRY_VOID(check_boundary(store, *input.permissions_boundary));
        user.boundary = input.permissions_boundary;
        user.arn = make_arn(call.account, iam::User::kNoun, user.path, user.name);
        user.id = store.new_id(iam::User::kIdPrefix);
        user.created = call.house.clock.now();
        Plan<UserOutput> plan;
        plan.edit.put(user);
        plan.out.user = to_data(user);
        return plan;
      });
}

Task<ApiResult<UserOutput>> get_user(CallContext& call, UserOrCallerInput input) {
  PENSTOCK_CO_TRY(const std::string name, user_or_caller(call, input.user_name));
  if (name.empty()) {
    UserData root;
    root.user_id = call.account;
    root.arn = call.principal.arn;
    const auto keys = call.house.iam.access_keys_of("");
    if (!keys.empty()) root.create_date = keys.front()->created;
    co_return UserOutput{.user = std::move(root)};
  }
  const auto user = call.house.iam.find<iam::User>(name);
  if (!user) co_return cannot_be_found<iam::User>(name);
  co_return UserOutput{.user = to_data(*user)};
}

Task<ApiResult<ListUsersOutput>> list_users(CallContext& call, ListInput input) {
  std::vector<UserData> users;
  for (const auto& user : call.house.iam.all<iam::User>()) {
    if (user->path.starts_with(input.path_prefix.value_or("/"))) users.push_back(to_data(*user, Detail::listed));
  }
  std::ranges::sort(users, {}, &UserData::user_name);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(users), input.marker, input.max_items,
                                     [](const UserData& user) { return user.user_name.value_or(""); }));
  co_return ListUsersOutput{
      .users = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

Task<ApiResult<codec::Empty>> update_user(CallContext& call, UpdateUserInput input) {
  return change<codec::Empty>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto old = store.find<iam::User>(input.name);
        if (!old) return cannot_be_found<iam::User>(input.name);
        iam::User user = *old;
        user.path = input.new_path.value_or(user.path);
        user.name = input.new_name.value_or(user.name);
        PENSTOCK_TRY_VOID(check_name("newUserName", user.name));
        PENSTOCK_TRY_VOID(check_path(user.path));
        user.arn = make_arn(call.account, iam::User::kNoun, user.path, user.name);
        const auto holder = store.find<iam::User>(user.name);
        if (holder && holder->id != user.id) {
          return already_exists(fmt::format("User with name {} already exists.", user.name));
        }
        Plan<codec::Empty> plan;
        if (!holder) {  // another name, so another document; the keys name their user
          plan.edit.remove(*old);
          user.version = 0;
        }
        plan.edit.put(user);
        if (user.name != old->name) {
          for (const auto& key : store.access_keys_of(old->name)) {
            iam::AccessKey moved = *key;
            moved.user = user.name;
            plan.edit.put(moved);
          }
        }
        return plan;
      });
}

Task<ApiResult<codec::Empty>> delete_user(CallContext& call, NameInput<iam::User> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        const auto user = store.find<iam::User>(input.name);
        if (!user) return cannot_be_found<iam::User>(input.name);
        if (!user->groups.empty()) return delete_conflict("Cannot delete entity, must remove users from group first.");
        if (!user->attached.empty()) return delete_conflict("Cannot delete entity, must detach all policies first.");
        if (!user->inline_policies.empty()) {
          return delete_conflict("Cannot delete entity, must delete policies first.");
        }
        if (!store.access_keys_of(user->name).empty()) {
          return delete_conflict("Cannot delete entity, must delete access keys first.");
        }
        Plan<codec::Empty> plan;
        plan.edit.remove(*user);
        return plan;
      });
}

}  // namespace penstock::services::iam_api
