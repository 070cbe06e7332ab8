#pragma once
/// Thing types.
/// Source: AWS IoT API Reference, CreateThingType, DescribeThingType, UpdateThingType, DeprecateThingType,
///         DeleteThingType, ListThingTypes.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

inline constexpr std::size_t kSearchableAttributesMax = 3;  ///< AWS IoT Core quotas

struct ThingTypeProperties {
  std::optional<std::string> thing_type_description{};
  std::optional<std::vector<std::string>> searchable_attributes{};
  std::optional<codec::JsonText> mqtt5_configuration{};  ///< refused: not implemented
};
const codec::Shape& describe(const ThingTypeProperties*);

struct CreateThingTypeInput {
  std::string thing_type_name{};
  std::optional<ThingTypeProperties> thing_type_properties{};
  TagList tags{};
};
struct CreateThingTypeOutput {
  std::string thing_type_name{};
  std::string thing_type_arn{};
  std::string thing_type_id{};
};
const codec::Shape& describe(const CreateThingTypeInput*);
const codec::Shape& describe(const CreateThingTypeOutput*);
Task<ApiResult<CreateThingTypeOutput>> create_thing_type(CallContext& call, CreateThingTypeInput input);

struct ThingTypeMetadata {
  bool deprecated = false;
  std::optional<Timestamp> deprecation_date{};
  Timestamp creation_date{};
};
/// Of DescribeThingType and DeleteThingType.
struct ThingTypeNameInput {
  std::string thing_type_name{};
};
struct DescribeThingTypeOutput {
  std::string thing_type_name{};
  std::string thing_type_id{};
  std::string thing_type_arn{};
  ThingTypeProperties thing_type_properties{};
  ThingTypeMetadata thing_type_metadata{};
};
const codec::Shape& describe(const ThingTypeMetadata*);
const codec::Shape& describe(const ThingTypeNameInput*);
const codec::Shape& describe(const DescribeThingTypeOutput*);
Task<ApiResult<DescribeThingTypeOutput>> describe_thing_type(CallContext& call, ThingTypeNameInput input);
Task<ApiResult<Empty>> delete_thing_type(CallContext& call, ThingTypeNameInput input);

struct UpdateThingTypeInput {
  std::string thing_type_name{};
  std::optional<ThingTypeProperties> thing_type_properties{};
};
const codec::Shape& describe(const UpdateThingTypeInput*);
Task<ApiResult<Empty>> update_thing_type(CallContext& call, UpdateThingTypeInput input);

struct DeprecateThingTypeInput {
  std::string thing_type_name{};
  std::optional<bool> undo_deprecate{};
};
const codec::Shape& describe(const DeprecateThingTypeInput*);
Task<ApiResult<Empty>> deprecate_thing_type(CallContext& call, DeprecateThingTypeInput input);

struct ListThingTypesInput {
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> thing_type_name{};
};
struct ThingTypeDefinition {
  std::string thing_type_name{};
  std::string thing_type_arn{};
  ThingTypeProperties thing_type_properties{};
  ThingTypeMetadata thing_type_metadata{};
};
struct ListThingTypesOutput {
  std::vector<ThingTypeDefinition> thing_types{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingTypesInput*);
const codec::Shape& describe(const ThingTypeDefinition*);
const codec::Shape& describe(const ListThingTypesOutput*);
Task<ApiResult<ListThingTypesOutput>> list_thing_types(CallContext& call, ListThingTypesInput input);

}  // namespace penstock::services::iot
