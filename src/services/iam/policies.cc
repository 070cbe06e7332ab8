#include "services/iam/policies.h"

#include <algorithm>
#include <charconv>

#include "iam/aws_managed.h"
#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"
#include "services/iam/touch.h"

namespace penstock::services::iam_api {
namespace {

constexpr std::size_t kVersionsMax = 5;

std::unexpected<ApiError> policy_not_found(std::string_view arn) {
  return no_such_entity(fmt::format("Policy {} was not found.", arn));
}

std::unexpected<ApiError> version_not_found(std::string_view arn, std::string_view version_id) {
  return no_such_entity(fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version_id));
}

/// The number in "v3" (the shape's pattern has been checked); 0 for one that no version can have.
std::int32_t version_number(std::string_view version_id) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(version_id.data() + 1, version_id.data() + version_id.size(), number);
  return error == std::errc{} && end == version_id.data() + version_id.size() ? number : 0;
}

/// `version_id`: the version that is asked for, if one is. AWS then speaks of it, whether it or the policy is missing.
ApiResult<std::shared_ptr<const iam::ManagedPolicy>> find_or_fail(const iam::IdentityStore& store, std::string_view arn,
                                                                  std::string_view version_id = {}) {
  PENSTOCK_TRY_VOID(check_arn(arn));
  auto policy = store.find_policy(arn);
  if (policy) return policy;
  if (!version_id.empty()) return version_not_found(arn, version_id);
  return policy_not_found(arn);
}

/// AWS's own policies are nobody's to change.
ApiResult<iam::ManagedPolicy> find_own_or_fail(const iam::IdentityStore& store, std::string_view arn,
                                               std::string_view version_id = {}) {
  PENSTOCK_TRY(const auto policy, find_or_fail(store, arn, version_id));
  if (policy->version == 0) {
    return api_fail("AccessDenied", fmt::format("Policy {} is an AWS managed policy and cannot be changed.", arn), 403);
  }
  return *policy;
}

template <class Out>
Plan<Out> writing(const iam::ManagedPolicy& policy) {
  Plan<Out> plan;
  plan.edit.put(policy);
  return plan;
}

/// `alter`: (ManagedPolicy&) -> ApiResult<void>
template <class Alter>
Task<ApiResult<codec::Empty>> alter_policy(CallContext& call, std::string arn, Alter alter,
                                           std::string version_id = {}) {
  return change<codec::Empty>(call,
                              [arn = std::move(arn), version_id = std::move(version_id), alter = std::move(alter)](
                                  const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
                                PENSTOCK_TRY(iam::ManagedPolicy policy, find_own_or_fail(store, arn, version_id));
                                PENSTOCK_TRY_VOID(alter(policy));
                                return writing<codec::Empty>(policy);
                              });
}

}  // namespace

Task<ApiResult<PolicyOutput>> create_policy(CallContext& call, CreatePolicyInput input) {
  return change<PolicyOutput>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<PolicyOutput>> {
        iam::ManagedPolicy policy;
        policy.name = input.name;
        policy.path = input.path.value_or("/");
        PENSTOCK_TRY_VOID(check_name("policyName", policy.name));
        PENSTOCK_TRY_VOID(check_path(policy.path));
        PENSTOCK_TRY_VOID(check_managed_policy(input.policy_document));
        if (store.find<iam::ManagedPolicy>(policy.name)) {
          return already_exists(
              fmt::format("A policy called {} already exists. Duplicate names are not allowed.", policy.name));
        }
        PENSTOCK_TRY(policy.tags, merged_tags({}, input.tags, "TagsPerPolicy", TagKeys::case_sensitive));
        policy.description = input.description;
        policy.arn = make_arn(call.account, iam::ManagedPolicy::kNoun, policy.path, policy.name);
        policy.id = store.new_id(iam::ManagedPolicy::kIdPrefix);
        policy.created = policy.updated = call.house.clock.now();
        policy.versions.push_back({.number = 1, .document = input.policy_document, .created = policy.created});
        Plan<PolicyOutput> plan = writing<PolicyOutput>(policy);
        plan.out.policy = to_data(store, policy, Detail::created);
        return plan;
      });
}

Task<ApiResult<PolicyOutput>> get_policy(CallContext& call, PolicyArnInput input) {
  PENSTOCK_CO_TRY(const auto policy, find_or_fail(call.house.iam, input.policy_arn));
  co_return PolicyOutput{.policy = to_data(call.house.iam, *policy)};
}

