#include "services/lambda/tags.h"

#include <fmt/format.h>

#include "services/lambda/event_source_mappings.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

/// As recorded in 2024-10.
constexpr std::string_view kResourcePattern =
    "arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:"
    "(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}"
    "|"
    "event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})";

codec::Rules resource_in_path() {
  return {.required = true,
          .length = {.min = 1, .max = 256},
          .pattern = kResourcePattern,
          .place = codec::Place::path,
          .location = "ARN"};
}

ApiResult<std::string> tagged_function(const CallContext& call, std::string_view arn) {
  if (arn.contains(":layer:") || arn.contains(":code-signing-config:")) {
    return std::unexpected(unsupported("Penstock has tags of functions and event source mappings only."));
  }
  PENSTOCK_TRY(const FunctionReference function, parse_function(call.house, arn));
  if (function.qualifier.empty()) return function.name;
  return std::unexpected(
      invalid_parameter("Tags on function aliases and versions are not supported. Please specify a "
                        "function ARN."));
}

/// The mapping that an ARN names, if it names one; it is of this account and region.
ApiResult<std::optional<std::string>> tagged_mapping(const CallContext& call, std::string_view arn) {
  auto mapping = mapping_in_arn(arn);
  if (!mapping.has_value()) return mapping;
  const std::string here = fmt::format("arn:aws:lambda:{}:{}:", call.house.region, call.house.account);
  if (arn.starts_with(here)) return mapping;
  return std::unexpected(not_found(fmt::format("Event source mapping not found: {}", arn)));
}

/// Changes the tags of a function and its RevisionId (recorded 2024-04), not its configuration.
template <class Edit>
Answer<Empty> change_tags(functions::FunctionStore& store, std::string name, Edit edit) {
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    PENSTOCK_TRY(const auto present, find_function(store, registry, name));
    functions::FunctionRecord function = *present;
    edit(function.tags);
    PENSTOCK_TRY_VOID(check_tags(function.tags));
    function.latest.revision_id = new_revision(store);
    return Changes{put(functions::key::kFunction, name, registry.functions(), function)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

}  // namespace

Touched touch_tag_resource(const CallContext& /*call*/, const void* input) {
  const auto& request = *static_cast<const TagResourceInput*>(input);
  return {.resources = {request.resource}, .conditions = tag_conditions(request.tags), .resource_policies = {}};
}

Touched touch_untag_resource(const CallContext& /*call*/, const void* input) {
  const auto& request = *static_cast<const UntagResourceInput*>(input);
  return {.resources = {request.resource}, .conditions = {{"aws:TagKeys", request.tag_keys}}, .resource_policies = {}};
}

Touched touch_list_tags(const CallContext& /*call*/, const void* input) {
  return {.resources = {static_cast<const ListTagsInput*>(input)->resource}, .conditions = {}, .resource_policies = {}};
}

Answer<Empty> tag_resource(CallContext& call, TagResourceInput input) {
  PENSTOCK_CO_TRY(const auto mapping, tagged_mapping(call, input.resource));
  if (mapping.has_value()) {
    PENSTOCK_CO_TRY_VOID(co_await change_mapping_tags(call, *mapping, std::move(input.tags), {}));
    co_return Empty{};
  }
  PENSTOCK_CO_TRY(std::string name, tagged_function(call, input.resource));
  if (input.tags.empty()) {
    co_return std::unexpected(invalid_parameter("An error occurred and the request cannot be processed."));
  }
  co_return co_await change_tags(store_of(call), std::move(name), [&](functions::Names& tags) {
    for (const auto& [key, value] : input.tags) tags.insert_or_assign(key, value);
  });
}

Answer<Empty> untag_resource(CallContext& call, UntagResourceInput input) {
  PENSTOCK_CO_TRY(const auto mapping, tagged_mapping(call, input.resource));
  if (mapping.has_value()) {
    PENSTOCK_CO_TRY_VOID(co_await change_mapping_tags(call, *mapping, {}, std::move(input.tag_keys)));
    co_return Empty{};
  }
  PENSTOCK_CO_TRY(std::string name, tagged_function(call, input.resource));
  co_return co_await change_tags(store_of(call), std::move(name), [&](functions::Names& tags) {
    for (const std::string& key : input.tag_keys) tags.erase(key);
  });
}

Answer<ListTagsOutput> list_tags(CallContext& call, ListTagsInput input) {
  PENSTOCK_CO_TRY(const auto mapping, tagged_mapping(call, input.resource));
  if (mapping.has_value()) {
    PENSTOCK_CO_TRY(auto tags, mapping_tags(call, *mapping));
    co_return ListTagsOutput{.tags = std::move(tags)};
  }
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const std::string name, tagged_function(call, input.resource));
  PENSTOCK_CO_TRY(const auto function,
                  store.read([&](const FunctionRegistry& registry) { return find_function(store, registry, name); }));
  co_return ListTagsOutput{.tags = function->tags};
}

const Shape& describe(const TagResourceInput*) {
  static const Shape shape = ShapeBuilder<TagResourceInput>("TagResourceRequest")
                                 .field("Resource", &TagResourceInput::resource, resource_in_path())
                                 .field("Tags", &TagResourceInput::tags, {.required = true})
                                 .build();
  return shape;
}

const Shape& describe(const UntagResourceInput*) {
  static const Shape shape = ShapeBuilder<UntagResourceInput>("UntagResourceRequest")
                                 .field("Resource", &UntagResourceInput::resource, resource_in_path())
                                 .field("TagKeys", &UntagResourceInput::tag_keys,
                                        {.required = true, .place = codec::Place::query, .location = "tagKeys"})
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsInput*) {
  static const Shape shape = ShapeBuilder<ListTagsInput>("ListTagsRequest")
                                 .field("Resource", &ListTagsInput::resource, resource_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsOutput*) {
  static const Shape shape =
      ShapeBuilder<ListTagsOutput>("ListTagsResponse").field("Tags", &ListTagsOutput::tags).build();
  return shape;
}

}  // namespace penstock::services::lambda
