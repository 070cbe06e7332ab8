#include "services/iot/operations/role_aliases.h"

#include <fmt/format.h>

#include "services/iot/pass_role.h"

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kAliasPattern = "[\\w=,@-]+";
constexpr std::string_view kCredentialsService = "credentials.iot.amazonaws.com";
constexpr codec::Bounds kRoleLength{.min = 20, .max = 2048};
constexpr codec::Bounds kDuration{.min = 900, .max = 43200};

codec::Rules alias_in_path() { return name_in_path("roleAlias", kAliasPattern); }

ApiError no_such_alias(std::string_view name) { return not_found(fmt::format("Role alias {} not found.", name)); }

Changes put_alias(const Registry& registry, const RoleAlias& alias) {
  return {{.key = key::role_alias(alias.name),
           .expected = registry.role_aliases().version(alias.name),
           .bytes = to_document(alias)}};
}

RoleAliasOutput output_of(const IotCore& core, const std::string& name) {
  return {.role_alias = name, .role_alias_arn = core.arn("rolealias/" + name)};
}

}  // namespace

Task<ApiResult<RoleAliasOutput>> create_role_alias(CallContext& call, CreateRoleAliasInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_pass_role(call, input.role_arn, kCredentialsService));
  PENSTOCK_CO_TRY(const Changes tags, tag_changes("rolealias/" + input.role_alias, input.tags));
  const Timestamp now = core.now();
  const RoleAlias alias{.name = input.role_alias,
                        .role_arn = input.role_arn,
                        .duration_seconds = input.credential_duration_seconds.value_or(3600),
                        .created = now,
                        .modified = now};
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (registry.role_aliases().find(alias.name) != nullptr) {
      return std::unexpected(already_exists(fmt::format("Role alias {} already exists.", alias.name)));
    }
    Changes changes = put_alias(registry, alias);
    changes.insert(changes.end(), tags.begin(), tags.end());
    return changes;
  }));
  co_return output_of(core, alias.name);
}

Task<ApiResult<DescribeRoleAliasOutput>> describe_role_alias(CallContext& call, RoleAliasNameInput input) {
  IotCore& core = call.house.iot;
  const auto alias =
      core.read([&](const Registry& registry) { return registry.role_aliases().find(input.role_alias); });
  if (alias == nullptr) co_return std::unexpected(no_such_alias(input.role_alias));
  co_return DescribeRoleAliasOutput{.role_alias_description = {.role_alias = alias->name,
                                                               .role_alias_arn = core.arn("rolealias/" + alias->name),
                                                               .role_arn = alias->role_arn,
                                                               .owner = core.account(),
                                                               .credential_duration_seconds = alias->duration_seconds,
                                                               .creation_date = alias->created,
                                                               .last_modified_date = alias->modified}};
}

Task<ApiResult<RoleAliasOutput>> update_role_alias(CallContext& call, UpdateRoleAliasInput input) {
  IotCore& core = call.house.iot;
  if (input.role_arn.has_value()) PENSTOCK_CO_TRY_VOID(check_pass_role(call, *input.role_arn, kCredentialsService));
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    const auto old = registry.role_aliases().find(input.role_alias);
    if (old == nullptr) return std::unexpected(no_such_alias(input.role_alias));
    RoleAlias alias = *old;
    alias.role_arn = input.role_arn.value_or(alias.role_arn);
    alias.duration_seconds = input.credential_duration_seconds.value_or(alias.duration_seconds);
    alias.modified = core.now();
    return put_alias(registry, alias);
  }));
  co_return output_of(core, input.role_alias);
}

Task<ApiResult<Empty>> delete_role_alias(CallContext& call, RoleAliasNameInput input) {
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) -> ApiResult<Changes> {
    const catalog::Version version = registry.role_aliases().version(input.role_alias);
    if (version == 0) return std::unexpected(no_such_alias(input.role_alias));
    return Changes{
        {.key = key::role_alias(input.role_alias), .expected = version, .bytes = std::nullopt},
        {.key = key::tags("rolealias/" + input.role_alias), .expected = std::nullopt, .bytes = std::nullopt}};
  }));
  co_return Empty{};
}

