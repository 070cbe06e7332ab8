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

/// Only $LATEST can be changed.
ApiResult<std::string> changeable(const CallContext& call, std::string_view given) {
  PENSTOCK_TRY(const FunctionReference function, parse_function(call.house, given));
  if (function.qualifier.empty() || function.qualifier == functions::kLatest) return function.name;
  return std::unexpected(invalid_parameter("Only the unpublished version $LATEST of a function can be changed."));
}

void mark_changed(const functions::FunctionStore& store, FunctionRecord& function) {
  function.latest.modified = store.now();
  function.latest.revision_id = new_revision(store);
}

template <class Member>
Member UpdateFunctionCodeInput::* in_code(Member FunctionCode::* member) {
  return member;
}

}  // namespace

Answer<FunctionConfiguration> update_function_code(CallContext& call, UpdateFunctionCodeInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, changeable(call, input.function_name));
  PENSTOCK_CO_TRY(const std::string architecture, check_architectures(input.architectures));
  const auto check_present = [&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY(const auto function, find_function(store, registry, name));
    return check_revision(input.revision_id, function->latest.revision_id);
  };
  PENSTOCK_CO_TRY_VOID(store.read(check_present));
  if (input.image_uri.has_value()) {
    co_return std::unexpected(
        invalid_parameter("Please don't provide ImageUri when updating a function with packageType Zip."));
  }
  PENSTOCK_CO_TRY(const functions::CodePtr code,
                  co_await take_code(call, std::move(static_cast<FunctionCode&>(input))));
  functions::VersionRecord answer;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY_VOID(check_present(registry));
    FunctionRecord function = *registry.functions().find(name);
    function.latest.code = functions::to_record(*code);
    function.latest.architecture = architecture;
    PENSTOCK_TRY_VOID(apply_settings({}, registry, store, function.latest));  // for the bound on code and layers
    const std::int64_t bytes = function.latest.code.zip_bytes;
    const bool publishes = input.publish.value_or(false);
    const std::int64_t before = registry.functions().find(name)->latest.code.zip_bytes;
    PENSTOCK_TRY_VOID(check_code_storage(call, registry, bytes * (publishes ? 2 : 1) - before));
    mark_changed(store, function);
    answer = function.latest;
    if (input.dry_run.value_or(false)) return Changes{};
    Changes changes;
    if (publishes) answer = publish(store, function, std::nullopt, changes);
    changes.push_back(put(functions::key::kFunction, name, registry.functions(), function));
    return changes;
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  const bool is_version = answer.version != functions::kLatest;
  co_return configuration_of(store, answer, is_version ? std::string_view(answer.version) : std::string_view{});
}

Touched touch_update_configuration(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const UpdateFunctionConfigurationInput*>(input);
  Touched touched = touch<UpdateFunctionConfigurationInput>(call, input);
  if (request.layers.has_value() && !request.layers->empty()) touched.conditions["lambda:Layer"] = *request.layers;
  return touched;
}

Answer<FunctionConfiguration> update_function_configuration(CallContext& call, UpdateFunctionConfigurationInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, changeable(call, input.function_name));
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY_VOID(find_function(store, registry, name));
    return {};
  }));
  PENSTOCK_CO_TRY_VOID(refuse_unsupported(input));
  if (input.runtime.has_value()) PENSTOCK_CO_TRY_VOID(check_runtime(call, *input.runtime));
  if (input.role.has_value()) PENSTOCK_CO_TRY_VOID(check_role(call, *input.role));
  functions::VersionRecord answer;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const auto present, find_function(store, registry, name));
    PENSTOCK_TRY_VOID(check_revision(input.revision_id, present->latest.revision_id));
    FunctionRecord function = *present;
    PENSTOCK_TRY_VOID(apply_settings(input, registry, store, function.latest));
    mark_changed(store, function);
    answer = function.latest;
    return Changes{put(functions::key::kFunction, name, registry.functions(), function)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration_of(store, answer, "");
}

Answer<ListFunctionsOutput> list_functions(CallContext& call, ListFunctionsInput input) {
  const functions::FunctionStore& store = store_of(call);
  const bool all_versions = input.function_version.has_value();
  std::vector<std::pair<std::string, std::shared_ptr<const functions::VersionRecord>>> keyed;
  store.read([&](const FunctionRegistry& registry) {
    for (const auto& [name, row] : registry.functions().rows()) {
      keyed.emplace_back(name, std::shared_ptr<const functions::VersionRecord>(row.record, &row.record->latest));
    }
    if (!all_versions) return;
    for (const auto& [key, row] : registry.versions().rows()) keyed.emplace_back(key, row.record);
  });
  std::ranges::sort(keyed, {}, [](const auto& one) -> const std::string& { return one.first; });
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  ListFunctionsOutput out{.next_marker = std::move(page.next_marker)};
  for (const auto& version : page.items) {
    const bool plain = !all_versions && version->version == functions::kLatest;
    FunctionConfiguration one =
        configuration_of(store, *version, plain ? std::string_view{} : std::string_view(version->version));
    // Lists leave them out. API Reference, ListFunctions.
    one.state.reset();
    one.last_update_status.reset();
    out.functions.push_back(std::move(one));
  }
  co_return out;
}

// ---- Shapes

const Shape& describe(const UpdateFunctionCodeInput*) {
  using Input = UpdateFunctionCodeInput;
  static const Shape shape =
      ShapeBuilder<Input>("UpdateFunctionCodeRequest")
          .field("FunctionName", &Input::function_name, function_name_in_path())
          .field("ZipFile", in_code(&FunctionCode::zip_file), {.sensitive = true})
          .field("S3Bucket", in_code(&FunctionCode::s3_bucket), bucket_rules())
          .field("S3Key", in_code(&FunctionCode::s3_key), {.length = {.min = 1, .max = 1024}})
          .field("S3ObjectVersion", in_code(&FunctionCode::s3_object_version), {.length = {.min = 1, .max = 1024}})
          .field("ImageUri", in_code(&FunctionCode::image_uri))
          .field("Publish", &Input::publish)
          .field("DryRun", &Input::dry_run)
          .field("RevisionId", &Input::revision_id)
          .field("Architectures", &Input::architectures, {.length = {.min = 1, .max = 1}})
          .build();
  return shape;
}

const Shape& describe(const UpdateFunctionConfigurationInput*) {
  using Input = UpdateFunctionConfigurationInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("UpdateFunctionConfigurationRequest");
    builder.field("FunctionName", &Input::function_name, function_name_in_path())
        .field("RevisionId", &Input::revision_id);
    add_settings(builder, {});
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListFunctionsInput*) {
  using Input = ListFunctionsInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("ListFunctionsRequest");
    builder.field("MasterRegion", &Input::master_region, in_query("MasterRegion"))
        .field("FunctionVersion", &Input::function_version,
               {.one_of = {"ALL"}, .place = codec::Place::query, .location = "FunctionVersion"});
    add_page(builder, 10'000);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListFunctionsOutput*) {
  static const Shape shape = ShapeBuilder<ListFunctionsOutput>("ListFunctionsResponse")
                                 .field("NextMarker", &ListFunctionsOutput::next_marker)
                                 .field("Functions", &ListFunctionsOutput::functions)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
