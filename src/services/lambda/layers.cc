#include "services/lambda/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "services/lambda/code_storage.h"
#include "services/lambda/configuration.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using functions::LayerVersionRecord;

namespace {

std::string version_arn(const functions::FunctionStore& store, std::string_view layer, std::int64_t version) {
  return fmt::format("{}:{}", store.layer_arn(layer), version);
}

LayerVersion listed(const functions::FunctionStore& store, const LayerVersionRecord& record) {
  LayerVersion out{.layer_version_arn = version_arn(store, record.name, record.version),
                   .description = record.description,
                   .created_date = lambda_time(record.created),
                   .version = record.version};
  if (!record.runtimes.empty()) out.compatible_runtimes = record.runtimes;
  if (!record.architectures.empty()) out.compatible_architectures = record.architectures;
  if (!record.license.empty()) out.license_info = record.license;
  return out;
}

LayerVersion described(const CallContext& call, const LayerVersionRecord& record) {
  const functions::FunctionStore& store = store_of(call);
  LayerVersion out = listed(store, record);
  out.layer_arn = store.layer_arn(record.name);
  out.content = LayerContent{.location = code_link(call, record.code),
                             .code_sha256 = code_sha256_of(record.code),
                             .code_size = record.code.zip_bytes};
  return out;
}

bool matches(const LayerFilter& filter, const LayerVersionRecord& record) {
  const auto has = [](const std::vector<std::string>& list, const std::optional<std::string>& wanted) {
    return !wanted.has_value() || std::ranges::find(list, *wanted) != list.end();
  };
  return has(record.runtimes, filter.compatible_runtime) && has(record.architectures, filter.compatible_architecture);
}

ApiResult<void> check_number(std::int64_t version) {
  if (version >= 1) return {};
  return std::unexpected(invalid_parameter("Layer Version Cannot be less than 1"));
}

/// One message for both lists, as recorded in 2024-04.
ApiResult<void> check_compatibility(const PublishLayerVersionInput& input) {
  std::vector<std::string> violations;
  const auto check = [&](const std::optional<std::vector<std::string>>& list, std::string_view member,
                         std::span<const std::string_view> allowed, std::string_view form) {
    const auto is_allowed = [&](const std::string& one) { return std::ranges::find(allowed, one) != allowed.end(); };
    if (!list.has_value() || std::ranges::all_of(*list, is_allowed)) return;
    const std::string set = fmt::format("Member must satisfy enum value set: [{}]", fmt::join(allowed, ", "));
    violations.push_back(fmt::format("Value '[{}]' at '{}' failed to satisfy constraint: {}",
                                     fmt::format("{}", fmt::join(*list, ", ")).substr(0, kPrintedMax), member,
                                     fmt::format(fmt::runtime(form), set)));
  };
  check(input.compatible_runtimes, "compatibleRuntimes", layer_runtimes(), "{}");
  check(input.compatible_architectures, "compatibleArchitectures", kArchitectures,
        "Member must satisfy constraint: [{}]");
  if (violations.empty()) return {};
  return api_fail("ValidationException", fmt::format("{} validation error{} detected: {}", violations.size(),
                                                     violations.size() == 1 ? "" : "s", fmt::join(violations, "; ")));
}

Answer<LayerVersion> get(CallContext& call, std::string name, std::int64_t version) {
  const functions::FunctionStore& store = store_of(call);
  const auto record = store.read([&](const FunctionRegistry& registry) {
    return registry.layer_versions().find(functions::version_key(name, version));
  });
  if (record == nullptr) co_return std::unexpected(not_found("The resource you requested does not exist."));
  co_return described(call, *record);
}

}  // namespace

ApiError no_layer_version(std::string_view arn) {
  return not_found(fmt::format("Layer version {} does not exist.", arn));
}

ApiResult<std::string> parse_layer(const House& house, std::string_view given) {
  if (!given.starts_with("arn:")) return std::string(given);
  const std::string prefix = house.lambda->functions.layer_arn("");
  if (given.starts_with(prefix)) return std::string(given.substr(prefix.size()));
  return std::unexpected(not_found(fmt::format("Layer {} does not exist.", given)));
}

std::string layer_resource(const CallContext& call, std::string_view given) {
  return given.starts_with("arn:") ? std::string(given) : store_of(call).layer_arn(given);
}

Touched touch_layer_by_arn(const CallContext& /*call*/, const void* input) {
  return {
      .resources = {static_cast<const LayerVersionByArnInput*>(input)->arn}, .conditions = {}, .resource_policies = {}};
}

