#include "services/iot/operations/things.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

/// The checks that hold for every thing that is about to be written.
ApiResult<void> check_thing(const Registry& registry, const Thing& thing, bool type_is_new) {
  if (thing.type.has_value()) {
    const auto type = registry.thing_types().find(*thing.type);
    if (type == nullptr) return std::unexpected(not_found(fmt::format("Thing type {} not found.", *thing.type)));
    if (type->deprecated && type_is_new) {
      return std::unexpected(
          invalid_request(fmt::format("Can not create new thing with deprecated thing type:{}", *thing.type)));
    }
  }
  const std::size_t most = thing.type.has_value() ? kAttributesMax : kAttributesWithoutTypeMax;
  if (thing.attributes.size() > most) {
    return std::unexpected(invalid_request(fmt::format("A thing {} a thing type can have {} attributes at most.",
                                                       thing.type.has_value() ? "with" : "without", most)));
  }
  return {};
}

ApiError no_such_thing(std::string_view name) { return not_found(fmt::format("Thing {} not found.", name)); }

ApiError wrong_version(std::string_view name) {
  return version_conflict(fmt::format("The version for thing {} does not match the expected version.", name));
}

Changes put_thing(const Registry& registry, const Thing& thing) {
  return {
      {.key = key::thing(thing.name), .expected = registry.things().version(thing.name), .bytes = to_document(thing)}};
}

ApiResult<Changes> plan_update(const Registry& registry, const UpdateThingInput& input) {
  const auto old = registry.things().find(input.thing_name);
  if (old == nullptr) return std::unexpected(no_such_thing(input.thing_name));
  if (input.expected_version.has_value() && *input.expected_version != old->version) {
    return std::unexpected(wrong_version(input.thing_name));
  }
  Thing thing = *old;
  if (input.remove_thing_type.value_or(false)) thing.type.reset();
  if (input.thing_type_name.has_value()) thing.type = input.thing_type_name;
  if (input.attribute_payload.has_value()) {
    thing.attributes = apply_payload(std::move(thing.attributes), *input.attribute_payload);
  }
  PENSTOCK_TRY_VOID(check_thing(registry, thing, thing.type != old->type));
  ++thing.version;
  return put_thing(registry, thing);
}

ApiResult<Changes> plan_delete(const Registry& registry, const DeleteThingInput& input) {
  const auto thing = registry.things().find(input.thing_name);
  if (thing == nullptr) return Changes{};  // AWS: deleting a thing that does not exist succeeds
  if (input.expected_version.has_value() && *input.expected_version != thing->version) {
    return std::unexpected(wrong_version(input.thing_name));
  }
  if (!registry.thing_principals().from(input.thing_name).empty()) {
    return std::unexpected(invalid_request(
        fmt::format("Cannot delete. Thing {} is still attached to one or more principals", input.thing_name)));
  }
  Changes changes{{.key = key::thing(input.thing_name),
                   .expected = registry.things().version(input.thing_name),
                   .bytes = std::nullopt}};
  for (const auto& [group, row] : registry.group_things().to(input.thing_name)) {
    changes.push_back(
        {.key = key::group_thing(group, input.thing_name), .expected = row.version, .bytes = std::nullopt});
  }
  return changes;
}

/// Whether ListThings' filters let a thing through.
bool wanted(const Thing& thing, const ListThingsInput& input) {
  if (input.thing_type_name.has_value() && thing.type != input.thing_type_name) return false;
  if (!input.attribute_name.has_value()) return true;
  const auto attribute = thing.attributes.find(*input.attribute_name);
  if (attribute == thing.attributes.end()) return false;
  if (!input.attribute_value.has_value()) return true;
  if (input.use_prefix_attribute_value.value_or(false)) return attribute->second.starts_with(*input.attribute_value);
  return attribute->second == *input.attribute_value;
}

}  // namespace

Attributes apply_payload(Attributes before, const AttributePayload& payload) {
  Attributes after = payload.merge.value_or(false) ? std::move(before) : Attributes{};
  if (!payload.attributes.has_value()) return after;
  for (const auto& [name, value] : *payload.attributes) {
    if (value.empty()) {
      after.erase(name);
    } else {
      after[name] = value;
    }
  }
  return after;
}

