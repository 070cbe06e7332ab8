#include "services/iot/operations/policy_attachments.h"

#include <fmt/format.h>

#include <set>

#include "services/iot/operations/principals.h"

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

codec::Rules policy_in_path() { return name_in_path("policyName", kPolicyNamePattern); }
codec::Rules principal_in_header() { return in_header("x-amzn-iot-principal"); }

ApiResult<Changes> plan_attach(const Registry& registry, std::string_view policy, std::string_view target,
                               Timestamp now) {
  if (registry.policies().find(policy) == nullptr) return std::unexpected(no_such_policy(policy));
  PENSTOCK_TRY_VOID(check_exists(registry, target));
  if (registry.policy_targets().find(policy, target) != nullptr) return Changes{};
  const std::size_t most = target.starts_with("thinggroup/") ? kPoliciesPerGroupMax : kPoliciesPerPrincipalMax;
  if (registry.policy_targets().to(target).size() >= most) {
    return std::unexpected(limit_exceeded(fmt::format("The target has {} policies attached already.", most)));
  }
  return Changes{
      {.key = key::policy_target(policy, target), .expected = 0, .bytes = to_document(Link{.created = now})}};
}

ApiResult<Changes> plan_detach(const Registry& registry, std::string_view policy, std::string_view target) {
  if (registry.policies().find(policy) == nullptr) return std::unexpected(no_such_policy(policy));
  const Links::Row* link = registry.policy_targets().find(policy, target);
  if (link == nullptr) return Changes{};
  return Changes{{.key = key::policy_target(policy, target), .expected = link->version, .bytes = std::nullopt}};
}

/// Names of the policies of a target; `recursive` adds those of the groups above, and for a certificate or identity
/// those of the groups that its things are in.
std::set<std::string, std::less<>> policies_of(const Registry& registry, const std::string& target, bool recursive) {
  std::set<std::string, std::less<>> names;
  const auto add = [&](const std::string& of) {
    for (const auto& [policy, row] : registry.policy_targets().to(of)) names.insert(policy);
  };
  const auto add_group = [&](const std::string& group) {
    add("thinggroup/" + group);
    for (const std::string& above : registry.ancestors_of(group)) add("thinggroup/" + above);
  };
  add(target);
  if (!recursive) return names;
  if (target.starts_with("thinggroup/")) {
    add_group(target.substr(std::string_view("thinggroup/").size()));
    return names;
  }
  for (const auto& [thing, link] : registry.thing_principals().to(target)) {
    for (const auto& [group, member] : registry.group_things().to(thing)) add_group(group);
  }
  return names;
}

}  // namespace

