#include "services/iot/operations/thing_groups.h"

#include <fmt/format.h>

#include <set>

namespace penstock::services::iot {

namespace {

using Names = std::set<std::string, std::less<>>;

ApiError no_such_group(std::string_view name) { return not_found(fmt::format("Thing group {} not found.", name)); }
ApiError no_such_thing(std::string_view name) { return not_found(fmt::format("Thing {} not found.", name)); }
ApiError wrong_version(std::string_view name) {
  return version_conflict(fmt::format("The version for thing group {} does not match the expected version.", name));
}

GroupNameAndArn name_and_arn(const IotCore& core, const std::string& name) {
  return {.group_name = name, .group_arn = core.arn("thinggroup/" + name)};
}

Changes put_group(const Registry& registry, const ThingGroup& group) {
  return {{.key = key::thing_group(group.name),
           .expected = registry.thing_groups().version(group.name),
           .bytes = to_document(group)}};
}

ApiResult<void> check_parent(const Registry& registry, const std::string& parent) {
  if (registry.thing_groups().find(parent) == nullptr) return std::unexpected(no_such_group(parent));
  if (registry.ancestors_of(parent).size() + 2 > kGroupDepthMax) {
    return std::unexpected(
        invalid_request(fmt::format("Thing groups can be nested {} levels deep at most.", kGroupDepthMax)));
  }
  if (registry.children_of(parent).size() >= kChildrenPerGroupMax) {
    return std::unexpected(invalid_request(
        fmt::format("The thing group {} has {} direct children already.", parent, kChildrenPerGroupMax)));
  }
  return {};
}

ApiResult<Changes> plan_create(const Registry& registry, ThingGroup& group, const Changes& tags) {
  if (const auto old = registry.thing_groups().find(group.name); old != nullptr) {
    if (old->parent != group.parent || old->description != group.description || old->attributes != group.attributes) {
      return std::unexpected(already_exists(
          fmt::format("Thing Group {} already exists in current account with different properties", group.name)));
    }
    group.id = old->id;
    return Changes{};
  }
  if (group.parent.has_value()) PENSTOCK_TRY_VOID(check_parent(registry, *group.parent));
  Changes changes = put_group(registry, group);
  changes.insert(changes.end(), tags.begin(), tags.end());
  return changes;
}

ApiResult<Changes> plan_delete(const Registry& registry, const DeleteThingGroupInput& input) {
  const std::string& name = input.thing_group_name;
  const auto group = registry.thing_groups().find(name);
  if (group == nullptr) return Changes{};  // AWS: deleting a group that does not exist succeeds
  if (input.expected_version.has_value() && *input.expected_version != group->version) {
    return std::unexpected(wrong_version(name));
  }
  if (!registry.children_of(name).empty()) {
    return std::unexpected(invalid_request(fmt::format("The thing group {} has child groups.", name)));
  }
  const std::string target = "thinggroup/" + name;
  if (!registry.policy_targets().to(target).empty()) {
    return std::unexpected(invalid_request(fmt::format("Policies are attached to the thing group {}.", name)));
  }
  Changes changes{
      {.key = key::thing_group(name), .expected = registry.thing_groups().version(name), .bytes = std::nullopt},
      {.key = key::tags(target), .expected = std::nullopt, .bytes = std::nullopt}};
  for (const auto& [thing, row] : registry.group_things().from(name)) {
    changes.push_back({.key = key::group_thing(name, thing), .expected = row.version, .bytes = std::nullopt});
  }
  return changes;
}

/// A name that is given as such, or as an ARN, or as both if they agree.
ApiResult<std::string> name_of(const IotCore& core, const std::optional<std::string>& name,
                               const std::optional<std::string>& arn, std::string_view kind, std::string_view what) {
  if (!arn.has_value()) {
    if (!name.has_value()) return std::unexpected(invalid_request(fmt::format("A {} name or ARN is needed.", what)));
    return *name;
  }
  const auto resource = core.resource_of(*arn);
  if (!resource.has_value() || !resource->starts_with(kind)) {
    return std::unexpected(invalid_request(fmt::format("Invalid {} ARN: {}", what, *arn)));
  }
  std::string from_arn = resource->substr(kind.size());
  if (name.has_value() && *name != from_arn) {
    return std::unexpected(invalid_request(fmt::format("The {} name and ARN do not match.", what)));
  }
  return from_arn;
}

struct Membership {
  std::string group;
  std::string thing;
};

ApiResult<Membership> membership_of(const IotCore& core, const ThingGroupMembershipInput& input) {
  PENSTOCK_TRY(std::string group,
               name_of(core, input.thing_group_name, input.thing_group_arn, "thinggroup/", "thing group"));
  PENSTOCK_TRY(std::string thing, name_of(core, input.thing_name, input.thing_arn, "thing/", "thing"));
  return Membership{.group = std::move(group), .thing = std::move(thing)};
}

ApiResult<void> check_both_exist(const Registry& registry, const Membership& pair) {
  if (registry.thing_groups().find(pair.group) == nullptr) return std::unexpected(no_such_group(pair.group));
  if (registry.things().find(pair.thing) == nullptr) return std::unexpected(no_such_thing(pair.thing));
  return {};
}

ApiResult<Changes> plan_add(const Registry& registry, const Membership& pair, Timestamp now) {
  PENSTOCK_TRY_VOID(check_both_exist(registry, pair));
  const auto& groups = registry.group_things().to(pair.thing);
  if (groups.contains(pair.group)) return Changes{};
  if (groups.size() >= kGroupsPerThingMax) {
    return std::unexpected(
        invalid_request(fmt::format("The thing {} is in {} groups already.", pair.thing, kGroupsPerThingMax)));
  }
  // AWS: a thing cannot be in more than one group of one hierarchy.
  const auto root_of = [&registry](const std::string& group) {
    const auto above = registry.ancestors_of(group);
    return above.empty() ? group : above.back();
  };
  for (const auto& [other, row] : groups) {
    if (root_of(other) == root_of(pair.group)) {
      return std::unexpected(invalid_request(
          fmt::format("The thing {} is in the group {} of the same hierarchy already.", pair.thing, other)));
    }
  }
  return Changes{
      {.key = key::group_thing(pair.group, pair.thing), .expected = 0, .bytes = to_document(Link{.created = now})}};
}

ApiResult<Changes> plan_remove(const Registry& registry, const Membership& pair) {
  PENSTOCK_TRY_VOID(check_both_exist(registry, pair));
  const Links::Row* row = registry.group_things().find(pair.group, pair.thing);
  if (row == nullptr) return Changes{};
  return Changes{{.key = key::group_thing(pair.group, pair.thing), .expected = row->version, .bytes = std::nullopt}};
}

/// The groups right below `group`, or down to `depth` levels.
void add_descendants(const Registry& registry, const std::string& group, std::size_t depth, Names& names) {
  if (depth == 0) return;
  for (const std::string& child : registry.children_of(group)) {
    names.insert(child);
    add_descendants(registry, child, depth - 1, names);
  }
}

}  // namespace

Touched touch_membership(const CallContext& call, const void* input) {
  const IotCore& core = call.house.iot;
  const auto& membership = *static_cast<const ThingGroupMembershipInput*>(input);
  const auto pair = membership_of(core, membership);
  if (!pair.has_value()) return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
  return {.resources = {core.arn("thinggroup/" + pair->group), core.arn("thing/" + pair->thing)},
          .conditions = {},
          .resource_policies = {}};
}

Task<ApiResult<CreateThingGroupOutput>> create_thing_group(CallContext& call, CreateThingGroupInput input) {
  IotCore& core = call.house.iot;
  const ThingGroupProperties properties = input.thing_group_properties.value_or(ThingGroupProperties{});
  PENSTOCK_CO_TRY(const Changes tags, tag_changes("thinggroup/" + input.thing_group_name, input.tags));
  ThingGroup group{.name = input.thing_group_name,
                   .id = core.random().uuid(),
                   .parent = input.parent_group_name,
                   .description = properties.thing_group_description,
                   .created = core.now()};
  if (properties.attribute_payload.has_value()) group.attributes = apply_payload({}, *properties.attribute_payload);
  PENSTOCK_CO_TRY_VOID(
      co_await core.change([&](const Registry& registry) { return plan_create(registry, group, tags); }));
  co_return CreateThingGroupOutput{.thing_group_name = group.name,
                                   .thing_group_arn = core.arn("thinggroup/" + group.name),
                                   .thing_group_id = group.id};
}

Task<ApiResult<DescribeThingGroupOutput>> describe_thing_group(CallContext& call, DescribeThingGroupInput input) {
  IotCore& core = call.house.iot;
  std::vector<std::string> above;
  const auto group = core.read([&](const Registry& registry) {
    above = registry.ancestors_of(input.thing_group_name);
    return registry.thing_groups().find(input.thing_group_name);
  });
  if (group == nullptr) co_return std::unexpected(no_such_group(input.thing_group_name));
  DescribeThingGroupOutput output{
      .thing_group_name = group->name,
      .thing_group_id = group->id,
      .thing_group_arn = core.arn("thinggroup/" + group->name),
      .version = group->version,
      .thing_group_properties = {.thing_group_description = group->description, .attribute_payload = std::nullopt},
      .thing_group_metadata = {.parent_group_name = group->parent,
                               .root_to_parent_thing_groups = std::nullopt,
                               .creation_date = group->created}};
  if (group->attributes.has_value()) {
    output.thing_group_properties.attribute_payload =
        AttributePayload{.attributes = group->attributes, .merge = std::nullopt};
  }
  if (!above.empty()) {
    auto& path = output.thing_group_metadata.root_to_parent_thing_groups.emplace();
    for (auto name = above.rbegin(); name != above.rend(); ++name) path.push_back(name_and_arn(core, *name));
  }
  co_return output;
}

Task<ApiResult<UpdateThingGroupOutput>> update_thing_group(CallContext& call, UpdateThingGroupInput input) {
  std::int64_t version = 0;
  const ThingGroupProperties& properties = input.thing_group_properties;
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) -> ApiResult<Changes> {
    const auto old = registry.thing_groups().find(input.thing_group_name);
    if (old == nullptr) return std::unexpected(no_such_group(input.thing_group_name));
    if (input.expected_version.has_value() && *input.expected_version != old->version) {
      return std::unexpected(wrong_version(input.thing_group_name));
    }
    ThingGroup group = *old;
    group.description = properties.thing_group_description;
    if (properties.attribute_payload.has_value()) {
      group.attributes = apply_payload(group.attributes.value_or(Attributes{}), *properties.attribute_payload);
    }
    version = ++group.version;
    return put_group(registry, group);
  }));
  co_return UpdateThingGroupOutput{.version = version};
}

