#include "services/iot/operations/thing_types.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

codec::Rules type_in_path() { return name_in_path("thingTypeName"); }

ApiError no_such_type(std::string_view name) { return not_found(fmt::format("Thing type {} not found.", name)); }

ApiResult<void> check_properties(const ThingTypeProperties& properties) {
  if (properties.mqtt5_configuration.has_value()) {
    return std::unexpected(invalid_request("mqtt5Configuration is not implemented by Penstock."));
  }
  if (properties.searchable_attributes.has_value() &&
      properties.searchable_attributes->size() > kSearchableAttributesMax) {
    return std::unexpected(invalid_request(
        fmt::format("A thing type can have {} searchable attributes at most.", kSearchableAttributesMax)));
  }
  return {};
}

ThingTypeProperties properties_of(const ThingType& type) {
  return {.thing_type_description = type.description,
          .searchable_attributes = type.searchable_attributes,
          .mqtt5_configuration = std::nullopt};
}

ThingTypeMetadata metadata_of(const ThingType& type) {
  return {.deprecated = type.deprecated, .deprecation_date = type.deprecated_at, .creation_date = type.created};
}

Changes put_type(const Registry& registry, const ThingType& type) {
  return {{.key = key::thing_type(type.name),
           .expected = registry.thing_types().version(type.name),
           .bytes = to_document(type)}};
}

ApiResult<Changes> plan_create(const Registry& registry, ThingType& type, const Changes& tags) {
  if (const auto old = registry.thing_types().find(type.name); old != nullptr) {
    if (old->description != type.description || old->searchable_attributes != type.searchable_attributes) {
      return std::unexpected(
          already_exists(fmt::format("ThingType {} already exists in account with different properties", type.name)));
    }
    type.id = old->id;
    return Changes{};
  }
  Changes changes = put_type(registry, type);
  changes.insert(changes.end(), tags.begin(), tags.end());
  return changes;
}

ApiResult<Changes> plan_delete(const Registry& registry, std::string_view name) {
  const auto type = registry.thing_types().find(name);
  if (type == nullptr) return std::unexpected(no_such_type(name));
  if (!type->deprecated) {
    return std::unexpected(
        invalid_request(fmt::format("Cannot delete thing type : {}. The thing type must be deprecated first.", name)));
  }
  if (registry.type_in_use(name)) {
    return std::unexpected(invalid_request(
        fmt::format("Cannot delete thing type : {}. There are still things associated with it.", name)));
  }
  return Changes{
      {.key = key::thing_type(name), .expected = registry.thing_types().version(name), .bytes = std::nullopt},
      {.key = key::tags(fmt::format("thingtype/{}", name)), .expected = std::nullopt, .bytes = std::nullopt}};
}

template <class Edit>
ApiResult<Changes> plan_edit(const Registry& registry, std::string_view name, Edit&& edit) {
  const auto old = registry.thing_types().find(name);
  if (old == nullptr) return std::unexpected(no_such_type(name));
  ThingType type = *old;
  edit(type);
  return put_type(registry, type);
}

}  // namespace

Task<ApiResult<CreateThingTypeOutput>> create_thing_type(CallContext& call, CreateThingTypeInput input) {
  IotCore& core = call.house.iot;
  const ThingTypeProperties properties = input.thing_type_properties.value_or(ThingTypeProperties{});
  PENSTOCK_CO_TRY_VOID(check_properties(properties));
  PENSTOCK_CO_TRY(const Changes tags, tag_changes("thingtype/" + input.thing_type_name, input.tags));
  ThingType type{.name = input.thing_type_name,
                 .id = core.random().uuid(),
                 .description = properties.thing_type_description,
                 .searchable_attributes = properties.searchable_attributes,
                 .created = core.now()};
  PENSTOCK_CO_TRY_VOID(
      co_await core.change([&](const Registry& registry) { return plan_create(registry, type, tags); }));
  co_return CreateThingTypeOutput{
      .thing_type_name = type.name, .thing_type_arn = core.arn("thingtype/" + type.name), .thing_type_id = type.id};
}

Task<ApiResult<DescribeThingTypeOutput>> describe_thing_type(CallContext& call, ThingTypeNameInput input) {
  IotCore& core = call.house.iot;
  const auto type =
      core.read([&](const Registry& registry) { return registry.thing_types().find(input.thing_type_name); });
  if (type == nullptr) co_return std::unexpected(no_such_type(input.thing_type_name));
  co_return DescribeThingTypeOutput{.thing_type_name = type->name,
                                    .thing_type_id = type->id,
                                    .thing_type_arn = core.arn("thingtype/" + type->name),
                                    .thing_type_properties = properties_of(*type),
                                    .thing_type_metadata = metadata_of(*type)};
}

Task<ApiResult<Empty>> delete_thing_type(CallContext& call, ThingTypeNameInput input) {
  // AWS asks for five minutes between deprecation and deletion; there is nothing to wait for here.
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change(
      [&](const Registry& registry) { return plan_delete(registry, input.thing_type_name); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> update_thing_type(CallContext& call, UpdateThingTypeInput input) {
  const ThingTypeProperties properties = input.thing_type_properties.value_or(ThingTypeProperties{});
  PENSTOCK_CO_TRY_VOID(check_properties(properties));
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) {
    return plan_edit(registry, input.thing_type_name, [&](ThingType& type) {
      type.description = properties.thing_type_description;
      type.searchable_attributes = properties.searchable_attributes;
    });
  }));
  co_return Empty{};
}