Task<ApiResult<Empty>> attach_policy(CallContext& call, AttachPolicyInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string target, parse_target(core, input.target));
  const Timestamp now = core.now();
  PENSTOCK_CO_TRY_VOID(co_await core.change(
      [&](const Registry& registry) { return plan_attach(registry, input.policy_name, target, now); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> detach_policy(CallContext& call, AttachPolicyInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string target, parse_target(core, input.target));
  PENSTOCK_CO_TRY_VOID(
      co_await core.change([&](const Registry& registry) { return plan_detach(registry, input.policy_name, target); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> attach_principal_policy(CallContext& call, AttachPrincipalPolicyInput input) {
  co_return co_await attach_policy(call,
                                   {.policy_name = std::move(input.policy_name), .target = std::move(input.principal)});
}

Task<ApiResult<Empty>> detach_principal_policy(CallContext& call, AttachPrincipalPolicyInput input) {
  co_return co_await detach_policy(call,
                                   {.policy_name = std::move(input.policy_name), .target = std::move(input.principal)});
}

Task<ApiResult<ListPoliciesOutput>> list_attached_policies(CallContext& call, ListAttachedPoliciesInput input) {
  const IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string target, parse_target(core, input.target));
  ListPoliciesOutput output;
  PENSTOCK_CO_TRY(output.next_marker, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    PENSTOCK_TRY_VOID(check_exists(registry, target));
    const auto names = policies_of(registry, target, input.recursive.value_or(false));
    return page_by_name(names, input.marker, input.page_size, [&](const std::string& name) {
      output.policies.push_back({.policy_name = name, .policy_arn = core.arn("policy/" + name)});
      return true;
    });
  }));
  co_return output;
}

Task<ApiResult<ListPoliciesOutput>> list_principal_policies(CallContext& call, ListPrincipalPoliciesInput input) {
  co_return co_await list_attached_policies(
      call, {.target = std::move(input.principal), .marker = std::move(input.marker), .page_size = input.page_size});
}

Task<ApiResult<ListTargetsForPolicyOutput>> list_targets_for_policy(CallContext& call,
                                                                    ListTargetsForPolicyInput input) {
  const IotCore& core = call.house.iot;
  ListTargetsForPolicyOutput output;
  PENSTOCK_CO_TRY(output.next_marker, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    if (registry.policies().find(input.policy_name) == nullptr) {
      return std::unexpected(no_such_policy(input.policy_name));
    }
    const auto& rows = registry.policy_targets().from(input.policy_name);
    return page_by_name(rows, input.marker, input.page_size, [&](const auto& row) {
      output.targets.push_back(core.arn(row.first));
      return true;
    });
  }));
  co_return output;
}

Task<ApiResult<ListPolicyPrincipalsOutput>> list_policy_principals(CallContext& call, ListPolicyPrincipalsInput input) {
  PENSTOCK_CO_TRY(ListTargetsForPolicyOutput found,
                  co_await list_targets_for_policy(call, {.policy_name = std::move(input.policy_name),
                                                          .marker = std::move(input.marker),
                                                          .page_size = input.page_size}));
  co_return ListPolicyPrincipalsOutput{.principals = std::move(found.targets),
                                       .next_marker = std::move(found.next_marker)};
}

// ---- Shapes

const Shape& describe(const AttachPolicyInput*) {
  static const Shape shape = ShapeBuilder<AttachPolicyInput>("AttachPolicyRequest")
                                 .field("policyName", &AttachPolicyInput::policy_name, policy_in_path())
                                 .field("target", &AttachPolicyInput::target, {.required = true})
                                 .build();
  return shape;
}

const Shape& describe(const AttachPrincipalPolicyInput*) {
  using Input = AttachPrincipalPolicyInput;
  static const Shape shape = ShapeBuilder<Input>("AttachPrincipalPolicyRequest")
                                 .field("policyName", &Input::policy_name, policy_in_path())
                                 .field("principal", &Input::principal, principal_in_header())
                                 .build();
  return shape;
}

const Shape& describe(const ListAttachedPoliciesInput*) {
  using Input = ListAttachedPoliciesInput;
  static const Shape shape =
      ShapeBuilder<Input>("ListAttachedPoliciesRequest")
          .field("target", &Input::target, {.required = true, .place = codec::Place::path, .location = "target"})
          .field("recursive", &Input::recursive, in_query("recursive"))
          .field("marker", &Input::marker, marker_in_query())
          .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
          .build();
  return shape;
}

const Shape& describe(const ListPrincipalPoliciesInput*) {
  using Input = ListPrincipalPoliciesInput;
  static const Shape shape = ShapeBuilder<Input>("ListPrincipalPoliciesRequest")
                                 .field("principal", &Input::principal, principal_in_header())
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .field("ascendingOrder", &Input::ascending_order, in_query("isAscendingOrder"))
                                 .build();
  return shape;
}

const Shape& describe(const ListTargetsForPolicyInput*) {
  using Input = ListTargetsForPolicyInput;
  static const Shape shape = ShapeBuilder<Input>("ListTargetsForPolicyRequest")
                                 .field("policyName", &Input::policy_name, policy_in_path())
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .build();
  return shape;
}

const Shape& describe(const ListTargetsForPolicyOutput*) {
  static const Shape shape = ShapeBuilder<ListTargetsForPolicyOutput>("ListTargetsForPolicyResponse")
                                 .field("targets", &ListTargetsForPolicyOutput::targets)
                                 .field("nextMarker", &ListTargetsForPolicyOutput::next_marker)
                                 .build();
  return shape;
}

const Shape& describe(const ListPolicyPrincipalsInput*) {
  using Input = ListPolicyPrincipalsInput;
  static const Shape shape = ShapeBuilder<Input>("ListPolicyPrincipalsRequest")
                                 .field("policyName", &Input::policy_name, in_header("x-amzn-iot-policy"))
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .field("ascendingOrder", &Input::ascending_order, in_query("isAscendingOrder"))
                                 .build();
  return shape;
}

const Shape& describe(const ListPolicyPrincipalsOutput*) {
  static const Shape shape = ShapeBuilder<ListPolicyPrincipalsOutput>("ListPolicyPrincipalsResponse")
                                 .field("principals", &ListPolicyPrincipalsOutput::principals)
                                 .field("nextMarker", &ListPolicyPrincipalsOutput::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
