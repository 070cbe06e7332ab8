#include "services/iam/permitted_policies.h"

#include <algorithm>

#include "core/encoding/percent.h"
#include "services/iam/change.h"
#include "services/iam/checks.h"
#include "services/iam/page.h"

namespace penstock::services::iam_api {
namespace {

/// Source: IAM User Guide, "IAM and AWS STS quotas": sum of the inline policies, white space not counted.
template <class E>
constexpr std::size_t kInlineCharactersMax = 10'240;
template <>
constexpr std::size_t kInlineCharactersMax<iam::User> = 2048;
template <>
constexpr std::size_t kInlineCharactersMax<iam::Group> = 5120;

template <class E>
ApiResult<E> find_or_fail(const iam::IdentityStore& store, std::string_view name) {
  const auto found = store.find<E>(name);
  if (!found) return cannot_be_found<E>(name);
  return *found;
}

template <class E>
std::unexpected<ApiError> no_inline_policy(std::string_view name) {
  return no_such_entity(fmt::format("The {} policy with name {} cannot be found.", E::kNoun, name));
}

template <class E>
Plan<codec::Empty> writing(const E& entity) {
  Plan<codec::Empty> plan;
  plan.edit.put(entity);
  return plan;
}

}  // namespace

template <class E>
const Shape& describe(const AttachInput<E>*) {
  static const Shape shape = ShapeBuilder<AttachInput<E>>("AttachPolicyRequest")
                                 .field(Naming<E>::kMember, &AttachInput<E>::name, name_rules(128))
                                 .field("PolicyArn", &AttachInput<E>::policy_arn, arn_rules())
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const ListOfInput<E>*) {
  static const Shape shape = ShapeBuilder<ListOfInput<E>>("ListPoliciesRequest")
                                 .field(Naming<E>::kMember, &ListOfInput<E>::name, name_rules(128))
                                 .field("PathPrefix", &ListOfInput<E>::path_prefix, path_prefix_rules())
                                 .field("Marker", &ListOfInput<E>::marker, marker_rules())
                                 .field("MaxItems", &ListOfInput<E>::max_items, max_items_rules())
                                 .build();
  return shape;
}

const Shape& describe(const ListAttachedOutput*) {
  static const Shape shape = ShapeBuilder<ListAttachedOutput>("ListAttachedPoliciesResponse")
                                 .field("AttachedPolicies", &ListAttachedOutput::attached_policies)
                                 .field("IsTruncated", &ListAttachedOutput::is_truncated)
                                 .field("Marker", &ListAttachedOutput::marker)
                                 .build();
  return shape;
}

const Shape& describe(const ListInlineOutput*) {
  static const Shape shape = ShapeBuilder<ListInlineOutput>("ListPoliciesResponse")
                                 .field("PolicyNames", &ListInlineOutput::policy_names)
                                 .field("IsTruncated", &ListInlineOutput::is_truncated)
                                 .field("Marker", &ListInlineOutput::marker)
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const PutInlineInput<E>*) {
  static const Shape shape = ShapeBuilder<PutInlineInput<E>>("PutPolicyRequest")
                                 .field(Naming<E>::kMember, &PutInlineInput<E>::name, name_rules(128))
                                 .field("PolicyName", &PutInlineInput<E>::policy_name, name_rules(128))
                                 .field("PolicyDocument", &PutInlineInput<E>::policy_document, document_rules())
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const InlineInput<E>*) {
  static const Shape shape = ShapeBuilder<InlineInput<E>>("GetPolicyRequest")
                                 .field(Naming<E>::kMember, &InlineInput<E>::name, name_rules(128))
                                 .field("PolicyName", &InlineInput<E>::policy_name, name_rules(128))
                                 .build();
  return shape;
}

template <class E>
const Shape& describe(const GetInlineOutput<E>*) {
  static const Shape shape = ShapeBuilder<GetInlineOutput<E>>("GetPolicyResponse")
                                 .field(Naming<E>::kMember, &GetInlineOutput<E>::name)
                                 .field("PolicyName", &GetInlineOutput<E>::policy_name)
                                 .field("PolicyDocument", &GetInlineOutput<E>::policy_document)
                                 .build();
  return shape;
}

template <class E>
Task<ApiResult<codec::Empty>> attach_policy(CallContext& call, AttachInput<E> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY_VOID(check_arn(input.policy_arn));
        PENSTOCK_TRY(E entity, find_or_fail<E>(store, input.name));
        const auto policy = store.find_policy(input.policy_arn);
        if (!policy) {
          return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", input.policy_arn));
        }
        if (std::ranges::find(entity.attached, policy->arn) != entity.attached.end()) return Plan<codec::Empty>{};
        if (entity.attached.size() >= kAttachedMax) {
          return limit_exceeded(
              fmt::format("Cannot exceed quota for PoliciesPer{}: {}", Naming<E>::kTitle, kAttachedMax));
        }
        entity.attached.push_back(policy->arn);
        Plan<codec::Empty> plan = writing(entity);
        // So that the policy is not deleted in the same moment. AWS's own policies are not stored.
        if (policy->version != 0) plan.edit.hold(*policy);
        return plan;
      });
}

