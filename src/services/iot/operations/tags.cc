#include "services/iot/operations/tags.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

ApiError no_such_resource(std::string_view arn) { return not_found(fmt::format("Resource {} not found.", arn)); }

/// "rule/<name>" of an ARN that names something which can carry tags.
ApiResult<std::string> taggable(const IotCore& core, std::string_view arn) {
  auto resource = core.resource_of(arn);
  if (!resource.has_value()) return std::unexpected(invalid_request(fmt::format("Invalid resource ARN: {}", arn)));
  for (const std::string_view kind : {"rule/", "policy/", "thinggroup/", "thingtype/", "rolealias/"}) {
    if (resource->starts_with(kind)) return std::move(*resource);
  }
  return std::unexpected(invalid_request(fmt::format("Resource {} cannot be tagged.", arn)));
}

bool exists(const Registry& registry, std::string_view resource) {
  const auto slash = resource.find('/');
  const std::string_view kind = resource.substr(0, slash);
  const std::string_view name = resource.substr(slash + 1);
  if (kind == "rule") return registry.topic_rules().find(name) != nullptr;
  if (kind == "policy") return registry.policies().find(name) != nullptr;
  if (kind == "thinggroup") return registry.thing_groups().find(name) != nullptr;
  if (kind == "thingtype") return registry.thing_types().find(name) != nullptr;
  return registry.role_aliases().find(name) != nullptr;
}

std::vector<Tag> tags_of(const Registry& registry, std::string_view resource) {
  std::vector<Tag> out;
  const auto found = registry.tags().find(resource);
  if (found == registry.tags().end()) return out;
  for (const auto& [name, value] : found->second.tags) out.push_back({.key = name, .value = value});
  return out;
}

}  // namespace

Touched touch_tag_resource(const CallContext& /*call*/, const void* input) {
  const auto& request = *static_cast<const TagResourceInput*>(input);
  return {.resources = {request.resource_arn}, .conditions = tag_conditions(request.tags), .resource_policies = {}};
}

Touched touch_untag_resource(const CallContext& /*call*/, const void* input) {
  const auto& request = *static_cast<const UntagResourceInput*>(input);
  return {
      .resources = {request.resource_arn}, .conditions = {{"aws:TagKeys", request.tag_keys}}, .resource_policies = {}};
}

Touched touch_list_tags(const CallContext& /*call*/, const void* input) {
  const auto& request = *static_cast<const ListTagsForResourceInput*>(input);
  return {.resources = {request.resource_arn}, .conditions = {}, .resource_policies = {}};
}

Task<ApiResult<Empty>> tag_resource(CallContext& call, TagResourceInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string resource, taggable(core, input.resource_arn));
  PENSTOCK_CO_TRY_VOID(tag_changes(resource, input.tags));  // for its checks of what is given
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (!exists(registry, resource)) return std::unexpected(no_such_resource(input.resource_arn));
    std::vector<Tag> tags = tags_of(registry, resource);
    std::erase_if(
        tags, [&](const Tag& old) { return std::ranges::find(input.tags, old.key, &Tag::key) != input.tags.end(); });
    tags.insert(tags.end(), input.tags.begin(), input.tags.end());
    return tag_changes(resource, tags);
  }));
  co_return Empty{};
}

Task<ApiResult<Empty>> untag_resource(CallContext& call, UntagResourceInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string resource, taggable(core, input.resource_arn));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (!exists(registry, resource)) return std::unexpected(no_such_resource(input.resource_arn));
    const auto found = registry.tags().find(resource);
    if (found == registry.tags().end()) return Changes{};
    Tags tags = found->second;
    for (const std::string& name : input.tag_keys) tags.tags.erase(name);
    return Changes{{.key = key::tags(resource), .expected = std::nullopt, .bytes = to_document(tags)}};
  }));
  co_return Empty{};
}

Task<ApiResult<ListTagsForResourceOutput>> list_tags_for_resource(CallContext& call, ListTagsForResourceInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string resource, taggable(core, input.resource_arn));
  ListTagsForResourceOutput output;
  const bool found = core.read([&](const Registry& registry) {
    output.tags = tags_of(registry, resource);
    return exists(registry, resource);
  });
  if (!found) co_return std::unexpected(no_such_resource(input.resource_arn));
  co_return output;
}

// ---- Shapes

const Shape& describe(const TagResourceInput*) {
  static const Shape shape = ShapeBuilder<TagResourceInput>("TagResourceRequest")
                                 .field("resourceArn", &TagResourceInput::resource_arn, {.required = true})
                                 .field("tags", &TagResourceInput::tags, {.required = true})
                                 .build();
  return shape;
}

const Shape& describe(const UntagResourceInput*) {
  static const Shape shape =
      ShapeBuilder<UntagResourceInput>("UntagResourceRequest")
          .field("resourceArn", &UntagResourceInput::resource_arn, {.required = true})
          .field("tagKeys", &UntagResourceInput::tag_keys, {.required = true, .element_length = {.min = 1, .max = 128}})
          .build();
  return shape;
}

const Shape& describe(const ListTagsForResourceInput*) {
  using Input = ListTagsForResourceInput;
  static const Shape shape = ShapeBuilder<Input>("ListTagsForResourceRequest")
                                 .field("resourceArn", &Input::resource_arn,
                                        {.required = true, .place = codec::Place::query, .location = "resourceArn"})
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .build();
  return shape;
}

const Shape& describe(const ListTagsForResourceOutput*) {
  static const Shape shape = ShapeBuilder<ListTagsForResourceOutput>("ListTagsForResourceResponse")
                                 .field("tags", &ListTagsForResourceOutput::tags)
                                 .field("nextToken", &ListTagsForResourceOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