Task<ApiResult<CreateThingOutput>> create_thing(CallContext& call, CreateThingInput input) {
  IotCore& core = call.house.iot;
  if (input.billing_group_name.has_value()) {
    co_return std::unexpected(invalid_request("billingGroupName: billing groups are not implemented by Penstock."));
  }
  Thing thing{.name = input.thing_name,
              .id = core.random().uuid(),
              .type = input.thing_type_name,
              .attributes = apply_payload({}, input.attribute_payload.value_or(AttributePayload{})),
              .created = core.now()};
  PENSTOCK_CO_TRY_VOID(co_await core.change([&thing](const Registry& registry) -> ApiResult<Changes> {
    if (const auto old = registry.things().find(thing.name); old != nullptr) {
      // AWS: the same call again succeeds, another configuration under the same name does not.
      if (old->type != thing.type || old->attributes != thing.attributes) {
        return std::unexpected(
            already_exists(fmt::format("Thing {} already exists in account with different attributes", thing.name)));
      }
      thing.id = old->id;
      return Changes{};
    }
    PENSTOCK_TRY_VOID(check_thing(registry, thing, true));
    return put_thing(registry, thing);
  }));
  co_return CreateThingOutput{
      .thing_name = thing.name, .thing_arn = core.arn("thing/" + thing.name), .thing_id = thing.id};
}

Task<ApiResult<DescribeThingOutput>> describe_thing(CallContext& call, DescribeThingInput input) {
  IotCore& core = call.house.iot;
  const auto thing = core.read([&](const Registry& registry) { return registry.things().find(input.thing_name); });
  if (thing == nullptr) co_return std::unexpected(no_such_thing(input.thing_name));
  co_return DescribeThingOutput{.default_client_id = thing->name,
                                .thing_name = thing->name,
                                .thing_id = thing->id,
                                .thing_arn = core.arn("thing/" + thing->name),
                                .thing_type_name = thing->type,
                                .attributes = thing->attributes,
                                .version = thing->version};
}

