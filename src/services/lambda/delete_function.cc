#include <fmt/format.h>

#include "services/lambda/functions_api.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {
namespace {

namespace key = functions::key;

template <class Record>
void remove_parts(std::string_view kind, std::string_view function, const functions::Records<Record>& table,
                  Changes& changes) {
  table.each_of(function, [&](std::string_view part, const Record&) {
    changes.push_back(remove(kind, functions::part_of(function, part), table));
    return true;
  });
}

/// Everything of the function; its version numbers are not given again.
Changes remove_all(const FunctionRegistry& registry, const functions::FunctionRecord& function) {
  const std::string& name = function.name;
  Changes changes{remove(key::kFunction, name, registry.functions())};
  remove_parts(key::kVersion, name, registry.versions(), changes);
  remove_parts(key::kAlias, name, registry.aliases(), changes);
  remove_parts(key::kPolicy, name, registry.policies(), changes);
  remove_parts(key::kInvokeConfig, name, registry.invoke_configs(), changes);
  remove_parts(key::kProvisioned, name, registry.provisioned(), changes);
  remove_parts(key::kUrl, name, registry.urls(), changes);
  if (function.next_version > 1) {
    changes.push_back(put(key::kPast, name, registry.past_functions(),
                          functions::LayerRecord{.next_version = function.next_version}));
  }
  return changes;
}

ApiResult<Changes> drop_version(const FunctionRegistry& registry, const FunctionReference& function,
                                const functions::VersionRecord& version) {
  std::string users;
  registry.aliases().each_of(function.name, [&](std::string_view, const functions::AliasRecord& alias) {
    if (alias.version != version.version && alias.second_version != version.version) return true;
    users += fmt::format("{}{}", users.empty() ? "" : ", ", alias.name);
    return true;
  });
  if (!users.empty()) {
    return std::unexpected(resource_conflict(
        fmt::format("Unable to delete version because the following aliases reference it: [{}]", users)));
  }
  const std::string part = functions::version_key(function.name, std::stoll(version.version));
  const std::string bound = functions::part_of(function.name, version.version);
  Changes changes{remove(key::kVersion, part, registry.versions())};
  const auto also = [&](std::string_view kind, const auto& table) {
    if (table.find(bound) != nullptr) changes.push_back(remove(kind, bound, table));
  };
  also(key::kPolicy, registry.policies());
  also(key::kInvokeConfig, registry.invoke_configs());
  also(key::kProvisioned, registry.provisioned());
  return changes;
}

ApiResult<Changes> remove_version(const functions::FunctionStore& store, const FunctionRegistry& registry,
                                  const FunctionReference& function) {
  const auto version = find_version(store, registry, function.name, function.qualifier);
  if (!version.has_value()) return Changes{};  // fine, as in AWS
  return drop_version(registry, function, **version);
}

}  // namespace

Answer<Empty> delete_function(CallContext& call, QualifiedInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  if (function.qualifier == functions::kLatest) {
    co_return std::unexpected(invalid_parameter("$LATEST version cannot be deleted without deleting the function."));
  }
  if (is_alias_name(function.qualifier)) {
    co_return std::unexpected(invalid_parameter("Deletion of aliases is not currently supported."));
  }
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const auto record, find_function(store, registry, function.name));
    if (!function.qualifier.empty()) return remove_version(store, registry, function);
    return remove_all(registry, *record);
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

}  // namespace penstock::services::lambda
