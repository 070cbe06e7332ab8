#include "services/iot/operations/policies.h"

#include <fmt/format.h>

#include <charconv>

#include "iam/policy.h"

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr codec::Bounds kDocumentLength{.min = 0, .max = 404600};

codec::Rules policy_in_path() { return name_in_path("policyName", kPolicyNamePattern); }
codec::Rules document_in_body() { return {.required = true, .length = kDocumentLength}; }

std::string policy_arn(const IotCore& core, std::string_view name) { return core.arn(fmt::format("policy/{}", name)); }

ApiResult<void> check_document(std::string_view document) {
  const auto white =
      std::ranges::count_if(document, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  if (document.size() - static_cast<std::size_t>(white) > kPolicyDocumentCharsMax) {
    return std::unexpected(malformed_policy(
        fmt::format("Policy cannot be created - size exceeds hard limit ({})", kPolicyDocumentCharsMax)));
  }
  const auto compiled = iam::compile(document, iam::PolicyKind::iot);
  if (!compiled.has_value()) {
    return std::unexpected(malformed_policy(fmt::format("Policy document is Malformed: {}", compiled.error().message)));
  }
  return {};
}

/// The version of the input, or why there is none.
ApiResult<std::int32_t> parse_version(std::string_view text) {
  std::int32_t version = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    return std::unexpected(invalid_request(fmt::format("Invalid policy version {}.", text)));
  }
  return version;
}

ApiError no_such_version(std::string_view policy, std::string_view version) {
  return not_found(fmt::format("Policy version {} of the policy {} not found.", version, policy));
}

Changes put_policy(const Registry& registry, const Policy& policy) {
  return {{.key = key::policy(policy.name),
           .expected = registry.policies().version(policy.name),
           .bytes = to_document(policy)}};
}

ApiResult<Changes> plan_delete(const Registry& registry, std::string_view name) {
  const auto policy = registry.policies().find(name);
  if (policy == nullptr) return std::unexpected(no_such_policy(name));
  if (!registry.policy_targets().from(name).empty()) {
    return std::unexpected(delete_conflict(fmt::format(
        "The policy cannot be deleted as the policy is attached to one or more principals (name={})", name)));
  }
  if (policy->versions.size() > 1) {
    return std::unexpected(delete_conflict(fmt::format(
        "Cannot delete the policy because it has one or more policy versions attached to it (name={})", name)));
  }
  return Changes{{.key = key::policy(name), .expected = registry.policies().version(name), .bytes = std::nullopt},
                 {.key = key::tags(fmt::format("policy/{}", name)), .expected = std::nullopt, .bytes = std::nullopt}};
}

/// Runs `edit` on a copy of the policy and writes it. `edit` gives false when there is nothing to write.
template <class Edit>
ApiResult<Changes> plan_edit(const IotCore& core, const Registry& registry, std::string_view name, Edit&& edit) {
  const auto old = registry.policies().find(name);
  if (old == nullptr) return std::unexpected(no_such_policy(name));
  Policy policy = *old;
  PENSTOCK_TRY(const bool changed, edit(policy));
  if (!changed) return Changes{};
  policy.modified = core.now();
  return put_policy(registry, policy);
}

}  // namespace

ApiError no_such_policy(std::string_view name) { return not_found(fmt::format("Policy not found (name={})", name)); }

Task<ApiResult<CreatePolicyOutput>> create_policy(CallContext& call, CreatePolicyInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_document(input.policy_document));
  const Timestamp now = core.now();
  const Policy policy{
      .name = input.policy_name,
      .versions = {{.id = 1, .document = input.policy_document, .created = now, .generation_id = core.random().uuid()}},
      .created = now,
      .modified = now};
  PENSTOCK_CO_TRY(const Changes tags, tag_changes("policy/" + policy.name, input.tags));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (registry.policies().find(policy.name) != nullptr) {
      return std::unexpected(
          already_exists(fmt::format("Policy cannot be created - name already exists (name={})", policy.name)));
    }
    Changes changes = put_policy(registry, policy);
    changes.insert(changes.end(), tags.begin(), tags.end());
    return changes;
  }));
  co_return CreatePolicyOutput{.policy_name = policy.name,
                               .policy_arn = policy_arn(core, policy.name),
                               .policy_document = std::move(input.policy_document),
                               .policy_version_id = "1"};
}