Task<ApiResult<Empty>> delete_thing_group(CallContext& call, DeleteThingGroupInput input) {
  PENSTOCK_CO_TRY_VOID(
      co_await call.house.iot.change([&](const Registry& registry) { return plan_delete(registry, input); }));
  co_return Empty{};
}

Task<ApiResult<ListThingGroupsOutput>> list_thing_groups(CallContext& call, ListThingGroupsInput input) {
  const IotCore& core = call.house.iot;
  ListThingGroupsOutput output;
  const auto take = [&](const std::string& name) {
    if (input.name_prefix_filter.has_value() && !name.starts_with(*input.name_prefix_filter)) return false;
    output.thing_groups.push_back(name_and_arn(core, name));
    return true;
  };
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    if (input.parent_group.has_value()) {
      if (registry.thing_groups().find(*input.parent_group) == nullptr) {
        return std::unexpected(no_such_group(*input.parent_group));
      }
      Names names;
      add_descendants(registry, *input.parent_group, input.recursive.value_or(true) ? kGroupDepthMax : 1, names);
      return page_by_name(names, input.next_token, input.max_results, take);
    }
    // Without a parent: all groups, or with recursive=false those at the top.
    return page_by_name(registry.thing_groups().rows(), input.next_token, input.max_results, [&](const auto& row) {
      if (!input.recursive.value_or(true) && row.second.record->parent.has_value()) return false;
      return take(row.first);
    });
  }));
  co_return output;
}