Task<ApiResult<ListPoliciesOutput>> list_policies(CallContext& call, ListPoliciesInput input) {
  const iam::IdentityStore& store = call.house.iam;
  const std::string scope = input.scope.value_or("All");
  std::vector<std::shared_ptr<const iam::ManagedPolicy>> all;
  if (scope != "AWS") all = store.all<iam::ManagedPolicy>();
  if (scope != "Local") all.insert(all.end(), iam::all_aws_managed().begin(), iam::all_aws_managed().end());
  std::vector<PolicyData> policies;
  for (const auto& policy : all) {
    if (!policy->path.starts_with(input.path_prefix.value_or("/"))) continue;
    PolicyData data = to_data(store, *policy, Detail::listed);
    const bool counts_boundary = input.policy_usage_filter != "PermissionsPolicy";
    const bool counts_attached = input.policy_usage_filter != "PermissionsBoundary";
    const bool in_use =
        (counts_attached && data.attachment_count > 0) || (counts_boundary && data.boundary_usage_count > 0);
    if ((input.only_attached.value_or(false) || input.policy_usage_filter) && !in_use) continue;
    policies.push_back(std::move(data));
  }
  std::ranges::sort(policies, {}, &PolicyData::arn);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(policies), input.marker, input.max_items,
                                     [](const PolicyData& policy) { return policy.arn; }));
  co_return ListPoliciesOutput{
      .policies = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

Task<ApiResult<codec::Empty>> delete_policy(CallContext& call, PolicyArnInput input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY(const iam::ManagedPolicy policy, find_own_or_fail(store, input.policy_arn));
        const PolicyUse use = use_of(store, policy.arn);
        if (use.attached + use.as_boundary > 0) return delete_conflict("Cannot delete a policy attached to entities.");
        if (policy.versions.size() > 1) {
          return delete_conflict(
              "This policy has more than one version. Before you delete a policy, you must delete the policy's "
              "versions. The default version is deleted with the policy.");
        }
        Plan<codec::Empty> plan;
        plan.edit.remove(policy);
        return plan;
      });
}

Task<ApiResult<PolicyVersionOutput>> create_policy_version(CallContext& call, CreatePolicyVersionInput input) {
  return change<PolicyVersionOutput>(
      call, [&call, input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<PolicyVersionOutput>> {
        PENSTOCK_TRY(iam::ManagedPolicy policy, find_own_or_fail(store, input.policy_arn));
        PENSTOCK_TRY_VOID(check_managed_policy(input.policy_document));
        if (policy.versions.size() >= kVersionsMax) {
          return limit_exceeded(
              "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
              "existing version.");
        }
        const iam::PolicyVersion& added = policy.versions.emplace_back(iam::PolicyVersion{
            .number = ++policy.last_version, .document = input.policy_document, .created = call.house.clock.now()});
        if (input.set_as_default.value_or(false)) policy.default_version = added.number;
        policy.updated = added.created;
        Plan<PolicyVersionOutput> plan = writing<PolicyVersionOutput>(policy);
        plan.out.policy_version = to_data(policy, added, false);
        return plan;
      });
}

Task<ApiResult<PolicyVersionOutput>> get_policy_version(CallContext& call, PolicyVersionInput input) {
  PENSTOCK_CO_TRY(const auto policy, find_or_fail(call.house.iam, input.policy_arn, input.version_id));
  const iam::PolicyVersion* version = policy->find(version_number(input.version_id));
  if (!version) co_return version_not_found(input.policy_arn, input.version_id);
  co_return PolicyVersionOutput{.policy_version = to_data(*policy, *version, true)};
}

Task<ApiResult<ListPolicyVersionsOutput>> list_policy_versions(CallContext& call, PagedPolicyArnInput input) {
  PENSTOCK_CO_TRY(const auto policy, find_or_fail(call.house.iam, input.policy_arn));
  // Newest first, as AWS lists them. The key counts down so that pages go forward.
  const auto key_of = [](const iam::PolicyVersion& version) {
    return fmt::format("{:010}", INT32_MAX - version.number);
  };
  std::vector<iam::PolicyVersion> versions(policy->versions);
  std::ranges::sort(versions, {}, key_of);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(versions), input.marker, input.max_items, key_of));
  ListPolicyVersionsOutput out{.versions = {}, .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
  for (const iam::PolicyVersion& version : page.items) out.versions.push_back(to_data(*policy, version, false));
  co_return out;
}