Task<ApiResult<GetPolicyOutput>> get_policy(CallContext& call, GetPolicyInput input) {
  IotCore& core = call.house.iot;
  const auto policy = core.read([&](const Registry& registry) { return registry.policies().find(input.policy_name); });
  if (policy == nullptr) co_return std::unexpected(no_such_policy(input.policy_name));
  const PolicyVersion& version = policy->default_document();
  co_return GetPolicyOutput{.policy_name = policy->name,
                            .policy_arn = policy_arn(core, policy->name),
                            .policy_document = version.document,
                            .default_version_id = fmt::to_string(version.id),
                            .creation_date = policy->created,
                            .last_modified_date = policy->modified,
                            .generation_id = version.generation_id};
}

Task<ApiResult<Empty>> delete_policy(CallContext& call, DeletePolicyInput input) {
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change(
      [&](const Registry& registry) { return plan_delete(registry, input.policy_name); }));
  co_return Empty{};
}

Task<ApiResult<ListPoliciesOutput>> list_policies(CallContext& call, ListPoliciesInput input) {
  const IotCore& core = call.house.iot;
  ListPoliciesOutput output;
  PENSTOCK_CO_TRY(output.next_marker, core.read([&](const Registry& registry) {
    return page_by_date(registry.policies().by_date(), input.marker, input.page_size,
                        input.ascending_order.value_or(false), [&](const std::string& name) {
                          output.policies.push_back({.policy_name = name, .policy_arn = policy_arn(core, name)});
                        });
  }));
  co_return output;
}

Task<ApiResult<CreatePolicyVersionOutput>> create_policy_version(CallContext& call, CreatePolicyVersionInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_document(input.policy_document));
  const bool set_as_default = input.set_as_default.value_or(false);
  const std::string generation = core.random().uuid();
  std::int32_t made = 0;
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) {
    return plan_edit(core, registry, input.policy_name, [&](Policy& policy) -> ApiResult<bool> {
      if (policy.versions.size() >= kPolicyVersionsMax) {
        return std::unexpected(versions_limit_exceeded(fmt::format(
            "The policy {} already has the maximum number of versions ({})", policy.name, kPolicyVersionsMax)));
      }
      made = policy.next_version++;
      policy.versions.push_back(
          {.id = made, .document = input.policy_document, .created = core.now(), .generation_id = generation});
      if (set_as_default) policy.default_version = made;
      return true;
    });
  }));
  co_return CreatePolicyVersionOutput{.policy_arn = policy_arn(core, input.policy_name),
                                      .policy_document = std::move(input.policy_document),
                                      .policy_version_id = fmt::to_string(made),
                                      .is_default_version = set_as_default};
}

Task<ApiResult<GetPolicyVersionOutput>> get_policy_version(CallContext& call, PolicyVersionInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::int32_t id, parse_version(input.policy_version_id));
  const auto policy = core.read([&](const Registry& registry) { return registry.policies().find(input.policy_name); });
  if (policy == nullptr) co_return std::unexpected(no_such_policy(input.policy_name));
  const PolicyVersion* version = policy->find(id);
  if (version == nullptr) co_return std::unexpected(no_such_version(input.policy_name, input.policy_version_id));
  co_return GetPolicyVersionOutput{.policy_arn = policy_arn(core, policy->name),
                                   .policy_name = policy->name,
                                   .policy_document = version->document,
                                   .policy_version_id = fmt::to_string(version->id),
                                   .is_default_version = version->id == policy->default_version,
                                   .creation_date = version->created,
                                   .last_modified_date = version->created,
                                   .generation_id = version->generation_id};
}

