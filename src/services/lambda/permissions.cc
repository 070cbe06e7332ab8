#include "services/lambda/permissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json_text.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::PolicyRecord;

namespace {

constexpr std::size_t kPolicyBytesMax = 20'480;

std::string quoted(std::string_view text) {
  std::string out;
  codec::append_json_string(text, out);
  return out;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string conditions_json(const AddPermissionInput& input) {
  std::string equals;
  const auto add = [&equals](std::string_view key, const std::optional<std::string>& value) {
    if (value.has_value()) equals += fmt::format("{}{}:{}", equals.empty() ? "" : ",", quoted(key), quoted(*value));
  };
  add("AWS:SourceAccount", input.source_account);
  add("lambda:EventSourceToken", input.event_source_token);
  add("lambda:FunctionUrlAuthType", input.function_url_auth_type);
  add("aws:PrincipalOrgID", input.principal_org_id);
  std::string out;
  if (!equals.empty()) out = fmt::format(R"("StringEquals":{{{}}})", equals);
  if (input.invoked_via_function_url.has_value()) {
    out += fmt::format(R"({}"Bool":{{"lambda:InvokedViaFunctionUrl":"{}"}})", out.empty() ? "" : ",",
                       *input.invoked_via_function_url);
  }
  if (input.source_arn.has_value()) {
    out += fmt::format(R"({}"ArnLike":{{"AWS:SourceArn":{}}})", out.empty() ? "" : ",", quoted(*input.source_arn));
  }
  return out;
}

std::string statement_json(const AddPermissionInput& input, std::string_view resource) {
  const std::string conditions = conditions_json(input);
  return fmt::format(R"({{"Sid":{},"Effect":"Allow","Principal":{},"Action":{},"Resource":{}{}}})",
                     quoted(input.statement_id), principal_json(input.principal), quoted(input.action),
                     quoted(resource), conditions.empty() ? "" : fmt::format(R"(,"Condition":{{{}}})", conditions));
}

/// Where the policy of the function, or of the version or alias named, is kept.
std::string policy_key(const FunctionReference& function) {
  return functions::part_of(function.name, function.qualifier.empty() ? functions::kLatest : function.qualifier);
}

/// The RevisionId of what the policy is bound to: the function's, the version's or the alias's. Theirs and the
/// policy's are one (recorded 2024-04). What is named is there.
std::string bound_revision(const functions::FunctionStore& store, const FunctionRegistry& registry,
                           const FunctionReference& function) {
  const auto alias = registry.aliases().find(functions::part_of(function.name, function.qualifier));
  if (alias != nullptr) return alias->revision_id;
  const auto version = find_version(store, registry, function.name, function.qualifier);
  return version.has_value() ? (*version)->revision_id : std::string();
}

/// The policy, and the new revision of what it is bound to.
Changes put_policy(const FunctionRegistry& registry, const FunctionReference& function, const PolicyRecord& policy) {
  const std::string key = policy_key(function);
  Changes changes;
  if (policy.statements.empty()) {
    changes.push_back(remove(functions::key::kPolicy, key, registry.policies()));
  } else {
    changes.push_back(put(functions::key::kPolicy, key, registry.policies(), policy));
  }
  if (const auto alias = registry.aliases().find(functions::part_of(function.name, function.qualifier))) {
    functions::AliasRecord changed = *alias;
    changed.revision_id = policy.revision_id;
    changes.push_back(put(functions::key::kAlias, functions::part_of(function.name, function.qualifier),
                          registry.aliases(), changed));
  } else if (function.qualifier.empty() || function.qualifier == functions::kLatest) {
    functions::FunctionRecord changed = *registry.functions().find(function.name);
    changed.latest.revision_id = policy.revision_id;
    changes.push_back(put(functions::key::kFunction, function.name, registry.functions(), changed));
  } else {
    const std::string version = functions::version_key(function.name, std::stoll(function.qualifier));
    functions::VersionRecord changed = *registry.versions().find(version);
    changed.revision_id = policy.revision_id;
    changes.push_back(put(functions::key::kVersion, version, registry.versions(), changed));
  }
  return changes;
}

/// An account, an ARN, everybody, or a service of AWS's.
bool is_principal(std::string_view principal) {
  if (principal == "*" || is_account(principal) || principal.starts_with("arn:")) return true;
  return principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn") ||
         principal.ends_with(".amazon.com");
}

}  // namespace

std::string principal_json(std::string_view principal) {
  if (principal == "*") return R"("*")";
  if (is_account(principal)) return fmt::format(R"({{"AWS":"arn:aws:iam::{}:root"}})", principal);
  if (principal.starts_with("arn:")) return fmt::format(R"({{"AWS":{}}})", quoted(principal));
  return fmt::format(R"({{"Service":{}}})", quoted(principal));
}

ApiResult<void> add_statement(PolicyRecord& policy, const std::string& id, std::string json) {
  if (std::ranges::find(policy.statements, id, &functions::Statement::id) != policy.statements.end()) {
    return std::unexpected(resource_conflict(
        fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, or remove the "
                    "existing statement.",
                    id)));
  }
  policy.statements.push_back({.id = id, .json = {std::move(json)}});
  const std::size_t size = functions::policy_document(policy).size();
  if (size <= kPolicyBytesMax) return {};
  return std::unexpected(policy_length_exceeded(
      fmt::format("The final policy size ({}) is bigger than the limit ({}).", size, kPolicyBytesMax)));
}

ApiResult<void> remove_statement(PolicyRecord& policy, const std::string& id) {
  if (std::erase_if(policy.statements, [&](const functions::Statement& one) { return one.id == id; }) > 0) return {};
  return std::unexpected(not_found(fmt::format("Statement {} is not found in resource policy.", id)));
}