Task<ApiResult<codec::Empty>> delete_policy_version(CallContext& call, PolicyVersionInput input) {
  const auto remove = [input](iam::ManagedPolicy& policy) -> ApiResult<void> {
    const std::int32_t number = version_number(input.version_id);
    if (!policy.find(number)) return version_not_found(input.policy_arn, input.version_id);
    if (number == policy.default_version) {
      return delete_conflict("Cannot delete the default version of a policy.");
    }
    std::erase_if(policy.versions, [&](const iam::PolicyVersion& one) { return one.number == number; });
    return {};
  };
  return alter_policy(call, input.policy_arn, remove, input.version_id);
}

Task<ApiResult<codec::Empty>> set_default_policy_version(CallContext& call, PolicyVersionInput input) {
  const auto choose = [&call, input](iam::ManagedPolicy& policy) -> ApiResult<void> {
    const std::int32_t number = version_number(input.version_id);
    if (!policy.find(number)) return version_not_found(input.policy_arn, input.version_id);
    policy.default_version = number;
    policy.updated = call.house.clock.now();
    return {};
  };
  return alter_policy(call, input.policy_arn, choose, input.version_id);
}

Task<ApiResult<codec::Empty>> tag_policy(CallContext& call, TagPolicyInput input) {
  return alter_policy(
      call, input.policy_arn, [tags = std::move(input.tags)](iam::ManagedPolicy& policy) -> ApiResult<void> {
        PENSTOCK_TRY(policy.tags, merged_tags(policy.tags, tags, "TagsPerPolicy", TagKeys::case_sensitive));
        return {};
      });
}

Task<ApiResult<codec::Empty>> untag_policy(CallContext& call, UntagPolicyInput input) {
  return alter_policy(call, input.policy_arn,
                      [keys = std::move(input.tag_keys)](iam::ManagedPolicy& policy) -> ApiResult<void> {
                        policy.tags = without_tags(std::move(policy.tags), keys, TagKeys::case_sensitive);
                        return {};
                      });
}

Task<ApiResult<ListTagsOutput>> list_policy_tags(CallContext& call, PagedPolicyArnInput input) {
  PENSTOCK_CO_TRY(const auto policy, find_or_fail(call.house.iam, input.policy_arn));
  co_return tags_page(policy->tags, input.marker, input.max_items);
}

namespace {

/// "group/name", "role/name" or "user/name": one order over all three kinds, so that one marker serves them.
struct UsingEntity {
  std::string key;
  std::string name;
  std::string id;
};

template <class E>
void add_using(const iam::IdentityStore& store, const ListEntitiesInput& input, std::vector<UsingEntity>& out) {
  const bool wanted = !input.entity_filter || *input.entity_filter == Naming<E>::kTitle;
  if (!wanted) return;
  for (const auto& entity : store.all<E>()) {
    if (!entity->path.starts_with(input.path_prefix.value_or("/"))) continue;
    const bool attached = std::ranges::find(entity->attached, input.policy_arn) != entity->attached.end();
    const bool bounded = entity->boundary == input.policy_arn;
    const bool counts = (attached && input.policy_usage_filter != "PermissionsBoundary") ||
                        (bounded && input.policy_usage_filter != "PermissionsPolicy");
    if (counts) {
      out.push_back({.key = fmt::format("{}/{}", E::kNoun, entity->name), .name = entity->name, .id = entity->id});
    }
  }
}

}  // namespace

Task<ApiResult<ListEntitiesOutput>> list_entities_for_policy(CallContext& call, ListEntitiesInput input) {
  PENSTOCK_CO_TRY_VOID(check_arn(input.policy_arn));
  if (!call.house.iam.find_policy(input.policy_arn)) {
    co_return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", input.policy_arn));
  }
  std::vector<UsingEntity> entities;
  add_using<iam::Group>(call.house.iam, input, entities);
  add_using<iam::Role>(call.house.iam, input, entities);
  add_using<iam::User>(call.house.iam, input, entities);
  std::ranges::sort(entities, {}, &UsingEntity::key);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(entities), input.marker, input.max_items,
                                     [](const UsingEntity& entity) { return entity.key; }));
  ListEntitiesOutput out;
  out.is_truncated = page.is_truncated;
  out.marker = std::move(page.marker);
  for (const UsingEntity& entity : page.items) {
    if (entity.key.starts_with("group/")) out.groups.push_back({.name = entity.name, .id = entity.id});
    if (entity.key.starts_with("role/")) out.roles.push_back({.name = entity.name, .id = entity.id});
    if (entity.key.starts_with("user/")) out.users.push_back({.name = entity.name, .id = entity.id});
  }
  co_return out;
}

}  // namespace penstock::services::iam_api
