#include "services/iot/operations/principals.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kExclusive = "EXCLUSIVE_THING";
constexpr std::string_view kNonExclusive = "NON_EXCLUSIVE_THING";
constexpr std::size_t kIdentityBytesMax = 128;
constexpr std::string_view kCertificate = "cert/";
constexpr std::string_view kThingGroup = "thinggroup/";

codec::Rules principal_in_header() { return in_header("x-amzn-principal"); }

codec::Rules type_in_query() {
  return {.one_of = {kExclusive, kNonExclusive}, .place = codec::Place::query, .location = "thingPrincipalType"};
}

ApiError no_such_thing(std::string_view name) { return not_found(fmt::format("Thing {} not found.", name)); }

std::string type_of_link(const Link& link) { return std::string(link.exclusive ? kExclusive : kNonExclusive); }

bool type_wanted(const Link& link, const std::optional<std::string>& type) {
  return !type.has_value() || (*type == kExclusive) == link.exclusive;
}

ApiResult<Changes> plan_attach(const Registry& registry, std::string_view thing, std::string_view principal,
                               const Link& link) {
  if (registry.things().find(thing) == nullptr) return std::unexpected(no_such_thing(thing));
  PENSTOCK_TRY_VOID(check_exists(registry, principal));
  const auto& things = registry.thing_principals().to(principal);
  for (const auto& [other, row] : things) {
    if (other == thing && row.link.exclusive == link.exclusive) return Changes{};
    if (other != thing && (row.link.exclusive || link.exclusive)) {
      return std::unexpected(invalid_request(
          fmt::format("The principal is already attached to the thing {} and cannot be attached exclusively.", other)));
    }
  }
  const Links::Row* old = registry.thing_principals().find(thing, principal);
  return Changes{{.key = key::thing_principal(thing, principal),
                  .expected = old == nullptr ? 0 : old->version,
                  .bytes = to_document(link)}};
}

ApiResult<Changes> plan_detach(const Registry& registry, std::string_view thing, std::string_view principal) {
  if (registry.things().find(thing) == nullptr) return std::unexpected(no_such_thing(thing));
  const Links::Row* link = registry.thing_principals().find(thing, principal);
  if (link == nullptr) return Changes{};
  return Changes{{.key = key::thing_principal(thing, principal), .expected = link->version, .bytes = std::nullopt}};
}

}  // namespace

ApiResult<std::string> parse_principal(const IotCore& core, std::string_view principal) {
  if (auto resource = core.resource_of(principal); resource.has_value() && resource->starts_with(kCertificate)) {
    return std::move(*resource);
  }
  const bool identity = principal.find(':') != std::string_view::npos && !principal.starts_with("arn:") &&
                        principal.find('/') == std::string_view::npos && principal.size() <= kIdentityBytesMax;
  if (identity) return fmt::format("identity/{}", principal);
  return std::unexpected(invalid_request(
      fmt::format("The principal {} is neither the ARN of a certificate nor a Cognito identity.", principal)));
}

ApiResult<std::string> parse_target(const IotCore& core, std::string_view target) {
  if (auto resource = core.resource_of(target); resource.has_value() && resource->starts_with(kThingGroup)) {
    return std::move(*resource);
  }
  auto principal = parse_principal(core, target);
  if (principal.has_value()) return principal;
  return std::unexpected(invalid_request(
      fmt::format("The target {} is neither the ARN of a certificate or thing group nor a Cognito identity.", target)));
}

ApiResult<void> check_exists(const Registry& registry, std::string_view target) {
  if (target.starts_with(kCertificate) && registry.certificates().find(target.substr(kCertificate.size())) == nullptr) {
    return std::unexpected(not_found("The certificate given in the principal does not exist."));
  }
  if (target.starts_with(kThingGroup) && registry.thing_groups().find(target.substr(kThingGroup.size())) == nullptr) {
    return std::unexpected(not_found(fmt::format("Thing group {} not found.", target.substr(kThingGroup.size()))));
  }
  return {};
}