Task<ApiResult<Empty>> delete_policy_version(CallContext& call, PolicyVersionInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::int32_t id, parse_version(input.policy_version_id));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) {
    return plan_edit(core, registry, input.policy_name, [&](Policy& policy) -> ApiResult<bool> {
      if (policy.find(id) == nullptr) return std::unexpected(no_such_version(policy.name, input.policy_version_id));
      if (policy.default_version == id) {
        return std::unexpected(delete_conflict("Cannot delete the default version of a policy"));
      }
      std::erase_if(policy.versions, [id](const PolicyVersion& version) { return version.id == id; });
      return true;
    });
  }));
  co_return Empty{};
}

Task<ApiResult<Empty>> set_default_policy_version(CallContext& call, PolicyVersionInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::int32_t id, parse_version(input.policy_version_id));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) {
    return plan_edit(core, registry, input.policy_name, [&](Policy& policy) -> ApiResult<bool> {
      if (policy.find(id) == nullptr) return std::unexpected(no_such_version(policy.name, input.policy_version_id));
      const bool changed = policy.default_version != id;
      policy.default_version = id;
      return changed;
    });
  }));
  co_return Empty{};
}

Task<ApiResult<ListPolicyVersionsOutput>> list_policy_versions(CallContext& call, ListPolicyVersionsInput input) {
  IotCore& core = call.house.iot;
  const auto policy = core.read([&](const Registry& registry) { return registry.policies().find(input.policy_name); });
  if (policy == nullptr) co_return std::unexpected(no_such_policy(input.policy_name));
  ListPolicyVersionsOutput output;
  for (const PolicyVersion& version : policy->versions) {
    output.policy_versions.push_back({.version_id = fmt::to_string(version.id),
                                      .is_default_version = version.id == policy->default_version,
                                      .create_date = version.created});
  }
  co_return output;
}

// ---- Shapes

const Shape& describe(const CreatePolicyInput*) {
  static const Shape shape = ShapeBuilder<CreatePolicyInput>("CreatePolicyRequest")
                                 .field("policyName", &CreatePolicyInput::policy_name, policy_in_path())
                                 .field("policyDocument", &CreatePolicyInput::policy_document, document_in_body())
                                 .field("tags", &CreatePolicyInput::tags)
                                 .build();
  return shape;
}

const Shape& describe(const CreatePolicyOutput*) {
  static const Shape shape = ShapeBuilder<CreatePolicyOutput>("CreatePolicyResponse")
                                 .field("policyName", &CreatePolicyOutput::policy_name)
                                 .field("policyArn", &CreatePolicyOutput::policy_arn)
                                 .field("policyDocument", &CreatePolicyOutput::policy_document)
                                 .field("policyVersionId", &CreatePolicyOutput::policy_version_id)
                                 .build();
  return shape;
}

