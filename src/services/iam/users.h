#pragma once
/// Users. Source: IAM API Reference, CreateUser and its kin.

#include "services/iam/named.h"

namespace penstock::services::iam_api {

struct CreateUserInput {
  std::optional<std::string> path;
  std::string name;
  std::optional<std::string> permissions_boundary;
  std::vector<TagData> tags;
};
const Shape& describe(const CreateUserInput*);

struct UserOutput {
  UserData user;
};
const Shape& describe(const UserOutput*);

/// Without a name: the caller.
struct UserOrCallerInput {
  std::optional<std::string> user_name;
};
const Shape& describe(const UserOrCallerInput*);

struct UpdateUserInput {
  std::string name;
  std::optional<std::string> new_path;
  std::optional<std::string> new_name;
};
const Shape& describe(const UpdateUserInput*);

struct ListUsersOutput {
  std::vector<UserData> users;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListUsersOutput*);

Task<ApiResult<UserOutput>> create_user(CallContext& call, CreateUserInput input);
Task<ApiResult<UserOutput>> get_user(CallContext& call, UserOrCallerInput input);
Task<ApiResult<ListUsersOutput>> list_users(CallContext& call, ListInput input);
Task<ApiResult<codec::Empty>> update_user(CallContext& call, UpdateUserInput input);
Task<ApiResult<codec::Empty>> delete_user(CallContext& call, NameInput<iam::User> input);

/// The named user, or the caller if none is named; "" is the account's root. Errors: NoSuchEntity, ValidationError.
[[nodiscard]] ApiResult<std::string> user_or_caller(const CallContext& call, const std::optional<std::string>& name);

}  // namespace penstock::services::iam_api