Task<ApiResult<Empty>> attach_thing_principal(CallContext& call, AttachThingPrincipalInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string principal, parse_principal(core, input.principal));
  const Link link{.created = core.now(), .exclusive = input.thing_principal_type == kExclusive};
  PENSTOCK_CO_TRY_VOID(co_await core.change(
      [&](const Registry& registry) { return plan_attach(registry, input.thing_name, principal, link); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> detach_thing_principal(CallContext& call, DetachThingPrincipalInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string principal, parse_principal(core, input.principal));
  PENSTOCK_CO_TRY_VOID(co_await core.change(
      [&](const Registry& registry) { return plan_detach(registry, input.thing_name, principal); }));
  co_return Empty{};
}

Task<ApiResult<ListThingPrincipalsV2Output>> list_thing_principals_v2(CallContext& call,
                                                                      ListThingPrincipalsV2Input input) {
  const IotCore& core = call.house.iot;
  ListThingPrincipalsV2Output output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    if (registry.things().find(input.thing_name) == nullptr) {
      return std::unexpected(no_such_thing(input.thing_name));
    }
    const auto& rows = registry.thing_principals().from(input.thing_name);
    return page_by_name(rows, input.next_token, input.max_results, [&](const auto& row) {
      if (!type_wanted(row.second.link, input.thing_principal_type)) return false;
      output.thing_principal_objects.push_back(
          {.principal = core.arn(row.first), .thing_principal_type = type_of_link(row.second.link)});
      return true;
    });
  }));
  co_return output;
}

Task<ApiResult<ListThingPrincipalsOutput>> list_thing_principals(CallContext& call, ListThingPrincipalsInput input) {
  PENSTOCK_CO_TRY(ListThingPrincipalsV2Output found,
                  co_await list_thing_principals_v2(call, {.thing_name = std::move(input.thing_name),
                                                           .next_token = std::move(input.next_token),
                                                           .max_results = input.max_results}));
  ListThingPrincipalsOutput output{.principals = {}, .next_token = std::move(found.next_token)};
  for (auto& object : found.thing_principal_objects) output.principals.push_back(std::move(object.principal));
  co_return output;
}

Task<ApiResult<ListPrincipalThingsV2Output>> list_principal_things_v2(CallContext& call,
                                                                      ListPrincipalThingsV2Input input) {
  const IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const std::string principal, parse_principal(core, input.principal));
  ListPrincipalThingsV2Output output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    PENSTOCK_TRY_VOID(check_exists(registry, principal));
    const auto& rows = registry.thing_principals().to(principal);
    return page_by_name(rows, input.next_token, input.max_results, [&](const auto& row) {
      if (!type_wanted(row.second.link, input.thing_principal_type)) return false;
      output.principal_thing_objects.push_back(
          {.thing_name = row.first, .thing_principal_type = type_of_link(row.second.link)});
      return true;
    });
  }));
  co_return output;
}

Task<ApiResult<ListPrincipalThingsOutput>> list_principal_things(CallContext& call, ListPrincipalThingsInput input) {
  PENSTOCK_CO_TRY(ListPrincipalThingsV2Output found,
                  co_await list_principal_things_v2(call, {.principal = std::move(input.principal),
                                                           .next_token = std::move(input.next_token),
                                                           .max_results = input.max_results}));
  ListPrincipalThingsOutput output{.things = {}, .next_token = std::move(found.next_token)};
  for (auto& object : found.principal_thing_objects) output.things.push_back(std::move(object.thing_name));
  co_return output;
}

// ---- Shapes

const Shape& describe(const AttachThingPrincipalInput*) {
  using Input = AttachThingPrincipalInput;
  static const Shape shape = ShapeBuilder<Input>("AttachThingPrincipalRequest")
                                 .field("thingName", &Input::thing_name, name_in_path("thingName"))
                                 .field("principal", &Input::principal, principal_in_header())
                                 .field("thingPrincipalType", &Input::thing_principal_type, type_in_query())
                                 .build();
  return shape;
}