Task<ApiResult<Empty>> update_thing(CallContext& call, UpdateThingInput input) {
  if (input.remove_thing_type.value_or(false) && input.thing_type_name.has_value()) {
    co_return std::unexpected(
        invalid_request("A thing type name must not be given when the thing type is to be removed."));
  }
  PENSTOCK_CO_TRY_VOID(
      co_await call.house.iot.change([&input](const Registry& registry) { return plan_update(registry, input); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> delete_thing(CallContext& call, DeleteThingInput input) {
  PENSTOCK_CO_TRY_VOID(
      co_await call.house.iot.change([&input](const Registry& registry) { return plan_delete(registry, input); }));
  co_return Empty{};
}

Task<ApiResult<ListThingsOutput>> list_things(CallContext& call, ListThingsInput input) {
  if (input.attribute_value.has_value() && !input.attribute_name.has_value()) {
    co_return std::unexpected(invalid_request("attributeValue needs attributeName."));
  }
  const IotCore& core = call.house.iot;
  ListThingsOutput output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) {
    return page_by_name(registry.things().rows(), input.next_token, input.max_results, [&](const auto& row) {
      const Thing& thing = *row.second.record;
      if (!wanted(thing, input)) return false;
      output.things.push_back({.thing_name = thing.name,
                               .thing_type_name = thing.type,
                               .thing_arn = core.arn("thing/" + thing.name),
                               .attributes = thing.attributes,
                               .version = thing.version});
      return true;
    });
  }));
  co_return output;
}

// ---- Shapes

const Shape& describe(const AttributePayload*) {
  static const Shape shape = ShapeBuilder<AttributePayload>("AttributePayload")
                                 .field("attributes", &AttributePayload::attributes,
                                        {.element_length = {.max = 800},
                                         .element_pattern = "[a-zA-Z0-9_.,@/:#=\\[\\]-]*",
                                         .key_length = {.max = 128},
                                         .key_pattern = "[a-zA-Z0-9_.,@/:#-]+"})
                                 .field("merge", &AttributePayload::merge)
                                 .build();
  return shape;
}

const Shape& describe(const CreateThingInput*) {
  static const Shape shape = ShapeBuilder<CreateThingInput>("CreateThingRequest")
                                 .field("thingName", &CreateThingInput::thing_name, name_in_path("thingName"))
                                 .field("thingTypeName", &CreateThingInput::thing_type_name, name_in_body())
                                 .field("attributePayload", &CreateThingInput::attribute_payload)
                                 .field("billingGroupName", &CreateThingInput::billing_group_name, name_in_body())
                                 .build();
  return shape;
}

const Shape& describe(const CreateThingOutput*) {
  static const Shape shape = ShapeBuilder<CreateThingOutput>("CreateThingResponse")
                                 .field("thingName", &CreateThingOutput::thing_name)
                                 .field("thingArn", &CreateThingOutput::thing_arn)
                                 .field("thingId", &CreateThingOutput::thing_id)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeThingInput*) {
  static const Shape shape = ShapeBuilder<DescribeThingInput>("DescribeThingRequest")
                                 .field("thingName", &DescribeThingInput::thing_name, name_in_path("thingName"))
                                 .build();
  return shape;
}

const Shape& describe(const DescribeThingOutput*) {
  static const Shape shape = ShapeBuilder<DescribeThingOutput>("DescribeThingResponse")
                                 .field("defaultClientId", &DescribeThingOutput::default_client_id)
                                 .field("thingName", &DescribeThingOutput::thing_name)
                                 .field("thingId", &DescribeThingOutput::thing_id)
                                 .field("thingArn", &DescribeThingOutput::thing_arn)
                                 .field("thingTypeName", &DescribeThingOutput::thing_type_name)
                                 .field("attributes", &DescribeThingOutput::attributes)
                                 .field("version", &DescribeThingOutput::version)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateThingInput*) {
  static const Shape shape = ShapeBuilder<UpdateThingInput>("UpdateThingRequest")
                                 .field("thingName", &UpdateThingInput::thing_name, name_in_path("thingName"))
                                 .field("thingTypeName", &UpdateThingInput::thing_type_name, name_in_body())
                                 .field("attributePayload", &UpdateThingInput::attribute_payload)
                                 .field("expectedVersion", &UpdateThingInput::expected_version)
                                 .field("removeThingType", &UpdateThingInput::remove_thing_type)
                                 .build();
  return shape;
}

const Shape& describe(const DeleteThingInput*) {
  static const Shape shape =
      ShapeBuilder<DeleteThingInput>("DeleteThingRequest")
          .field("thingName", &DeleteThingInput::thing_name, name_in_path("thingName"))
          .field("expectedVersion", &DeleteThingInput::expected_version, in_query("expectedVersion"))
          .build();
  return shape;
}

const Shape& describe(const ListThingsInput*) {
  using Input = ListThingsInput;
  static const Shape shape =
      ShapeBuilder<Input>("ListThingsRequest")
          .field("nextToken", &Input::next_token, in_query("nextToken"))
          .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
          .field("attributeName", &Input::attribute_name, in_query("attributeName"))
          .field("attributeValue", &Input::attribute_value, in_query("attributeValue"))
          .field("thingTypeName", &Input::thing_type_name, in_query("thingTypeName"))
          .field("usePrefixAttributeValue", &Input::use_prefix_attribute_value, in_query("usePrefixAttributeValue"))
          .build();
  return shape;
}

const Shape& describe(const ThingAttribute*) {
  static const Shape shape = ShapeBuilder<ThingAttribute>("ThingAttribute")
                                 .field("thingName", &ThingAttribute::thing_name)
                                 .field("thingTypeName", &ThingAttribute::thing_type_name)
                                 .field("thingArn", &ThingAttribute::thing_arn)
                                 .field("attributes", &ThingAttribute::attributes)
                                 .field("version", &ThingAttribute::version)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingsOutput*) {
  static const Shape shape = ShapeBuilder<ListThingsOutput>("ListThingsResponse")
                                 .field("things", &ListThingsOutput::things)
                                 .field("nextToken", &ListThingsOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
