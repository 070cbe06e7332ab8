#pragma once
/// Things and what they are attached to.
/// Source: AWS IoT API Reference, CreateThing, DescribeThing, UpdateThing, DeleteThing, ListThings,
///         AttachThingPrincipal, DetachThingPrincipal, ListThingPrincipals(V2), ListPrincipalThings(V2).

#include "services/iot/api_types.h"

namespace penstock::services::iot {

inline constexpr std::size_t kAttributesMax = 50;            ///< AWS IoT Core quotas: of a thing with a thing type
inline constexpr std::size_t kAttributesWithoutTypeMax = 3;  ///< of a thing without one

struct AttributePayload {
  std::optional<Attributes> attributes{};
  std::optional<bool> merge{};
};
const codec::Shape& describe(const AttributePayload*);

/// What an attribute payload makes of the attributes that were there: merge adds to them, an empty value removes.
[[nodiscard]] Attributes apply_payload(Attributes before, const AttributePayload& payload);

struct CreateThingInput {
  std::string thing_name{};
  std::optional<std::string> thing_type_name{};
  std::optional<AttributePayload> attribute_payload{};
  std::optional<std::string> billing_group_name{};
};
struct CreateThingOutput {
  std::string thing_name{};
  std::string thing_arn{};
  std::string thing_id{};
};
const codec::Shape& describe(const CreateThingInput*);
const codec::Shape& describe(const CreateThingOutput*);
Task<ApiResult<CreateThingOutput>> create_thing(CallContext& call, CreateThingInput input);

struct DescribeThingInput {
  std::string thing_name{};
};
struct DescribeThingOutput {
  std::string default_client_id{};
  std::string thing_name{};
  std::string thing_id{};
  std::string thing_arn{};
  std::optional<std::string> thing_type_name{};
  Attributes attributes{};
  std::int64_t version = 1;
};
const codec::Shape& describe(const DescribeThingInput*);
const codec::Shape& describe(const DescribeThingOutput*);
Task<ApiResult<DescribeThingOutput>> describe_thing(CallContext& call, DescribeThingInput input);

struct UpdateThingInput {
  std::string thing_name{};
  std::optional<std::string> thing_type_name{};
  std::optional<AttributePayload> attribute_payload{};
  std::optional<std::int64_t> expected_version{};
  std::optional<bool> remove_thing_type{};
};
const codec::Shape& describe(const UpdateThingInput*);
Task<ApiResult<Empty>> update_thing(CallContext& call, UpdateThingInput input);

struct DeleteThingInput {
  std::string thing_name{};
  std::optional<std::int64_t> expected_version{};
};
const codec::Shape& describe(const DeleteThingInput*);
Task<ApiResult<Empty>> delete_thing(CallContext& call, DeleteThingInput input);

struct ListThingsInput {
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> attribute_name{};
  std::optional<std::string> attribute_value{};
  std::optional<std::string> thing_type_name{};
  std::optional<bool> use_prefix_attribute_value{};
};
struct ThingAttribute {
  std::string thing_name{};
  std::optional<std::string> thing_type_name{};
  std::string thing_arn{};
  Attributes attributes{};
  std::int64_t version = 1;
};
struct ListThingsOutput {
  std::vector<ThingAttribute> things{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingsInput*);
const codec::Shape& describe(const ThingAttribute*);
const codec::Shape& describe(const ListThingsOutput*);
Task<ApiResult<ListThingsOutput>> list_things(CallContext& call, ListThingsInput input);

}  // namespace penstock::services::iot