Touched touch_add_permission(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const AddPermissionInput*>(input);
  Touched touched = touch_qualified(call, request.function_name, request.qualifier);
  touched.conditions["lambda:Principal"] = {request.principal};
  if (request.function_url_auth_type.has_value()) {
    touched.conditions["lambda:FunctionUrlAuthType"] = {*request.function_url_auth_type};
  }
  return touched;
}

Answer<StatementOutput> add_permission(CallContext& call, AddPermissionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  if (function.qualifier == functions::kLatest) {
    co_return std::unexpected(invalid_parameter("We currently do not support adding policies for $LATEST."));
  }
  if (!is_principal(input.principal)) {
    co_return std::unexpected(
        invalid_parameter("The provided principal was invalid. Please check the principal and try again."));
  }
  const std::string json = statement_json(input, store.arn(function.name, function.qualifier));
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(find_bound(store, registry, function.name, function.qualifier));
    const auto present = registry.policies().find(policy_key(function));
    PolicyRecord policy = present == nullptr ? PolicyRecord{} : *present;
    PENSTOCK_TRY_VOID(check_revision(input.revision_id, bound_revision(store, registry, function)));
    PENSTOCK_TRY_VOID(add_statement(policy, input.statement_id, json));
    policy.revision_id = new_revision(store);
    return put_policy(registry, function, policy);
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return StatementOutput{.statement = json};
}

Answer<Empty> remove_permission(CallContext& call, RemovePermissionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    if (registry.functions().find(function.name) == nullptr) {
      return std::unexpected(
          not_found(fmt::format("No policy found for: {}", store.arn(function.name, function.qualifier))));
    }
    PENSTOCK_TRY_VOID(find_bound(store, registry, function.name, function.qualifier));
    const auto present = registry.policies().find(policy_key(function));
    if (present == nullptr) {
      return std::unexpected(not_found("No policy is associated with the given resource."));
    }
    PolicyRecord policy = *present;
    PENSTOCK_TRY_VOID(check_revision(input.revision_id, bound_revision(store, registry, function)));
    PENSTOCK_TRY_VOID(remove_statement(policy, input.statement_id));
    policy.revision_id = new_revision(store);
    return put_policy(registry, function, policy);
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<PolicyOutput> get_policy(CallContext& call, NamespacedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  co_return store.read([&](const FunctionRegistry& registry) -> ApiResult<PolicyOutput> {
    PENSTOCK_TRY_VOID(find_function(store, registry, function.name));
    const auto policy = registry.policies().find(policy_key(function));
    if (policy == nullptr) return std::unexpected(not_found("The resource you requested does not exist."));
    return PolicyOutput{.policy = functions::policy_document(*policy),
                        .revision_id = bound_revision(store, registry, function)};
  });
}

// ---- Shapes

const Shape& describe(const AddPermissionInput*) {
  using Input = AddPermissionInput;
  static const Shape shape =
      ShapeBuilder<Input>("AddPermissionRequest")
          .field("FunctionName", &Input::function_name, function_name_in_path())
          .field("StatementId", &Input::statement_id,
                 {.required = true, .length = {.min = 1, .max = 100}, .pattern = "([a-zA-Z0-9-_]+)"})
          .field("Action", &Input::action, {.required = true, .pattern = "(lambda:[*]|lambda:[a-zA-Z]+|[*])"})
          .field("Principal", &Input::principal,
                 {.required = true, .length = {.min = 1, .max = 256}, .pattern = "[^\\s]+"})
          .field(
              "SourceArn", &Input::source_arn,
              {.pattern = "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"})
          .field("SourceAccount", &Input::source_account, {.length = {.max = 12}, .pattern = "\\d{12}"})
          .field("EventSourceToken", &Input::event_source_token,
                 {.length = {.min = 0, .max = 256}, .pattern = "[a-zA-Z0-9._\\-]+"})
          .field("Qualifier", &Input::qualifier, qualifier_in_query())
          .field("RevisionId", &Input::revision_id)
          .field("PrincipalOrgID", &Input::principal_org_id,
                 {.length = {.min = 12, .max = 34}, .pattern = "^o-[a-z0-9]{10,32}$"})
          .field("FunctionUrlAuthType", &Input::function_url_auth_type, {.one_of = {"NONE", "AWS_IAM"}})
          .field("InvokedViaFunctionUrl", &Input::invoked_via_function_url)
          .build();
  return shape;
}

const Shape& describe(const StatementOutput*) {
  static const Shape shape = ShapeBuilder<StatementOutput>("AddPermissionResponse")
                                 .field("Statement", &StatementOutput::statement)
                                 .field("RevisionId", &StatementOutput::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const RemovePermissionInput*) {
  using Input = RemovePermissionInput;
  static const Shape shape = ShapeBuilder<Input>("RemovePermissionRequest")
                                 .field("FunctionName", &Input::function_name, function_name_in_path())
                                 .field("StatementId", &Input::statement_id,
                                        {.required = true,
                                         .length = {.min = 1, .max = 100},
                                         .pattern = "([a-zA-Z0-9-_.]+)",
                                         .place = codec::Place::path,
                                         .location = "StatementId"})
                                 .field("Qualifier", &Input::qualifier, qualifier_in_query())
                                 .field("RevisionId", &Input::revision_id, in_query("RevisionId"))
                                 .build();
  return shape;
}

const Shape& describe(const PolicyOutput*) {
  static const Shape shape = ShapeBuilder<PolicyOutput>("GetPolicyResponse")
                                 .field("Policy", &PolicyOutput::policy)
                                 .field("RevisionId", &PolicyOutput::revision_id)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