Task<ApiResult<Empty>> add_thing_to_thing_group(CallContext& call, ThingGroupMembershipInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const Membership pair, membership_of(core, input));
  const Timestamp now = core.now();
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) { return plan_add(registry, pair, now); }));
  co_return Empty{};
}

Task<ApiResult<Empty>> remove_thing_from_thing_group(CallContext& call, ThingGroupMembershipInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY(const Membership pair, membership_of(core, input));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) { return plan_remove(registry, pair); }));
  co_return Empty{};
}

Task<ApiResult<ListThingGroupsOutput>> list_thing_groups_for_thing(CallContext& call,
                                                                   ListThingGroupsForThingInput input) {
  const IotCore& core = call.house.iot;
  ListThingGroupsOutput output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    if (registry.things().find(input.thing_name) == nullptr) return std::unexpected(no_such_thing(input.thing_name));
    const auto& rows = registry.group_things().to(input.thing_name);
    return page_by_name(rows, input.next_token, input.max_results, [&](const auto& row) {
      output.thing_groups.push_back(name_and_arn(core, row.first));
      return true;
    });
  }));
  co_return output;
}

Task<ApiResult<ListThingsInThingGroupOutput>> list_things_in_thing_group(CallContext& call,
                                                                         ListThingsInThingGroupInput input) {
  const IotCore& core = call.house.iot;
  ListThingsInThingGroupOutput output;
  PENSTOCK_CO_TRY(output.next_token, core.read([&](const Registry& registry) -> ApiResult<std::optional<std::string>> {
    if (registry.thing_groups().find(input.thing_group_name) == nullptr) {
      return std::unexpected(no_such_group(input.thing_group_name));
    }
    Names groups{input.thing_group_name};
    if (input.recursive.value_or(false)) add_descendants(registry, input.thing_group_name, kGroupDepthMax, groups);
    Names things;
    for (const std::string& group : groups) {
      for (const auto& [thing, row] : registry.group_things().from(group)) things.insert(thing);
    }
    return page_by_name(things, input.next_token, input.max_results, [&](const std::string& thing) {
      output.things.push_back(thing);
      return true;
    });
  }));
  co_return output;
}

}  // namespace penstock::services::iot
