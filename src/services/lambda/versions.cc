#include "services/lambda/versions.h"

#include <fmt/format.h>

#include "services/lambda/code_storage.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::VersionRecord;

namespace {

/// Whether both run the same code in the same way.
bool are_alike(VersionRecord a, const VersionRecord& b) {
  a.version = b.version;
  a.description = b.description;
  a.modified = b.modified;
  a.revision_id = b.revision_id;
  return functions::to_document(a) == functions::to_document(b);
}

}  // namespace

VersionRecord publish(const functions::FunctionStore& store, functions::FunctionRecord& function,
                      const std::optional<std::string>& description, Changes& changes) {
  VersionRecord version = function.latest;
  const std::int64_t number = function.next_version++;
  version.version = fmt::format("{}", number);
  version.revision_id = new_revision(store);
  function.latest.revision_id = new_revision(store);
  if (description.has_value() && !description->empty()) version.description = *description;
  changes.push_back({.key = functions::key::of(functions::key::kVersion, functions::version_key(function.name, number)),
                     .expected = 0,
                     .bytes = functions::to_document(version)});
  return version;
}

Answer<FunctionConfiguration> publish_version(CallContext& call, PublishVersionInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference reference, parse_function(call.house, input.function_name));
  const std::string& name = reference.name;
  VersionRecord answer;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const auto present, find_function(store, registry, name));
    PENSTOCK_TRY_VOID(check_revision(input.revision_id, present->latest.revision_id));
    const std::string sha256 = code_sha256_of(present->latest.code);
    if (input.code_sha256.has_value() && !input.code_sha256->empty() && *input.code_sha256 != sha256) {
      return std::unexpected(invalid_parameter(
          fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                      "CodeSHA256 in $LATEST.",
                      input.code_sha256->substr(0, 128), sha256)));
    }
    const auto last = registry.versions().find(functions::version_key(name, present->next_version - 1));
    if (last != nullptr && are_alike(*last, present->latest)) {
      answer = *last;
      return Changes{};
    }
    PENSTOCK_TRY_VOID(check_code_storage(call, registry, present->latest.code.zip_bytes));
    functions::FunctionRecord function = *present;
    Changes changes;
    answer = publish(store, function, input.description, changes);
    changes.push_back(put(functions::key::kFunction, name, registry.functions(), function));
    return changes;
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration_of(store, answer, answer.version);
}

Answer<ListVersionsOutput> list_versions_by_function(CallContext& call, ListVersionsInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference reference, parse_function(call.house, input.function_name));
  std::vector<std::pair<std::string, FunctionConfiguration>> keyed;
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    PENSTOCK_TRY(const auto function, find_function(store, registry, reference.name));
    keyed.emplace_back("0", configuration_of(store, function->latest, functions::kLatest));
    registry.versions().each_of(reference.name, [&](std::string_view key, const VersionRecord& version) {
      keyed.emplace_back(fmt::format("1{}", key), configuration_of(store, version, version.version));
      return true;
    });
    return {};
  }));
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  for (FunctionConfiguration& one : page.items) {
    one.state.reset();
    one.last_update_status.reset();
  }
  co_return ListVersionsOutput{.next_marker = std::move(page.next_marker), .versions = std::move(page.items)};
}

const Shape& describe(const PublishVersionInput*) {
  using Input = PublishVersionInput;
  static const Shape shape = ShapeBuilder<Input>("PublishVersionRequest")
                                 .field("FunctionName", &Input::function_name, function_name_in_path())
                                 .field("CodeSha256", &Input::code_sha256)
                                 .field("Description", &Input::description, {.length = {.min = 0, .max = 256}})
                                 .field("RevisionId", &Input::revision_id)
                                 .build();
  return shape;
}

const Shape& describe(const ListVersionsInput*) {
  static const Shape shape = [] {
    ShapeBuilder<ListVersionsInput> builder("ListVersionsByFunctionRequest");
    builder.field("FunctionName", &ListVersionsInput::function_name, namespaced_name_in_path());
    add_page(builder, 10'000);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListVersionsOutput*) {
  static const Shape shape = ShapeBuilder<ListVersionsOutput>("ListVersionsByFunctionResponse")
                                 .field("NextMarker", &ListVersionsOutput::next_marker)
                                 .field("Versions", &ListVersionsOutput::versions)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
