#include "services/iam/access_keys.h"

#include <algorithm>

#include "services/iam/change.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {
namespace {

constexpr std::size_t kKeysPerUserMax = 2;

Rules key_id_rules() { return {.required = true, .length = {16, 128}, .pattern = "[\\w]+", .sensitive = true}; }

std::optional<std::string> shown_name(const std::string& user) {
  return user.empty() ? std::nullopt : std::optional(user);
}

std::string_view status_of(const iam::AccessKey& key) { return key.active ? "Active" : "Inactive"; }

std::unexpected<ApiError> key_not_found(std::string_view id) {
  return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
}

ApiResult<iam::AccessKey> find_key(const CallContext& call, const iam::IdentityStore& store,
                                   const std::optional<std::string>& user_name, std::string_view id) {
  PENSTOCK_TRY(const std::string user, user_or_caller(call, user_name));
  const auto key = store.find<iam::AccessKey>(id);
  if (!key || key->name != id || key->user != user) return key_not_found(id);
  return *key;
}

}  // namespace

const Shape& describe(const NewAccessKeyData*) {
  static const Shape shape = ShapeBuilder<NewAccessKeyData>("AccessKey")
                                 .field("UserName", &NewAccessKeyData::user_name)
                                 .field("AccessKeyId", &NewAccessKeyData::access_key_id)
                                 .field("Status", &NewAccessKeyData::status)
                                 .field("SecretAccessKey", &NewAccessKeyData::secret_access_key, {.sensitive = true})
                                 .field("CreateDate", &NewAccessKeyData::create_date)
                                 .build();
  return shape;
}

const Shape& describe(const CreateAccessKeyOutput*) {
  static const Shape shape = ShapeBuilder<CreateAccessKeyOutput>("CreateAccessKeyResponse")
                                 .field("AccessKey", &CreateAccessKeyOutput::access_key)
                                 .build();
  return shape;
}

const Shape& describe(const PagedUserOrCallerInput*) {
  static const Shape shape = ShapeBuilder<PagedUserOrCallerInput>("ListAccessKeysRequest")
                                 .field("UserName", &PagedUserOrCallerInput::user_name, optional_name_rules())
                                 .field("Marker", &PagedUserOrCallerInput::marker, marker_rules())
                                 .field("MaxItems", &PagedUserOrCallerInput::max_items, max_items_rules())
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyMetadata*) {
  static const Shape shape = ShapeBuilder<AccessKeyMetadata>("AccessKeyMetadata")
                                 .field("UserName", &AccessKeyMetadata::user_name)
                                 .field("AccessKeyId", &AccessKeyMetadata::access_key_id)
                                 .field("Status", &AccessKeyMetadata::status)
                                 .field("CreateDate", &AccessKeyMetadata::create_date)
                                 .build();
  return shape;
}