template <class E>
Task<ApiResult<codec::Empty>> detach_policy(CallContext& call, AttachInput<E> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY_VOID(check_arn(input.policy_arn));
        PENSTOCK_TRY(E entity, find_or_fail<E>(store, input.name));
        if (std::erase(entity.attached, input.policy_arn) == 0) {
          return no_such_entity(fmt::format("Policy {} was not found.", input.policy_arn));
        }
        return writing(entity);
      });
}

template <class E>
Task<ApiResult<ListAttachedOutput>> list_attached_policies(CallContext& call, ListOfInput<E> input) {
  PENSTOCK_CO_TRY(const E entity, find_or_fail<E>(call.house.iam, input.name));
  std::vector<AttachedPolicyData> policies;
  for (const std::string& arn : entity.attached) {
    const auto policy = call.house.iam.find_policy(arn);
    if (!policy || !policy->path.starts_with(input.path_prefix.value_or("/"))) continue;
    policies.push_back({.policy_name = policy->name, .policy_arn = arn});
  }
  std::ranges::sort(policies, {}, &AttachedPolicyData::policy_arn);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(policies), input.marker, input.max_items,
                                     [](const AttachedPolicyData& one) { return one.policy_arn; }));
  co_return ListAttachedOutput{
      .attached_policies = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

template <class E>
Task<ApiResult<codec::Empty>> put_inline_policy(CallContext& call, PutInlineInput<E> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY_VOID(check_name("policyName", input.policy_name));
        PENSTOCK_TRY(E entity, find_or_fail<E>(store, input.name));
        PENSTOCK_TRY_VOID(check_identity_policy(input.policy_document));
        entity.inline_policies[input.policy_name] = input.policy_document;
        std::size_t characters = 0;
        for (const auto& [name, document] : entity.inline_policies) characters += characters_without_space(document);
        if (characters > kInlineCharactersMax<E>) {
          return limit_exceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                            kInlineCharactersMax<E>, E::kNoun, entity.name));
        }
        return writing(entity);
      });
}

template <class E>
Task<ApiResult<GetInlineOutput<E>>> get_inline_policy(CallContext& call, InlineInput<E> input) {
  PENSTOCK_CO_TRY(const E entity, find_or_fail<E>(call.house.iam, input.name));
  const auto found = entity.inline_policies.find(input.policy_name);
  if (found == entity.inline_policies.end()) co_return no_inline_policy<E>(input.policy_name);
  co_return GetInlineOutput<E>{
      .name = entity.name, .policy_name = found->first, .policy_document = percent_encode(found->second)};
}

template <class E>
Task<ApiResult<codec::Empty>> delete_inline_policy(CallContext& call, InlineInput<E> input) {
  return change<codec::Empty>(
      call, [input = std::move(input)](const iam::IdentityStore& store) -> ApiResult<Plan<codec::Empty>> {
        PENSTOCK_TRY(E entity, find_or_fail<E>(store, input.name));
        if (entity.inline_policies.erase(input.policy_name) == 0) return no_inline_policy<E>(input.policy_name);
        return writing(entity);
      });
}

template <class E>
Task<ApiResult<ListInlineOutput>> list_inline_policies(CallContext& call, ListOfInput<E> input) {
  PENSTOCK_CO_TRY(const E entity, find_or_fail<E>(call.house.iam, input.name));
  std::vector<std::string> names;
  for (const auto& [name, document] : entity.inline_policies) names.push_back(name);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(names), input.marker, input.max_items,
                                     [](const std::string& name) { return name; }));
  co_return ListInlineOutput{
      .policy_names = std::move(page.items), .is_truncated = page.is_truncated, .marker = std::move(page.marker)};
}

#define PENSTOCK_FOR_PERMITTED(E)                                                                       \
  template const Shape& describe<E>(const AttachInput<E>*);                                             \
  template const Shape& describe<E>(const ListOfInput<E>*);                                             \
  template const Shape& describe<E>(const PutInlineInput<E>*);                                          \
  template const Shape& describe<E>(const InlineInput<E>*);                                             \
  template const Shape& describe<E>(const GetInlineOutput<E>*);                                         \
  template Task<ApiResult<codec::Empty>> attach_policy<E>(CallContext&, AttachInput<E>);                \
  template Task<ApiResult<codec::Empty>> detach_policy<E>(CallContext&, AttachInput<E>);                \
  template Task<ApiResult<ListAttachedOutput>> list_attached_policies<E>(CallContext&, ListOfInput<E>); \
  template Task<ApiResult<codec::Empty>> put_inline_policy<E>(CallContext&, PutInlineInput<E>);         \
  template Task<ApiResult<GetInlineOutput<E>>> get_inline_policy<E>(CallContext&, InlineInput<E>);      \
  template Task<ApiResult<codec::Empty>> delete_inline_policy<E>(CallContext&, InlineInput<E>);         \
  template Task<ApiResult<ListInlineOutput>> list_inline_policies<E>(CallContext&, ListOfInput<E>)
PENSTOCK_FOR_PERMITTED(iam::Role);
PENSTOCK_FOR_PERMITTED(iam::User);
PENSTOCK_FOR_PERMITTED(iam::Group);
#undef PENSTOCK_FOR_PERMITTED

}  // namespace penstock::services::iam_api
