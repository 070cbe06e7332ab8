#include <fmt/format.h>

#include "codec/json_text.h"
#include "services/lambda/layers.h"
#include "services/lambda/permissions.h"

namespace penstock::services::lambda {

namespace {

using functions::LayerVersionRecord;

std::string quoted(std::string_view text) {
  std::string out;
  codec::append_json_string(text, out);
  return out;
}

/// Changes the policy of one version of a layer; `edit(policy)` answers an error or nothing.
template <class Edit>
Task<ApiResult<std::string>> edit_policy(CallContext& call, std::string given, std::int64_t version,
                                         std::optional<std::string> seen_revision, Edit edit) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, parse_layer(call.house, given));
  const std::string key = functions::version_key(name, version);
  const std::string arn = fmt::format("{}:{}", store.layer_arn(name), version);
  const std::string revision = new_revision(store);
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    const auto present = registry.layer_versions().find(key);
    if (present == nullptr) return std::unexpected(no_layer_version(arn));
    LayerVersionRecord record = *present;
    PENSTOCK_TRY_VOID(check_revision(seen_revision, record.policy.revision_id, "GetLayerPolicy"));
    const ApiResult<void> edited = edit(record.policy, arn);
    if (!edited.has_value()) return std::unexpected(edited.error());
    record.policy.revision_id = revision;
    return Changes{put(functions::key::kLayerVersion, key, registry.layer_versions(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return revision;
}

}  // namespace

Answer<LayerStatementOutput> add_layer_permission(CallContext& call, AddLayerPermissionInput input) {
  std::string statement;
  const auto edit = [&](functions::PolicyRecord& policy, std::string_view arn) {
    const std::string condition = input.organization_id.has_value()
                                      ? fmt::format(R"(,"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":{}}}}})",
                                                    quoted(*input.organization_id))
                                      : std::string();
    statement = fmt::format(R"({{"Sid":{},"Effect":"Allow","Principal":{},"Action":{},"Resource":{}{}}})",
                            quoted(input.statement_id), principal_json(input.principal), quoted(input.action),
                            quoted(arn), condition);
    return add_statement(policy, input.statement_id, statement);
  };
  PENSTOCK_CO_TRY(std::string revision,
                  co_await edit_policy(call, input.layer_name, input.version_number, input.revision_id, edit));
  co_return LayerStatementOutput{.statement = std::move(statement), .revision_id = std::move(revision)};
}

Answer<Empty> remove_layer_permission(CallContext& call, RemoveLayerPermissionInput input) {
  const auto edit = [&](functions::PolicyRecord& policy, std::string_view) {
    return remove_statement(policy, input.statement_id);
  };
  PENSTOCK_CO_TRY_VOID(co_await edit_policy(call, input.layer_name, input.version_number, input.revision_id, edit));
  co_return Empty{};
}

Answer<LayerPolicyOutput> get_layer_policy(CallContext& call, LayerVersionInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, parse_layer(call.house, input.layer_name));
  const auto record = store.read([&](const FunctionRegistry& registry) {
    return registry.layer_versions().find(functions::version_key(name, input.version_number));
  });
  if (record == nullptr) {
    co_return std::unexpected(no_layer_version(fmt::format("{}:{}", store.layer_arn(name), input.version_number)));
  }
  if (record->policy.statements.empty()) {
    co_return std::unexpected(not_found("No policy is associated with the given resource."));
  }
  co_return LayerPolicyOutput{.policy = functions::policy_document(record->policy),
                              .revision_id = record->policy.revision_id};
}

}  // namespace penstock::services::lambda