const Shape& describe(const GetPolicyInput*) {
  static const Shape shape = ShapeBuilder<GetPolicyInput>("GetPolicyRequest")
                                 .field("policyName", &GetPolicyInput::policy_name, policy_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const GetPolicyOutput*) {
  static const Shape shape = ShapeBuilder<GetPolicyOutput>("GetPolicyResponse")
                                 .field("policyName", &GetPolicyOutput::policy_name)
                                 .field("policyArn", &GetPolicyOutput::policy_arn)
                                 .field("policyDocument", &GetPolicyOutput::policy_document)
                                 .field("defaultVersionId", &GetPolicyOutput::default_version_id)
                                 .field("creationDate", &GetPolicyOutput::creation_date)
                                 .field("lastModifiedDate", &GetPolicyOutput::last_modified_date)
                                 .field("generationId", &GetPolicyOutput::generation_id)
                                 .build();
  return shape;
}

const Shape& describe(const DeletePolicyInput*) {
  static const Shape shape = ShapeBuilder<DeletePolicyInput>("DeletePolicyRequest")
                                 .field("policyName", &DeletePolicyInput::policy_name, policy_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const ListPoliciesInput*) {
  using Input = ListPoliciesInput;
  static const Shape shape = ShapeBuilder<Input>("ListPoliciesRequest")
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .field("ascendingOrder", &Input::ascending_order, in_query("isAscendingOrder"))
                                 .build();
  return shape;
}

const Shape& describe(const PolicySummary*) {
  static const Shape shape = ShapeBuilder<PolicySummary>("Policy")
                                 .field("policyName", &PolicySummary::policy_name)
                                 .field("policyArn", &PolicySummary::policy_arn)
                                 .build();
  return shape;
}

const Shape& describe(const ListPoliciesOutput*) {
  static const Shape shape = ShapeBuilder<ListPoliciesOutput>("ListPoliciesResponse")
                                 .field("policies", &ListPoliciesOutput::policies)
                                 .field("nextMarker", &ListPoliciesOutput::next_marker)
                                 .build();
  return shape;
}

const Shape& describe(const CreatePolicyVersionInput*) {
  using Input = CreatePolicyVersionInput;
  static const Shape shape = ShapeBuilder<Input>("CreatePolicyVersionRequest")
                                 .field("policyName", &Input::policy_name, policy_in_path())
                                 .field("policyDocument", &Input::policy_document, document_in_body())
                                 .field("setAsDefault", &Input::set_as_default, in_query("setAsDefault"))
                                 .build();
  return shape;
}

const Shape& describe(const CreatePolicyVersionOutput*) {
  using Output = CreatePolicyVersionOutput;
  static const Shape shape = ShapeBuilder<Output>("CreatePolicyVersionResponse")
                                 .field("policyArn", &Output::policy_arn)
                                 .field("policyDocument", &Output::policy_document)
                                 .field("policyVersionId", &Output::policy_version_id)
                                 .field("isDefaultVersion", &Output::is_default_version)
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersionInput*) {
  using Input = PolicyVersionInput;
  static const Shape shape =
      ShapeBuilder<Input>("PolicyVersionRequest")
          .field("policyName", &Input::policy_name, policy_in_path())
          .field("policyVersionId", &Input::policy_version_id,
                 {.required = true, .pattern = "[0-9]+", .place = codec::Place::path, .location = "policyVersionId"})
          .build();
  return shape;
}

const Shape& describe(const GetPolicyVersionOutput*) {
  using Output = GetPolicyVersionOutput;
  static const Shape shape = ShapeBuilder<Output>("GetPolicyVersionResponse")
                                 .field("policyArn", &Output::policy_arn)
                                 .field("policyName", &Output::policy_name)
                                 .field("policyDocument", &Output::policy_document)
                                 .field("policyVersionId", &Output::policy_version_id)
                                 .field("isDefaultVersion", &Output::is_default_version)
                                 .field("creationDate", &Output::creation_date)
                                 .field("lastModifiedDate", &Output::last_modified_date)
                                 .field("generationId", &Output::generation_id)
                                 .build();
  return shape;
}

const Shape& describe(const ListPolicyVersionsInput*) {
  static const Shape shape = ShapeBuilder<ListPolicyVersionsInput>("ListPolicyVersionsRequest")
                                 .field("policyName", &ListPolicyVersionsInput::policy_name, policy_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersionSummary*) {
  static const Shape shape = ShapeBuilder<PolicyVersionSummary>("PolicyVersion")
                                 .field("versionId", &PolicyVersionSummary::version_id)
                                 .field("isDefaultVersion", &PolicyVersionSummary::is_default_version)
                                 .field("createDate", &PolicyVersionSummary::create_date)
                                 .build();
  return shape;
}

const Shape& describe(const ListPolicyVersionsOutput*) {
  static const Shape shape = ShapeBuilder<ListPolicyVersionsOutput>("ListPolicyVersionsResponse")
                                 .field("policyVersions", &ListPolicyVersionsOutput::policy_versions)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
