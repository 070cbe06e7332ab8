#include "services/iot/operations/thing_groups.h"

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {
codec::Rules group_in_path() { return name_in_path("thingGroupName"); }
}  // namespace

const Shape& describe(const ThingGroupProperties*) {
  using Properties = ThingGroupProperties;
  static const Shape shape =
      ShapeBuilder<Properties>("ThingGroupProperties")
          .field("thingGroupDescription", &Properties::thing_group_description, {.length = {.max = 2028}})
          .field("attributePayload", &Properties::attribute_payload)
          .build();
  return shape;
}

const Shape& describe(const GroupNameAndArn*) {
  static const Shape shape = ShapeBuilder<GroupNameAndArn>("GroupNameAndArn")
                                 .field("groupName", &GroupNameAndArn::group_name)
                                 .field("groupArn", &GroupNameAndArn::group_arn)
                                 .build();
  return shape;
}

const Shape& describe(const CreateThingGroupInput*) {
  using Input = CreateThingGroupInput;
  static const Shape shape = ShapeBuilder<Input>("CreateThingGroupRequest")
                                 .field("thingGroupName", &Input::thing_group_name, group_in_path())
                                 .field("parentGroupName", &Input::parent_group_name, name_in_body())
                                 .field("thingGroupProperties", &Input::thing_group_properties)
                                 .field("tags", &Input::tags)
                                 .build();
  return shape;
}

const Shape& describe(const CreateThingGroupOutput*) {
  static const Shape shape = ShapeBuilder<CreateThingGroupOutput>("CreateThingGroupResponse")
                                 .field("thingGroupName", &CreateThingGroupOutput::thing_group_name)
                                 .field("thingGroupArn", &CreateThingGroupOutput::thing_group_arn)
                                 .field("thingGroupId", &CreateThingGroupOutput::thing_group_id)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeThingGroupInput*) {
  static const Shape shape = ShapeBuilder<DescribeThingGroupInput>("DescribeThingGroupRequest")
                                 .field("thingGroupName", &DescribeThingGroupInput::thing_group_name, group_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const ThingGroupMetadata*) {
  static const Shape shape = ShapeBuilder<ThingGroupMetadata>("ThingGroupMetadata")
                                 .field("parentGroupName", &ThingGroupMetadata::parent_group_name)
                                 .field("rootToParentThingGroups", &ThingGroupMetadata::root_to_parent_thing_groups)
                                 .field("creationDate", &ThingGroupMetadata::creation_date)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeThingGroupOutput*) {
  using Output = DescribeThingGroupOutput;
  static const Shape shape = ShapeBuilder<Output>("DescribeThingGroupResponse")
                                 .field("thingGroupName", &Output::thing_group_name)
                                 .field("thingGroupId", &Output::thing_group_id)
                                 .field("thingGroupArn", &Output::thing_group_arn)
                                 .field("version", &Output::version)
                                 .field("thingGroupProperties", &Output::thing_group_properties)
                                 .field("thingGroupMetadata", &Output::thing_group_metadata)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateThingGroupInput*) {
  using Input = UpdateThingGroupInput;
  static const Shape shape = ShapeBuilder<Input>("UpdateThingGroupRequest")
                                 .field("thingGroupName", &Input::thing_group_name, group_in_path())
                                 .field("thingGroupProperties", &Input::thing_group_properties, {.required = true})
                                 .field("expectedVersion", &Input::expected_version)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateThingGroupOutput*) {
  static const Shape shape = ShapeBuilder<UpdateThingGroupOutput>("UpdateThingGroupResponse")
                                 .field("version", &UpdateThingGroupOutput::version)
                                 .build();
  return shape;
}

const Shape& describe(const DeleteThingGroupInput*) {
  using Input = DeleteThingGroupInput;
  static const Shape shape = ShapeBuilder<Input>("DeleteThingGroupRequest")
                                 .field("thingGroupName", &Input::thing_group_name, group_in_path())
                                 .field("expectedVersion", &Input::expected_version, in_query("expectedVersion"))
                                 .build();
  return shape;
}

const Shape& describe(const ListThingGroupsInput*) {
  using Input = ListThingGroupsInput;
  static const Shape shape = ShapeBuilder<Input>("ListThingGroupsRequest")
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .field("parentGroup", &Input::parent_group, in_query("parentGroup"))
                                 .field("namePrefixFilter", &Input::name_prefix_filter, in_query("namePrefixFilter"))
                                 .field("recursive", &Input::recursive, in_query("recursive"))
                                 .build();
  return shape;
}

const Shape& describe(const ListThingGroupsOutput*) {
  static const Shape shape = ShapeBuilder<ListThingGroupsOutput>("ListThingGroupsResponse")
                                 .field("thingGroups", &ListThingGroupsOutput::thing_groups)
                                 .field("nextToken", &ListThingGroupsOutput::next_token)
                                 .build();
  return shape;
}

const Shape& describe(const ThingGroupMembershipInput*) {
  using Input = ThingGroupMembershipInput;
  static const Shape shape = ShapeBuilder<Input>("ThingGroupMembershipRequest")
                                 .field("thingGroupName", &Input::thing_group_name, name_in_body())
                                 .field("thingGroupArn", &Input::thing_group_arn)
                                 .field("thingName", &Input::thing_name, name_in_body())
                                 .field("thingArn", &Input::thing_arn)
                                 .field("overrideDynamicGroups", &Input::override_dynamic_groups)
                                 .build();
  return shape;
}

const Shape& describe(const ListThingGroupsForThingInput*) {
  using Input = ListThingGroupsForThingInput;
  static const Shape shape = ShapeBuilder<Input>("ListThingGroupsForThingRequest")
                                 .field("thingName", &Input::thing_name, name_in_path("thingName"))
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .build();
  return shape;
}

const Shape& describe(const ListThingsInThingGroupInput*) {
  using Input = ListThingsInThingGroupInput;
  static const Shape shape = ShapeBuilder<Input>("ListThingsInThingGroupRequest")
                                 .field("thingGroupName", &Input::thing_group_name, group_in_path())
                                 .field("recursive", &Input::recursive, in_query("recursive"))
                                 .field("nextToken", &Input::next_token, in_query("nextToken"))
                                 .field("maxResults", &Input::max_results, page_size_in_query("maxResults"))
                                 .build();
  return shape;
}

const Shape& describe(const ListThingsInThingGroupOutput*) {
  static const Shape shape = ShapeBuilder<ListThingsInThingGroupOutput>("ListThingsInThingGroupResponse")
                                 .field("things", &ListThingsInThingGroupOutput::things)
                                 .field("nextToken", &ListThingsInThingGroupOutput::next_token)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