const Shape& describe(const DetachThingPrincipalInput*) {
  using Input = DetachThingPrincipalInput;
  static const Shape shape = ShapeBuilder<Input>("DetachThingPrincipalRequest")
                                 .field("thingName", &Input::thing_name, name_in_path("thingName"))
                                 .field("principal", &Input::principal, principal_in_header())
                                 .build();
  return shape;
}

const Shape& describe(const ListThingPrincipalsInput*) {
  using Input = ListThingPrincipalsInput;
  static const Shape shape = ShapeBuilder<Input>("ListThingPrincipalsRequest")
                                 .field("thingName", &Input::thing_name, name_in_path("thingName"))
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .build();
  return shape;
}

const Shape& describe(const ListThingPrincipalsOutput*) {
  static const Shape shape = ShapeBuilder<ListThingPrincipalsOutput>("ListThingPrincipalsResponse")
                                 .field("principals", &ListThingPrincipalsOutput::principals)
                                 .field("nextToken", &ListThingPrincipalsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingPrincipalsV2Input*) {
  using Input = ListThingPrincipalsV2Input;
  static const Shape shape = ShapeBuilder<Input>("ListThingPrincipalsV2Request")
                                 .field("thingName", &Input::thing_name, name_in_path("thingName"))
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .field("thingPrincipalType", &Input::thing_principal_type, type_in_query())
                                 .build();
  return shape;
}

const Shape& describe(const ThingPrincipalObject*) {
  static const Shape shape = ShapeBuilder<ThingPrincipalObject>("ThingPrincipalObject")
                                 .field("principal", &ThingPrincipalObject::principal)
                                 .field("thingPrincipalType", &ThingPrincipalObject::thing_principal_type)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingPrincipalsV2Output*) {
  static const Shape shape = ShapeBuilder<ListThingPrincipalsV2Output>("ListThingPrincipalsV2Response")
                                 .field("thingPrincipalObjects", &ListThingPrincipalsV2Output::thing_principal_objects)
                                 .field("nextToken", &ListThingPrincipalsV2Output::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const ListPrincipalThingsInput*) {
  using Input = ListPrincipalThingsInput;
  static const Shape shape = ShapeBuilder<Input>("ListPrincipalThingsRequest")
                                 .field("principal", &Input::principal, principal_in_header())
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .build();
  return shape;
}

const Shape& describe(const ListPrincipalThingsOutput*) {
  static const Shape shape = ShapeBuilder<ListPrincipalThingsOutput>("ListPrincipalThingsResponse")
                                 .field("things", &ListPrincipalThingsOutput::things)
                                 .field("nextToken", &ListPrincipalThingsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const ListPrincipalThingsV2Input*) {
  using Input = ListPrincipalThingsV2Input;
  static const Shape shape = ShapeBuilder<Input>("ListPrincipalThingsV2Request")
                                 .field("principal", &Input::principal, principal_in_header())
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .field("thingPrincipalType", &Input::thing_principal_type, type_in_query())
                                 .build();
  return shape;
}

const Shape& describe(const PrincipalThingObject*) {
  static const Shape shape = ShapeBuilder<PrincipalThingObject>("PrincipalThingObject")
                                 .field("thingName", &PrincipalThingObject::thing_name)
                                 .field("thingPrincipalType", &PrincipalThingObject::thing_principal_type)
                                 .build();
  return shape;
}

const Shape& describe(const ListPrincipalThingsV2Output*) {
  static const Shape shape = ShapeBuilder<ListPrincipalThingsV2Output>("ListPrincipalThingsV2Response")
                                 .field("principalThingObjects", &ListPrincipalThingsV2Output::principal_thing_objects)
                                 .field("nextToken", &ListPrincipalThingsV2Output::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
