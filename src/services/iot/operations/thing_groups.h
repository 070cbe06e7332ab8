#pragma once
/// Static thing groups and their members.
/// Source: AWS IoT API Reference, CreateThingGroup, DescribeThingGroup, UpdateThingGroup, DeleteThingGroup,
///         ListThingGroups, AddThingToThingGroup, RemoveThingFromThingGroup, ListThingGroupsForThing,
///         ListThingsInThingGroup.

#include "services/iot/api_types.h"
#include "services/iot/operations/things.h"

namespace penstock::services::iot {

inline constexpr std::size_t kGroupsPerThingMax = 10;     ///< AWS IoT Core quotas
inline constexpr std::size_t kChildrenPerGroupMax = 100;  ///< the same

struct ThingGroupProperties {
  std::optional<std::string> thing_group_description{};
  std::optional<AttributePayload> attribute_payload{};
};
const codec::Shape& describe(const ThingGroupProperties*);

struct GroupNameAndArn {
  std::string group_name{};
  std::string group_arn{};
};
const codec::Shape& describe(const GroupNameAndArn*);

struct CreateThingGroupInput {
  std::string thing_group_name{};
  std::optional<std::string> parent_group_name{};
  std::optional<ThingGroupProperties> thing_group_properties{};
  TagList tags{};
};
struct CreateThingGroupOutput {
  std::string thing_group_name{};
  std::string thing_group_arn{};
  std::string thing_group_id{};
};
const codec::Shape& describe(const CreateThingGroupInput*);
const codec::Shape& describe(const CreateThingGroupOutput*);
Task<ApiResult<CreateThingGroupOutput>> create_thing_group(CallContext& call, CreateThingGroupInput input);

struct DescribeThingGroupInput {
  std::string thing_group_name{};
};
struct ThingGroupMetadata {
  std::optional<std::string> parent_group_name{};
  std::optional<std::vector<GroupNameAndArn>> root_to_parent_thing_groups{};
  Timestamp creation_date{};
};
struct DescribeThingGroupOutput {
  std::string thing_group_name{};
  std::string thing_group_id{};
  std::string thing_group_arn{};
  std::int64_t version = 1;
  ThingGroupProperties thing_group_properties{};
  ThingGroupMetadata thing_group_metadata{};
};
const codec::Shape& describe(const DescribeThingGroupInput*);
const codec::Shape& describe(const ThingGroupMetadata*);
const codec::Shape& describe(const DescribeThingGroupOutput*);
Task<ApiResult<DescribeThingGroupOutput>> describe_thing_group(CallContext& call, DescribeThingGroupInput input);

struct UpdateThingGroupInput {
  std::string thing_group_name{};
  ThingGroupProperties thing_group_properties{};
  std::optional<std::int64_t> expected_version{};
};
struct UpdateThingGroupOutput {
  std::int64_t version = 1;
};
const codec::Shape& describe(const UpdateThingGroupInput*);
const codec::Shape& describe(const UpdateThingGroupOutput*);
Task<ApiResult<UpdateThingGroupOutput>> update_thing_group(CallContext& call, UpdateThingGroupInput input);

struct DeleteThingGroupInput {
  std::string thing_group_name{};
  std::optional<std::int64_t> expected_version{};
};
const codec::Shape& describe(const DeleteThingGroupInput*);
Task<ApiResult<Empty>> delete_thing_group(CallContext& call, DeleteThingGroupInput input);

struct ListThingGroupsInput {
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
  std::optional<std::string> parent_group{};
  std::optional<std::string> name_prefix_filter{};
  std::optional<bool> recursive{};
};
struct ListThingGroupsOutput {
  std::vector<GroupNameAndArn> thing_groups{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingGroupsInput*);
const codec::Shape& describe(const ListThingGroupsOutput*);
Task<ApiResult<ListThingGroupsOutput>> list_thing_groups(CallContext& call, ListThingGroupsInput input);

/// A group and a thing, each by name or by ARN. `override_dynamic_groups` may be given: there are no dynamic groups.
struct ThingGroupMembershipInput {
  std::optional<std::string> thing_group_name{};
  std::optional<std::string> thing_group_arn{};
  std::optional<std::string> thing_name{};
  std::optional<std::string> thing_arn{};
  std::optional<bool> override_dynamic_groups{};
};
const codec::Shape& describe(const ThingGroupMembershipInput*);
Task<ApiResult<Empty>> add_thing_to_thing_group(CallContext& call, ThingGroupMembershipInput input);
Task<ApiResult<Empty>> remove_thing_from_thing_group(CallContext& call, ThingGroupMembershipInput input);
/// The group and the thing.
[[nodiscard]] Touched touch_membership(const CallContext& call, const void* input);

struct ListThingGroupsForThingInput {
  std::string thing_name{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
};
const codec::Shape& describe(const ListThingGroupsForThingInput*);
Task<ApiResult<ListThingGroupsOutput>> list_thing_groups_for_thing(CallContext& call,
                                                                   ListThingGroupsForThingInput input);

struct ListThingsInThingGroupInput {
  std::string thing_group_name{};
  std::optional<bool> recursive{};
  std::optional<std::string> next_token{};
  std::optional<std::int32_t> max_results{};
};
struct ListThingsInThingGroupOutput {
  std::vector<std::string> things{};
  std::optional<std::string> next_token{};
};
const codec::Shape& describe(const ListThingsInThingGroupInput*);
const codec::Shape& describe(const ListThingsInThingGroupOutput*);
Task<ApiResult<ListThingsInThingGroupOutput>> list_things_in_thing_group(CallContext& call,
                                                                         ListThingsInThingGroupInput input);

}  // namespace penstock::services::iot
