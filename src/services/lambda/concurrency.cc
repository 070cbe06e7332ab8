#include "services/lambda/concurrency.h"

#include <fmt/format.h>

#include <set>

#include "services/lambda/code_storage.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::ProvisionedRecord;

namespace {

/// Left for functions without a reservation. Developer Guide, "Configuring reserved concurrency".
constexpr std::int64_t kUnreservedMin = 100;

std::int64_t reserved_in_all(const FunctionRegistry& registry, std::string_view without) {
  std::int64_t sum = 0;
  for (const auto& [name, row] : registry.functions().rows()) {
    if (name != without) sum += row.record->reserved_concurrency.value_or(0);
  }
  return sum;
}

std::int64_t unreserved_min_of(std::int64_t limit) { return std::min(kUnreservedMin, limit / 10); }

Task<ApiResult<void>> set_reserved(CallContext& call, std::string given, std::optional<std::int32_t> reserved) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference reference, parse_function(call.house, given));
  if (!reference.qualifier.empty()) {
    co_return std::unexpected(invalid_parameter(
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
        "Please specify either a function name or an unqualified function ARN."));
  }
  const std::int64_t limit = call.house.lambda->concurrent_executions;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(find_version(store, registry, reference.name, functions::kLatest));
    const auto present = registry.functions().find(reference.name);
    const std::int64_t unreserved = limit - reserved_in_all(registry, reference.name) - reserved.value_or(0);
    const std::int64_t unreserved_min = unreserved_min_of(limit);
    if (reserved.value_or(0) > 0 && unreserved < unreserved_min) {
      return std::unexpected(
          invalid_parameter(fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                                        "UnreservedConcurrentExecution below its minimum value of [{}].",
                                        unreserved_min)));
    }
    functions::FunctionRecord function = *present;
    function.reserved_concurrency = reserved;
    return Changes{put(functions::key::kFunction, reference.name, registry.functions(), function)};
  };
  co_return co_await change(store, plan);
}

ApiError no_provisioned() {
  return user_error("ProvisionedConcurrencyConfigNotFoundException",
                    "No Provisioned Concurrency Config found for this function", 404);
}

ProvisionedConfig configuration(const CallContext& call, std::string_view name, std::string_view qualifier,
                                const ProvisionedRecord& record) {
  const auto& count = call.house.lambda->warm_environments;
  const std::int32_t warm = count == nullptr ? 0 : std::min(record.environments, count(name, qualifier));
  return {.function_arn = {},
          .requested = record.environments,
          .available = warm,
          .allocated = warm,
          .status = warm == record.environments ? "READY" : "IN_PROGRESS",
          .last_modified = lambda_time(record.modified)};
}

ApiResult<std::string> provisioned_key(const CallContext& call, const FunctionRegistry& registry,
                                       const FunctionReference& function) {
  if (function.qualifier.empty() || function.qualifier == functions::kLatest) {
    return std::unexpected(
        invalid_parameter("The function resource provided must be an alias or a published version."));
  }
  PENSTOCK_TRY_VOID(find_bound(store_of(call), registry, function.name, function.qualifier));
  return functions::part_of(function.name, function.qualifier);
}