Task<ApiResult<Empty>> deprecate_thing_type(CallContext& call, DeprecateThingTypeInput input) {
  const bool deprecate = !input.undo_deprecate.value_or(false);
  const Timestamp now = call.house.iot.now();
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) {
    return plan_edit(registry, input.thing_type_name, [&](ThingType& type) {
      type.deprecated = deprecate;
      type.deprecated_at = deprecate ? std::optional(now) : std::nullopt;
    });
  }));
  co_return Empty{};
}

Task<ApiResult<ListThingTypesOutput>> list_thing_types(CallContext& call, ListThingTypesInput input) {
  const IotCore& core = call.house.iot;
  ListThingTypesOutput output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) {
    return page_by_name(registry.thing_types().rows(), input.next_token, input.max_results, [&](const auto& row) {
      const ThingType& type = *row.second.record;
      if (input.thing_type_name.has_value() && type.name != *input.thing_type_name) return false;
      output.thing_types.push_back({.thing_type_name = type.name,
                                    .thing_type_arn = core.arn("thingtype/" + type.name),
                                    .thing_type_properties = properties_of(type),
                                    .thing_type_metadata = metadata_of(type)});
      return true;
    });
  }));
  co_return output;
}

// ---- Shapes

const Shape& describe(const ThingTypeProperties*) {
  using Properties = ThingTypeProperties;
  static const Shape shape =
      ShapeBuilder<Properties>("ThingTypeProperties")
          .field("thingTypeDescription", &Properties::thing_type_description, {.length = {.max = 2028}})
          .field("searchableAttributes", &Properties::searchable_attributes,
                 {.element_length = {.max = 128}, .element_pattern = "[a-zA-Z0-9_.,@/:#-]+"})
          .field("mqtt5Configuration", &Properties::mqtt5_configuration)
          .build();
  return shape;
}

const Shape& describe(const CreateThingTypeInput*) {
  using Input = CreateThingTypeInput;
  static const Shape shape = ShapeBuilder<Input>("CreateThingTypeRequest")
                                 .field("thingTypeName", &Input::thing_type_name, type_in_path())
                                 .field("thingTypeProperties", &Input::thing_type_properties)
                                 .field("tags", &Input::tags)
                                 .build();
  return shape;
}

const Shape& describe(const CreateThingTypeOutput*) {
  static const Shape shape = ShapeBuilder<CreateThingTypeOutput>("CreateThingTypeResponse")
                                 .field("thingTypeName", &CreateThingTypeOutput::thing_type_name)
                                 .field("thingTypeArn", &CreateThingTypeOutput::thing_type_arn)
                                 .field("thingTypeId", &CreateThingTypeOutput::thing_type_id)
                                 .build();
  return shape;
}

const Shape& describe(const ThingTypeMetadata*) {
  static const Shape shape = ShapeBuilder<ThingTypeMetadata>("ThingTypeMetadata")
                                 .field("deprecated", &ThingTypeMetadata::deprecated)
                                 .field("deprecationDate", &ThingTypeMetadata::deprecation_date)
                                 .field("creationDate", &ThingTypeMetadata::creation_date)
                                 .build();
  return shape;
}

const Shape& describe(const ThingTypeNameInput*) {
  static const Shape shape = ShapeBuilder<ThingTypeNameInput>("ThingTypeRequest")
                                 .field("thingTypeName", &ThingTypeNameInput::thing_type_name, type_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const DescribeThingTypeOutput*) {
  using Output = DescribeThingTypeOutput;
  static const Shape shape = ShapeBuilder<Output>("DescribeThingTypeResponse")
                                 .field("thingTypeName", &Output::thing_type_name)
                                 .field("thingTypeId", &Output::thing_type_id)
                                 .field("thingTypeArn", &Output::thing_type_arn)
                                 .field("thingTypeProperties", &Output::thing_type_properties)
                                 .field("thingTypeMetadata", &Output::thing_type_metadata)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateThingTypeInput*) {
  static const Shape shape = ShapeBuilder<UpdateThingTypeInput>("UpdateThingTypeRequest")
                                 .field("thingTypeName", &UpdateThingTypeInput::thing_type_name, type_in_path())
                                 .field("thingTypeProperties", &UpdateThingTypeInput::thing_type_properties)
                                 .build();
  return shape;
}

const Shape& describe(const DeprecateThingTypeInput*) {
  static const Shape shape = ShapeBuilder<DeprecateThingTypeInput>("DeprecateThingTypeRequest")
                                 .field("thingTypeName", &DeprecateThingTypeInput::thing_type_name, type_in_path())
                                 .field("undoDeprecate", &DeprecateThingTypeInput::undo_deprecate)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingTypesInput*) {
  using Input = ListThingTypesInput;
  static const Shape shape = ShapeBuilder<Input>("ListThingTypesRequest")
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .field("thingTypeName", &Input::thing_type_name, in_query("thingTypeName"))
                                 .build();
  return shape;
}

const Shape& describe(const ThingTypeDefinition*) {
  using Definition = ThingTypeDefinition;
  static const Shape shape = ShapeBuilder<Definition>("ThingTypeDefinition")
                                 .field("thingTypeName", &Definition::thing_type_name)
                                 .field("thingTypeArn", &Definition::thing_type_arn)
                                 .field("thingTypeProperties", &Definition::thing_type_properties)
                                 .field("thingTypeMetadata", &Definition::thing_type_metadata)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingTypesOutput*) {
  static const Shape shape = ShapeBuilder<ListThingTypesOutput>("ListThingTypesResponse")
                                 .field("thingTypes", &ListThingTypesOutput::thing_types)
                                 .field("nextToken", &ListThingTypesOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
