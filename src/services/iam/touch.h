#pragma once
/// The resources that IAM's operations touch. Source: Service Authorization Reference, "Actions, resources, and
/// condition keys for AWS Identity and Access Management".

#include <string>
#include <string_view>

#include "iam/identity_store.h"
#include "services/house.h"
#include "services/iam/checks.h"
#include "services/iam/shapes.h"
#include "services/operation.h"

namespace penstock::services::iam_api {

[[nodiscard]] std::string make_arn(std::string_view account, std::string_view noun, std::string_view path,
                                   std::string_view name);

/// aws:ResourceTag/.. and iam:ResourceTag/..
void add_resource_tags(iam::Conditions& conditions, const std::vector<iam::Tag>& tags);

/// An existing entity by its name, with its path and tags; or, if there is none, the ARN it would have.
template <class T>
Touched touch_named(const CallContext& call, std::string_view name) {
  Touched touched;
  if (const auto entity = call.house.iam.find<T>(name)) {
    touched.resources.push_back(entity->arn);
    add_resource_tags(touched.conditions, entity->tags);
  } else {
    touched.resources.push_back(make_arn(call.account, T::kNoun, "/", name));
  }
  return touched;
}

/// For inputs whose `name` names the entity T.
template <class T, class In>
Touched touch_entity(const CallContext& call, const void* input) {
  const In& in = *static_cast<const In*>(input);
  Touched touched = touch_named<T>(call, in.name);
  if constexpr (requires { in.policy_arn; }) touched.conditions["iam:PolicyARN"] = {in.policy_arn};
  if constexpr (requires { in.permissions_boundary; }) {
    touched.conditions["iam:PermissionsBoundary"] = {in.permissions_boundary};
  }
  if constexpr (requires { in.tags; }) add_tag_conditions(touched.conditions, in.tags);
  if constexpr (requires { in.tag_keys; }) touched.conditions["aws:TagKeys"] = in.tag_keys;
  return touched;
}

/// For inputs that create the entity T.
template <class T, class In>
Touched touch_new(const CallContext& call, const void* input) {
  const In& in = *static_cast<const In*>(input);
  Touched touched;
  touched.resources.push_back(make_arn(call.account, T::kNoun, in.path.value_or("/"), in.name));
  if constexpr (requires { in.tags; }) add_tag_conditions(touched.conditions, in.tags);
  if constexpr (requires { in.permissions_boundary; }) {
    if (in.permissions_boundary) touched.conditions["iam:PermissionsBoundary"] = {*in.permissions_boundary};
  }
  return touched;
}

/// For inputs whose `policy_arn` names the managed policy.
template <class In>
Touched touch_policy(const CallContext& call, const void* input) {
  const In& in = *static_cast<const In*>(input);
  Touched touched{.resources = {in.policy_arn}, .conditions = {}, .resource_policies = {}};
  if (const auto policy = call.house.iam.find_policy(in.policy_arn)) {
    add_resource_tags(touched.conditions, policy->tags);
  }
  if constexpr (requires { in.tags; }) add_tag_conditions(touched.conditions, in.tags);
  if constexpr (requires { in.tag_keys; }) touched.conditions["aws:TagKeys"] = in.tag_keys;
  return touched;
}

/// Lists: "arn:aws:iam::123456789012:role/" and so on would be AWS's resource; "*" is what it is called with.
Touched touch_all(const CallContext& call, const void* input);

/// For inputs whose `user_name` may be left out to mean the caller.
template <class In>
Touched touch_user_or_caller(const CallContext& call, const void* input) {
  const In& in = *static_cast<const In*>(input);
  if (in.user_name) return touch_named<iam::User>(call, *in.user_name);
  if (call.principal.kind == iam::PrincipalKind::user) return touch_named<iam::User>(call, call.principal.name);
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

}  // namespace penstock::services::iam_api