Answer<LayerVersion> publish_layer_version(CallContext& call, PublishLayerVersionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY_VOID(check_compatibility(input));
  PENSTOCK_CO_TRY(const std::string name, parse_layer(call.house, input.layer_name));
  PENSTOCK_CO_TRY(const functions::CodePtr code, co_await take_code(call, std::move(input.content)));
  LayerVersionRecord record{.name = name,
                            .description = input.description.value_or(""),
                            .license = input.license_info.value_or(""),
                            .runtimes = input.compatible_runtimes.value_or(std::vector<std::string>{}),
                            .architectures = input.compatible_architectures.value_or(std::vector<std::string>{}),
                            .code = functions::to_record(*code),
                            .created = store.now()};
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(check_code_storage(call, registry, record.code.zip_bytes));
    const auto layer = registry.layers().find(name);
    record.version = layer == nullptr ? 1 : layer->next_version;
    const std::string key = functions::version_key(name, record.version);
    return Changes{put(functions::key::kLayer, name, registry.layers(),
                       functions::LayerRecord{.next_version = record.version + 1}),
                   put(functions::key::kLayerVersion, key, registry.layer_versions(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  LayerVersion out = described(call, record);
  out.compatible_runtimes = std::move(input.compatible_runtimes);  // an empty list is given back
  out.compatible_architectures = std::move(input.compatible_architectures);
  co_return out;
}

Answer<LayerVersion> get_layer_version(CallContext& call, LayerVersionInput input) {
  PENSTOCK_CO_TRY_VOID(check_number(input.version_number));
  PENSTOCK_CO_TRY(std::string name, parse_layer(call.house, input.layer_name));
  co_return co_await get(call, std::move(name), input.version_number);
}

Answer<LayerVersion> get_layer_version_by_arn(CallContext& call, LayerVersionByArnInput input) {
  const std::size_t colon = input.arn.rfind(':');
  std::int64_t version = 0;
  std::from_chars(input.arn.data() + colon + 1, input.arn.data() + input.arn.size(), version);
  PENSTOCK_CO_TRY(std::string name, parse_layer(call.house, std::string_view(input.arn).substr(0, colon)));
  co_return co_await get(call, std::move(name), version);
}

/// Fine when there is none, as in AWS. Functions that use it keep it.
Answer<Empty> delete_layer_version(CallContext& call, LayerVersionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY_VOID(check_number(input.version_number));
  PENSTOCK_CO_TRY(const std::string name, parse_layer(call.house, input.layer_name));
  const std::string key = functions::version_key(name, input.version_number);
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    if (registry.layer_versions().find(key) == nullptr) return Changes{};
    return Changes{remove(functions::key::kLayerVersion, key, registry.layer_versions())};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<ListLayersOutput> list_layers(CallContext& call, ListLayersInput input) {
  const functions::FunctionStore& store = store_of(call);
  std::vector<std::pair<std::string, LayerListItem>> keyed;
  store.read([&](const FunctionRegistry& registry) {
    // Versions lie in the order of their numbers, so the last one that matches is the latest.
    for (const auto& [key, row] : registry.layer_versions().rows()) {
      const LayerVersionRecord& record = *row.record;
      if (!matches(input, record)) continue;
      if (keyed.empty() || keyed.back().first != record.name) keyed.emplace_back(record.name, LayerListItem{});
      keyed.back().second = {.layer_name = record.name,
                             .layer_arn = store.layer_arn(record.name),
                             .latest_matching_version = listed(store, record)};
    }
  });
  std::ranges::sort(keyed, {}, [](const auto& one) -> const std::string& { return one.first; });
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  co_return ListLayersOutput{.next_marker = std::move(page.next_marker), .layers = std::move(page.items)};
}

/// The newest first.
Answer<ListLayerVersionsOutput> list_layer_versions(CallContext& call, ListLayerVersionsInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, parse_layer(call.house, input.layer_name));
  std::vector<std::pair<std::string, LayerVersion>> keyed;
  store.read([&](const FunctionRegistry& registry) {
    registry.layer_versions().each_of(name, [&](std::string_view, const LayerVersionRecord& record) {
      constexpr std::int64_t kAboveAll = 9'999'999'999;
      if (matches(input, record)) {
        keyed.emplace_back(fmt::format("{:010}", kAboveAll - record.version), listed(store, record));
      }
      return true;
    });
  });
  std::ranges::reverse(keyed);
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  co_return ListLayerVersionsOutput{.next_marker = std::move(page.next_marker),
                                    .layer_versions = std::move(page.items)};
}

}  // namespace penstock::services::lambda