Task<ApiResult<ListRoleAliasesOutput>> list_role_aliases(CallContext& call, ListRoleAliasesInput input) {
  ListRoleAliasesOutput output;
  PENSTOCK_CO_TRY(output.next_marker, call.house.iot.read([&](const Registry& registry) {
    return page_by_date(registry.role_aliases().by_date(), input.marker, input.page_size,
                        input.ascending_order.value_or(false),
                        [&](const std::string& name) { output.role_aliases.push_back(name); });
  }));
  co_return output;
}

// ---- Shapes

const Shape& describe(const CreateRoleAliasInput*) {
  using Input = CreateRoleAliasInput;
  static const Shape shape =
      ShapeBuilder<Input>("CreateRoleAliasRequest")
          .field("roleAlias", &Input::role_alias, alias_in_path())
          .field("roleArn", &Input::role_arn, {.required = true, .length = kRoleLength})
          .field("credentialDurationSeconds", &Input::credential_duration_seconds, {.range = kDuration})
          .field("tags", &Input::tags)
          .build();
  return shape;
}

const Shape& describe(const RoleAliasOutput*) {
  static const Shape shape = ShapeBuilder<RoleAliasOutput>("RoleAliasResponse")
                                 .field("roleAlias", &RoleAliasOutput::role_alias)
                                 .field("roleAliasArn", &RoleAliasOutput::role_alias_arn)
                                 .build();
  return shape;
}

const Shape& describe(const RoleAliasNameInput*) {
  static const Shape shape = ShapeBuilder<RoleAliasNameInput>("RoleAliasRequest")
                                 .field("roleAlias", &RoleAliasNameInput::role_alias, alias_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const RoleAliasDescription*) {
  using Description = RoleAliasDescription;
  static const Shape shape = ShapeBuilder<Description>("RoleAliasDescription")
                                 .field("roleAlias", &Description::role_alias)
                                 .field("roleAliasArn", &Description::role_alias_arn)
                                 .field("roleArn", &Description::role_arn)
                                 .field("owner", &Description::owner)
                                 .field("credentialDurationSeconds", &Description::credential_duration_seconds)
                                 .field("creationDate", &Description::creation_date)
                                 .field("lastModifiedDate", &Description::last_modified_date)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeRoleAliasOutput*) {
  static const Shape shape = ShapeBuilder<DescribeRoleAliasOutput>("DescribeRoleAliasResponse")
                                 .field("roleAliasDescription", &DescribeRoleAliasOutput::role_alias_description)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateRoleAliasInput*) {
  using Input = UpdateRoleAliasInput;
  static const Shape shape =
      ShapeBuilder<Input>("UpdateRoleAliasRequest")
          .field("roleAlias", &Input::role_alias, alias_in_path())
          .field("roleArn", &Input::role_arn, {.length = kRoleLength})
          .field("credentialDurationSeconds", &Input::credential_duration_seconds, {.range = kDuration})
          .build();
  return shape;
}

const Shape& describe(const ListRoleAliasesInput*) {
  using Input = ListRoleAliasesInput;
  static const Shape shape = ShapeBuilder<Input>("ListRoleAliasesRequest")
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("ascendingOrder", &Input::ascending_order, in_query("isAscendingOrder"))
                                 .build();
  return shape;
}

const Shape& describe(const ListRoleAliasesOutput*) {
  static const Shape shape = ShapeBuilder<ListRoleAliasesOutput>("ListRoleAliasesResponse")
                                 .field("roleAliases", &ListRoleAliasesOutput::role_aliases)
                                 .field("nextMarker", &ListRoleAliasesOutput::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