const Shape& describe(const ListAccessKeysOutput*) {
  static const Shape shape = ShapeBuilder<ListAccessKeysOutput>("ListAccessKeysResponse")
                                 .field("AccessKeyMetadata", &ListAccessKeysOutput::keys)
                                 .field("IsTruncated", &ListAccessKeysOutput::is_truncated)
                                 .field("Marker", &ListAccessKeysOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateAccessKeyInput*) {
  static const Shape shape = ShapeBuilder<UpdateAccessKeyInput>("UpdateAccessKeyRequest")
                                 .field("UserName", &UpdateAccessKeyInput::user_name, optional_name_rules())
                                 .field("AccessKeyId", &UpdateAccessKeyInput::access_key_id, key_id_rules())
                                 .field("Status", &UpdateAccessKeyInput::status,
                                        {.required = true, .one_of = {"Active", "Inactive"}, .sensitive = true})
                                 .build();
  return shape;
}

const Shape& describe(const DeleteAccessKeyInput*) {
  static const Shape shape = ShapeBuilder<DeleteAccessKeyInput>("DeleteAccessKeyRequest")
                                 .field("UserName", &DeleteAccessKeyInput::user_name, optional_name_rules())
                                 .field("AccessKeyId", &DeleteAccessKeyInput::access_key_id, key_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyInput*) {
  static const Shape shape = ShapeBuilder<AccessKeyInput>("GetAccessKeyLastUsedRequest")
                                 .field("AccessKeyId", &AccessKeyInput::access_key_id, key_id_rules())
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyLastUsedData*) {
  static const Shape shape = ShapeBuilder<AccessKeyLastUsedData>("AccessKeyLastUsed")
                                 .field("LastUsedDate", &AccessKeyLastUsedData::last_used_date)
                                 .field("ServiceName", &AccessKeyLastUsedData::service_name)
                                 .field("Region", &AccessKeyLastUsedData::region)
                                 .build();
  return shape;
}

const Shape& describe(const AccessKeyLastUsedOutput*) {
  static const Shape shape = ShapeBuilder<AccessKeyLastUsedOutput>("GetAccessKeyLastUsedResponse")
                                 .field("UserName", &AccessKeyLastUsedOutput::user_name)
                                 .field("AccessKeyLastUsed", &AccessKeyLastUsedOutput::last_used)
                                 .build();
  return shape;
}

Task<ApiResult<CreateAccessKeyOutput>> create_access_key(CallContext& call, UserOrCallerInput input) {
  return change<CreateAccessKeyOutput>(
      call,
      [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<CreateAccessKeyOutput>> {
        PENSTOCK_TRY(const std::string user, user_or_caller(call, input.user_name));
        const auto keys = store.access_keys_of(user);
        if (keys.size() >= kKeysPerUserMax) {
          return limit_exceeded(fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", kKeysPerUserMax));
        }
        const iam::KeyPair pair = store.new_key_pair("AKIA");
        iam::AccessKey key;
        key.name = pair.access_key_id;
        key.user = user;
        key.created = call.house.clock.now();
        key.sealed_secret = store.seal_secret(key.name, pair.secret_access_key);
        Plan<CreateAccessKeyOutput> plan;
        plan.edit.put(key);
        // Held, so that the number of keys cannot pass its bound and the user cannot go away meanwhile.
        for (const auto& other : keys) plan.edit.hold(*other);
        if (const auto owner = store.find<iam::User>(user)) plan.edit.hold(*owner);
        plan.out.access_key = {.user_name = shown_name(user),
                               .access_key_id = pair.access_key_id,
                               .status = "Active",
                               .secret_access_key = pair.secret_access_key,
                               .create_date = key.created};
        return plan;
      });
}

Task<ApiResult<ListAccessKeysOutput>> list_access_keys(CallContext& call, PagedUserOrCallerInput input) {
  PENSTOCK_CO_TRY(const std::string user, user_or_caller(call, input.user_name));
  std::vector<AccessKeyMetadata> keys;
  for (const auto& key : call.house.iam.access_keys_of(user)) {
    keys.push_back({.user_name = shown_name(user),
                    .access_key_id = key->name,
                    .status = std::string(status_of(*key)),
                    .create_date = key->created});
  }
  std::ranges::sort(keys, {}, &AccessKeyMetadata::access_key_id);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keys), input.marker, input.max_items,
                                     [](const AccessKeyMetadata& key) { return key.access_key_id; }));
  co_return ListAccessKeysOutput{
      .keys = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

Task<ApiResult<codec::Empty>> update_access_key(CallContext& call, UpdateAccessKeyInput input) {
  return change<codec::Empty>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY(iam::AccessKey key, find_key(call, store, input.user_name, input.access_key_id));
        key.active = input.status == "Active";
        Plan<codec::Empty> plan;
        plan.edit.put(key);
        return plan;
      });
}

Task<ApiResult<codec::Empty>> delete_access_key(CallContext& call, DeleteAccessKeyInput input) {
  return change<codec::Empty>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY(const iam::AccessKey key, find_key(call, store, input.user_name, input.access_key_id));
        Plan<codec::Empty> plan;
        plan.edit.remove(key);
        return plan;
      });
}

Task<ApiResult<AccessKeyLastUsedOutput>> get_access_key_last_used(CallContext& call, AccessKeyInput input) {
  const auto key = call.house.iam.find<iam::AccessKey>(input.access_key_id);
  if (!key || key->name != input.access_key_id) {
    // AWS does not tell which keys there are (and leaves out the colon that its other refusals have).
    co_return api_fail("AccessDenied",
                       fmt::format("User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access "
                                   "key {}",
                                   call.principal.arn, input.access_key_id),
                       403);
  }
  AccessKeyLastUsedOutput out;
  out.user_name = shown_name(key->user);
  if (const auto use = call.house.iam.last_key_use(key->name)) {
    out.last_used = {.last_used_date = use->at, .service_name = use->service, .region = use->region};
  }
  co_return out;
}

Touched touch_access_key(const CallContext& call, const void* input) {
  const auto key = call.house.iam.find<iam::AccessKey>(static_cast<const AccessKeyInput*>(input)->access_key_id);
  if (key && !key->user.empty()) return touch_named<iam::User>(call, key->user);
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

}  // namespace penstock::services::iam_api
