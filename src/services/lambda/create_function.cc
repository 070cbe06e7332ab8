#include <fmt/format.h>

#include "services/lambda/code_storage.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/reference.h"
#include "services/lambda/roles.h"
#include "services/lambda/versions.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::FunctionRecord;

namespace {

constexpr std::size_t kTagsMax = 50;
constexpr std::size_t kNameLengthMax = 64;

ApiResult<void> check_package(const CreateFunctionInput& input) {
  if (input.package_type.value_or("Zip") != "Zip") {
    return std::unexpected(unsupported("Penstock does not have functions from container images: PackageType is Zip."));
  }
  if (input.code_signing_config_arn.has_value() && !input.code_signing_config_arn->empty()) {
    return std::unexpected(unsupported("Penstock does not have code signing: leave CodeSigningConfigArn out."));
  }
  if (!input.runtime.has_value() || !input.handler.has_value()) {
    return std::unexpected(invalid_parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."));
  }
  return {};
}

}  // namespace

ApiResult<void> check_tags(const std::map<std::string, std::string>& tags) {
  if (tags.size() > kTagsMax) return std::unexpected(invalid_parameter("Number of tags exceeds resource tag limit."));
  for (const auto& [name, value] : tags) {
    if (name.starts_with("aws:")) {
      return std::unexpected(invalid_parameter("Tag keys that start with aws: are reserved for AWS use."));
    }
    if (name.empty() || name.size() > 128 || value.size() > 256) {
      return std::unexpected(invalid_parameter("Tag keys have 1 to 128 characters, and tag values have 256 at most."));
    }
  }
  return {};
}

iam::Conditions tag_conditions(const std::optional<std::map<std::string, std::string>>& tags) {
  iam::Conditions conditions;
  if (!tags.has_value()) return conditions;
  for (const auto& [name, value] : *tags) {
    conditions["aws:RequestTag/" + name] = {value};
    conditions["aws:TagKeys"].push_back(name);
  }
  return conditions;
}

Touched touch_create_function(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const CreateFunctionInput*>(input);
  Touched touched{.resources = {touched_function(call, request.function_name)},
                  .conditions = tag_conditions(request.tags),
                  .resource_policies = {}};
  if (request.tags.has_value() && !request.tags->empty()) touched.more_actions = {"lambda:TagResource"};
  if (request.layers.has_value() && !request.layers->empty()) touched.conditions["lambda:Layer"] = *request.layers;
  return touched;
}

Answer<FunctionConfiguration> create_function(CallContext& call, CreateFunctionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  if (function.name.size() > kNameLengthMax) {
    ApiError error = validation_error(function.name, "functionName",
                                      fmt::format("Member must have length less than or equal to {}", kNameLengthMax));
    co_return std::unexpected(invalid_parameter(std::move(error.message)));  // as AWS answers it (recorded 2024-09)
  }
  if (!function.qualifier.empty()) {
    co_return std::unexpected(invalid_parameter("A new function's name has no qualifier."));
  }
  PENSTOCK_CO_TRY_VOID(check_package(input));
  PENSTOCK_CO_TRY_VOID(refuse_unsupported(input));
  PENSTOCK_CO_TRY_VOID(check_runtime(call, *input.runtime));
  PENSTOCK_CO_TRY(const std::string architecture, check_architectures(input.architectures));
  if (input.tags.has_value()) PENSTOCK_CO_TRY_VOID(check_tags(*input.tags));
  PENSTOCK_CO_TRY_VOID(check_role(call, *input.role));
  const auto refuse_existing = [&](const FunctionRegistry& registry) -> ApiResult<void> {
    if (registry.functions().find(function.name) == nullptr) return {};
    return std::unexpected(resource_conflict(fmt::format("Function already exist: {}", function.name)));
  };
  PENSTOCK_CO_TRY_VOID(store.read(refuse_existing));
  PENSTOCK_CO_TRY(const functions::CodePtr code, co_await take_code(call, std::move(input.code)));

  const Timestamp now = store.now();
  FunctionRecord record{.name = function.name, .tags = input.tags.value_or(functions::Names{}), .created = now};
  record.latest.function = function.name;
  record.latest.version = functions::kLatest;
  record.latest.architecture = architecture;
  record.latest.code = functions::to_record(*code);
  record.latest.modified = now;
  record.latest.revision_id = new_revision(store);
  std::optional<functions::VersionRecord> published;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(refuse_existing(registry));
    FunctionRecord made = record;
    PENSTOCK_TRY_VOID(apply_settings(input, registry, store, made.latest));
    if (const auto past = registry.past_functions().find(function.name)) made.next_version = past->next_version;
    const bool publishes = input.publish.value_or(false);
    PENSTOCK_TRY_VOID(check_code_storage(call, registry, made.latest.code.zip_bytes * (publishes ? 2 : 1)));
    Changes changes;
    if (publishes) published = publish(store, made, std::nullopt, changes);
    changes.push_back(put(functions::key::kFunction, function.name, registry.functions(), made));
    return changes;
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  // The version that was published, by the function's ARN (recorded 2024-04).
  if (published.has_value()) co_return configuration_of(store, *published, "");
  PENSTOCK_CO_TRY(const auto made, store.read([&](const FunctionRegistry& registry) {
    return find_version(store, registry, function.name, "");
  }));
  co_return configuration_of(store, *made, "");
}

const Shape& describe(const CreateFunctionInput*) {
  using Input = CreateFunctionInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("CreateFunctionRequest");
    builder
        .field("FunctionName", &Input::function_name,
               {.required = true, .length = {.min = 1, .max = 140}, .pattern = kFunctionNamePattern})
        .field("Code", &Input::code, {.required = true})
        .field("Publish", &Input::publish)
        .field("PackageType", &Input::package_type, {.one_of = {"Image", "Zip"}})
        .field("Architectures", &Input::architectures, {.length = {.min = 1, .max = 1}})
        .field("Tags", &Input::tags)
        .field("CodeSigningConfigArn", &Input::code_signing_config_arn, {.length = {.max = 200}});
    add_settings(builder, {.role_required = true});
    return std::move(builder).build();
  }();
  return shape;
}

}  // namespace penstock::services::lambda
