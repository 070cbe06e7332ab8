#pragma once
/// What things and policies are attached to: certificates, thing groups, Cognito identities.
/// Source: AWS IoT API Reference, AttachThingPrincipal, DetachThingPrincipal, ListThingPrincipals(V2),
///         ListPrincipalThings(V2).

#include "services/iot/api_types.h"

namespace penstock::services::iot {

/// "arn:aws:iot:..:cert/<id>" -> "cert/<id>"; "<region>:<uuid>" -> "identity/<region>:<uuid>".
/// Errors: InvalidRequestException.
[[nodiscard]] ApiResult<std::string> parse_principal(const IotCore& core, std::string_view principal);
/// The same, and "arn:aws:iot:..:thinggroup/<name>".
[[nodiscard]] ApiResult<std::string> parse_target(const IotCore& core, std::string_view target);
/// Errors: ResourceNotFoundException when it names a certificate or a group that is not in the registry.
[[nodiscard]] ApiResult<void> check_exists(const Registry& registry, std::string_view target);

struct AttachThingPrincipalInput {
  std::string thing_name{};
  std::string principal{};
  std::optional<std::string> thing_principal_type{};
};
const codec::Shape& describe(const AttachThingPrincipalInput*);
Task<ApiResult<Empty>> attach_thing_principal(CallContext& call, AttachThingPrincipalInput input);

struct DetachThingPrincipalInput {
  std::string thing_name{};
  std::string principal{};
};
const codec::Shape& describe(const DetachThingPrincipalInput*);
Task<ApiResult<Empty>> detach_thing_principal(CallContext& call, DetachThingPrincipalInput input);

struct ListThingPrincipalsInput {
  std::string thing_name{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
};
struct ListThingPrincipalsOutput {
  std::vector<std::string> principals{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingPrincipalsInput*);
const codec::Shape& describe(const ListThingPrincipalsOutput*);
Task<ApiResult<ListThingPrincipalsOutput>> list_thing_principals(CallContext& call, ListThingPrincipalsInput input);

struct ListThingPrincipalsV2Input {
  std::string thing_name{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> thing_principal_type{};
};
struct ThingPrincipalObject {
  std::string principal{};
  std::string thing_principal_type{};
};
struct ListThingPrincipalsV2Output {
  std::vector<ThingPrincipalObject> thing_principal_objects{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingPrincipalsV2Input*);
const codec::Shape& describe(const ThingPrincipalObject*);
const codec::Shape& describe(const ListThingPrincipalsV2Output*);
Task<ApiResult<ListThingPrincipalsV2Output>> list_thing_principals_v2(CallContext& call,
                                                                      ListThingPrincipalsV2Input input);

struct ListPrincipalThingsInput {
  std::string principal{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
};
struct ListPrincipalThingsOutput {
  std::vector<std::string> things{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListPrincipalThingsInput*);
const codec::Shape& describe(const ListPrincipalThingsOutput*);
Task<ApiResult<ListPrincipalThingsOutput>> list_principal_things(CallContext& call, ListPrincipalThingsInput input);

struct ListPrincipalThingsV2Input {
  std::string principal{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> thing_principal_type{};
};
struct PrincipalThingObject {
  std::string thing_name{};
  std::string thing_principal_type{};
};
struct ListPrincipalThingsV2Output {
  std::vector<PrincipalThingObject> principal_thing_objects{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListPrincipalThingsV2Input*);
const codec::Shape& describe(const PrincipalThingObject*);
const codec::Shape& describe(const ListPrincipalThingsV2Output*);
Task<ApiResult<ListPrincipalThingsV2Output>> list_principal_things_v2(CallContext& call,
                                                                      ListPrincipalThingsV2Input input);

/// The thing, and the principal when it is a certificate of this house.
template <class Input>
[[nodiscard]] Touched touch_thing_and_principal(const CallContext& call, const void* input) {
  const auto& named = *static_cast<const Input*>(input);
  Touched touched = touch<"thing/", &Input::thing_name>(call, input);
  if (call.house.iot.resource_of(named.principal).has_value()) touched.resources.push_back(named.principal);
  return touched;
}

}  // namespace penstock::services::iot