/// A version and an alias that points at it do not both have environments of their own (recorded 2024-04).
ApiResult<void> check_alone(const FunctionRegistry& registry, const FunctionReference& function) {
  const auto is_provisioned = [&](std::string_view qualifier) {
    return registry.provisioned().find(functions::part_of(function.name, qualifier)) != nullptr;
  };
  if (const auto alias = registry.aliases().find(functions::part_of(function.name, function.qualifier))) {
    if (!is_provisioned(alias->version)) return {};
    return std::unexpected(resource_conflict(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"));
  }
  bool is_pointed_at = false;
  registry.aliases().each_of(function.name, [&](std::string_view name, const functions::AliasRecord& alias) {
    const bool points = alias.version == function.qualifier || alias.second_version == function.qualifier;
    is_pointed_at = points && is_provisioned(name);
    return !is_pointed_at;
  });
  if (!is_pointed_at) return {};
  return std::unexpected(resource_conflict("Version is pointed by a Provisioned Concurrency alias"));
}

/// Whether the account has room for `sum` environments of one function.
ApiResult<void> check_room(std::int64_t limit, std::int64_t sum) {
  if (sum > limit) {
    return std::unexpected(invalid_parameter(fmt::format(
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{}].", limit)));
  }
  if (limit - sum >= unreserved_min_of(limit)) return {};
  return std::unexpected(
      invalid_parameter(fmt::format("Specified ConcurrentExecutions for function decreases account's "
                                    "UnreservedConcurrentExecution below its minimum value of [{}].",
                                    unreserved_min_of(limit))));
}

}  // namespace

Answer<Concurrency> put_function_concurrency(CallContext& call, PutConcurrencyInput input) {
  PENSTOCK_CO_TRY_VOID(
      co_await set_reserved(call, std::move(input.function_name), input.reserved_concurrent_executions));
  co_return Concurrency{input.reserved_concurrent_executions};
}

Answer<Concurrency> get_function_concurrency(CallContext& call, FunctionNameInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference reference, parse_function(call.house, input.function_name));
  PENSTOCK_CO_TRY(const auto function, store.read([&](const FunctionRegistry& registry) {
    return find_function(store, registry, reference.name);
  }));
  co_return Concurrency{function->reserved_concurrency};
}

Answer<Empty> delete_function_concurrency(CallContext& call, FunctionNameInput input) {
  PENSTOCK_CO_TRY_VOID(co_await set_reserved(call, std::move(input.function_name), std::nullopt));
  co_return Empty{};
}

Answer<ProvisionedConfig> put_provisioned_concurrency(CallContext& call, PutProvisionedInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  if (function.qualifier == functions::kLatest) {
    co_return std::unexpected(
        invalid_parameter("Provisioned Concurrency Configs cannot be applied to unpublished function versions."));
  }
  const ProvisionedRecord record{.environments = input.provisioned_concurrent_executions, .modified = store.now()};
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const std::string key, provisioned_key(call, registry, function));
    PENSTOCK_TRY(const auto present, find_function(store, registry, function.name));
    PENSTOCK_TRY_VOID(check_alone(registry, function));
    std::int64_t sum = record.environments;
    registry.provisioned().each_of(function.name, [&](std::string_view qualifier, const ProvisionedRecord& other) {
      if (qualifier != function.qualifier) sum += other.environments;
      return true;
    });
    if (present->reserved_concurrency.has_value() && sum > *present->reserved_concurrency) {
      return std::unexpected(invalid_parameter(
          "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"));
    }
    if (!present->reserved_concurrency.has_value()) {
      const std::int64_t limit = call.house.lambda->concurrent_executions - reserved_in_all(registry, function.name);
      PENSTOCK_TRY_VOID(check_room(limit, sum));
    }
    return Changes{put(functions::key::kProvisioned, key, registry.provisioned(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration(call, function.name, function.qualifier, record);
}

Answer<ProvisionedConfig> get_provisioned_concurrency(CallContext& call, QualifiedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  PENSTOCK_CO_TRY(
      const auto record,
      store.read([&](const FunctionRegistry& registry) -> ApiResult<std::shared_ptr<const ProvisionedRecord>> {
        PENSTOCK_TRY(const std::string key, provisioned_key(call, registry, function));
        auto found = registry.provisioned().find(key);
        if (found == nullptr) return std::unexpected(no_provisioned());
        return found;
      }));
  co_return configuration(call, function.name, function.qualifier, *record);
}

Answer<Empty> delete_provisioned_concurrency(CallContext& call, QualifiedInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const std::string key, provisioned_key(call, registry, function));
    if (registry.provisioned().find(key) == nullptr) return Changes{};
    return Changes{remove(functions::key::kProvisioned, key, registry.provisioned())};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<ListProvisionedOutput> list_provisioned_concurrency(CallContext& call, ListProvisionedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  std::vector<std::pair<std::string, ProvisionedRecord>> keyed;
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY_VOID(find_function(store, registry, function.name));
    registry.provisioned().each_of(function.name, [&](std::string_view qualifier, const ProvisionedRecord& record) {
      keyed.emplace_back(qualifier, record);
      return true;
    });
    return {};
  }));
  std::vector<std::pair<std::string, ProvisionedConfig>> configs;
  for (const auto& [qualifier, record] : keyed) {
    ProvisionedConfig config = configuration(call, function.name, qualifier, record);
    config.function_arn = store.arn(function.name, qualifier);
    configs.emplace_back(qualifier, std::move(config));
  }
  PENSTOCK_CO_TRY(auto page, page_of(std::move(configs), input, 50));
  co_return ListProvisionedOutput{.configs = std::move(page.items), .next_marker = std::move(page.next_marker)};
}

Answer<AccountSettings> get_account_settings(CallContext& call, Empty /*input*/) {
  const std::int32_t concurrency = call.house.lambda->concurrent_executions;
  co_return store_of(call).read([&](const FunctionRegistry& registry) {
    const AccountUsage usage{.total_code_size = stored_code_bytes(registry),
                             .function_count = static_cast<std::int64_t>(registry.functions().rows().size())};
    return AccountSettings{.limit = {.total_code_size = call.house.lambda->code_bytes_max,
                                     .code_size_unzipped = static_cast<std::int64_t>(functions::kUnpackedBytesMax),
                                     .code_size_zipped = 52'428'800,
                                     .concurrent_executions = concurrency,
                                     .unreserved_concurrent_executions =
                                         static_cast<std::int32_t>(concurrency - reserved_in_all(registry, ""))},
                           .usage = usage};
  });
}

Answer<CodeSigningOutput> get_function_code_signing_config(CallContext& call, FunctionNameInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  PENSTOCK_CO_TRY_VOID(
      store.read([&](const FunctionRegistry& registry) { return find_function(store, registry, function.name); }));
  co_return CodeSigningOutput{};  // there is no configuration to be named (recorded 2024-04)
}

// ---- Shapes

const Shape& describe(const FunctionNameInput*) {
  static const Shape shape = ShapeBuilder<FunctionNameInput>("FunctionNameRequest")
                                 .field("FunctionName", &FunctionNameInput::function_name, function_name_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const PutConcurrencyInput*) {
  static const Shape shape =
      ShapeBuilder<PutConcurrencyInput>("PutFunctionConcurrencyRequest")
          .field("FunctionName", &PutConcurrencyInput::function_name, function_name_in_path())
          .field("ReservedConcurrentExecutions", &PutConcurrencyInput::reserved_concurrent_executions,
                 {.required = true, .range = {.min = 0}})
          .build();
  return shape;
}

const Shape& describe(const PutProvisionedInput*) {
  using Input = PutProvisionedInput;
  static const Shape shape = [] {
    codec::Rules qualifier = qualifier_in_query();
    qualifier.required = true;
    return ShapeBuilder<Input>("PutProvisionedConcurrencyConfigRequest")
        .field("FunctionName", &Input::function_name, function_name_in_path())
        .field("Qualifier", &Input::qualifier, std::move(qualifier))
        .field("ProvisionedConcurrentExecutions", &Input::provisioned_concurrent_executions,
               {.required = true, .range = {.min = 1}})
        .build();
  }();
  return shape;
}

const Shape& describe(const ProvisionedConfig*) {
  using Out = ProvisionedConfig;
  static const Shape shape = ShapeBuilder<Out>("ProvisionedConcurrencyConfig")
                                 .field("FunctionArn", &Out::function_arn)
                                 .field("RequestedProvisionedConcurrentExecutions", &Out::requested)
                                 .field("AvailableProvisionedConcurrentExecutions", &Out::available)
                                 .field("AllocatedProvisionedConcurrentExecutions", &Out::allocated)
                                 .field("Status", &Out::status)
                                 .field("LastModified", &Out::last_modified)
                                 .build();
  return shape;
}

const Shape& describe(const ListProvisionedInput*) {
  static const Shape shape = [] {
    ShapeBuilder<ListProvisionedInput> builder("ListProvisionedConcurrencyConfigsRequest");
    builder.field("FunctionName", &ListProvisionedInput::function_name, function_name_in_path());
    add_page(builder, 50);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListProvisionedOutput*) {
  static const Shape shape = ShapeBuilder<ListProvisionedOutput>("ListProvisionedConcurrencyConfigsResponse")
                                 .field("ProvisionedConcurrencyConfigs", &ListProvisionedOutput::configs)
                                 .field("NextMarker", &ListProvisionedOutput::next_marker)
                                 .build();
  return shape;
}

const Shape& describe(const AccountLimit*) {
  using Out = AccountLimit;
  static const Shape shape = ShapeBuilder<Out>("AccountLimit")
                                 .field("TotalCodeSize", &Out::total_code_size)
                                 .field("CodeSizeUnzipped", &Out::code_size_unzipped)
                                 .field("CodeSizeZipped", &Out::code_size_zipped)
                                 .field("ConcurrentExecutions", &Out::concurrent_executions)
                                 .field("UnreservedConcurrentExecutions", &Out::unreserved_concurrent_executions)
                                 .build();
  return shape;
}

const Shape& describe(const AccountUsage*) {
  static const Shape shape = ShapeBuilder<AccountUsage>("AccountUsage")
                                 .field("TotalCodeSize", &AccountUsage::total_code_size)
                                 .field("FunctionCount", &AccountUsage::function_count)
                                 .build();
  return shape;
}

const Shape& describe(const AccountSettings*) {
  static const Shape shape = ShapeBuilder<AccountSettings>("GetAccountSettingsResponse")
                                 .field("AccountLimit", &AccountSettings::limit)
                                 .field("AccountUsage", &AccountSettings::usage)
                                 .build();
  return shape;
}

const Shape& describe(const CodeSigningOutput*) {
  static const Shape shape = ShapeBuilder<CodeSigningOutput>("GetFunctionCodeSigningConfigResponse")
                                 .field("CodeSigningConfigArn", &CodeSigningOutput::code_signing_config_arn)
                                 .field("FunctionName", &CodeSigningOutput::function_name)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
