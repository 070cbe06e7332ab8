#pragma once
/// Policies of users, groups and roles: attached managed ones and inline ones. One handler serves AttachRolePolicy,
/// AttachUserPolicy and AttachGroupPolicy, and so on; E is iam::Role, iam::User or iam::Group.

#include "services/iam/shapes.h"
#include "services/operation.h"

namespace penstock::services::iam_api {

template <class E>
struct AttachInput {
  std::string name;
  std::string policy_arn;
};
template <class E>
const Shape& describe(const AttachInput<E>*);

template <class E>
struct ListOfInput {
  std::string name;
  std::optional<std::string> path_prefix;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
};
template <class E>
const Shape& describe(const ListOfInput<E>*);

struct ListAttachedOutput {
  std::vector<AttachedPolicyData> attached_policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListAttachedOutput*);

struct ListInlineOutput {
  std::vector<std::string> policy_names;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
const Shape& describe(const ListInlineOutput*);

template <class E>
struct PutInlineInput {
  std::string name;
  std::string policy_name;
  std::string policy_document;
};
template <class E>
const Shape& describe(const PutInlineInput<E>*);

template <class E>
struct InlineInput {
  std::string name;
  std::string policy_name;
};
template <class E>
const Shape& describe(const InlineInput<E>*);

template <class E>
struct GetInlineOutput {
  std::string name;
  std::string policy_name;
  std::string policy_document;  ///< percent-encoded
};
template <class E>
const Shape& describe(const GetInlineOutput<E>*);

template <class E>
Task<ApiResult<codec::Empty>> attach_policy(CallContext& call, AttachInput<E> input);
template <class E>
Task<ApiResult<codec::Empty>> detach_policy(CallContext& call, AttachInput<E> input);
template <class E>
Task<ApiResult<ListAttachedOutput>> list_attached_policies(CallContext& call, ListOfInput<E> input);
template <class E>
Task<ApiResult<codec::Empty>> put_inline_policy(CallContext& call, PutInlineInput<E> input);
template <class E>
Task<ApiResult<GetInlineOutput<E>>> get_inline_policy(CallContext& call, InlineInput<E> input);
template <class E>
Task<ApiResult<codec::Empty>> delete_inline_policy(CallContext& call, InlineInput<E> input);
template <class E>
Task<ApiResult<ListInlineOutput>> list_inline_policies(CallContext& call, ListOfInput<E> input);

}  // namespace penstock::services::iam_api
