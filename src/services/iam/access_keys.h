#pragma once
/// Access keys of users and of the account's root. Source: IAM API Reference, CreateAccessKey and its kin.

#include "services/iam/named.h"
#include "services/iam/users.h"

namespace penstock::services::iam_api {

struct NewAccessKeyData {
  std::optional<std::string> user_name;
  std::string access_key_id;
  std::string status;
  std::string secret_access_key;
  Timestamp create_date{};
};
const Shape& describe(const NewAccessKeyData*);

struct CreateAccessKeyOutput {
  NewAccessKeyData access_key;
};
const Shape& describe(const CreateAccessKeyOutput*);

struct PagedUserOrCallerInput {
  std::optional<std::string> user_name;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
const Shape& describe(const PagedUserOrCallerInput*);

struct AccessKeyMetadata {
  std::optional<std::string> user_name;
  std::string access_key_id;
  std::string status;
  Timestamp create_date{};
};
const Shape& describe(const AccessKeyMetadata*);

struct ListAccessKeysOutput {
  std::vector<AccessKeyMetadata> keys;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListAccessKeysOutput*);

struct UpdateAccessKeyInput {
  std::optional<std::string> user_name;
  std::string access_key_id;
  std::string status;
};
const Shape& describe(const UpdateAccessKeyInput*);

struct DeleteAccessKeyInput {
  std::optional<std::string> user_name;
  std::string access_key_id;
};
const Shape& describe(const DeleteAccessKeyInput*);

struct AccessKeyInput {
  std::string access_key_id;
};
const Shape& describe(const AccessKeyInput*);

struct AccessKeyLastUsedData {
  std::optional<Timestamp> last_used_date;
  std::string service_name = "N/A";
  std::string region = "N/A";
};
const Shape& describe(const AccessKeyLastUsedData*);

struct AccessKeyLastUsedOutput {
  std::optional<std::string> user_name;
  AccessKeyLastUsedData last_used;
};
const Shape& describe(const AccessKeyLastUsedOutput*);

Task<ApiResult<CreateAccessKeyOutput>> create_access_key(CallContext& call, UserOrCallerInput input);
Task<ApiResult<ListAccessKeysOutput>> list_access_keys(CallContext& call, PagedUserOrCallerInput input);
Task<ApiResult<codec::Empty>> update_access_key(CallContext& call, UpdateAccessKeyInput input);
Task<ApiResult<codec::Empty>> delete_access_key(CallContext& call, DeleteAccessKeyInput input);
/// Known since this server started; before that, N/A.
Task<ApiResult<AccessKeyLastUsedOutput>> get_access_key_last_used(CallContext& call, AccessKeyInput input);

[[nodiscard]] Touched touch_access_key(const CallContext& call, const void* input);

}  // namespace penstock::services::iam_api
