#include "services/iot/operations/account_settings.h"

#include <fmt/format.h>

#include <array>

#include "services/iot/pass_role.h"

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kLogging = "logging";
constexpr std::string_view kIndexing = "indexing";
constexpr std::string_view kEvents = "event-configurations";
constexpr std::string_view kRegistrationCode = "registration-code";
constexpr std::string_view kIotService = "iot.amazonaws.com";
constexpr std::string_view kOff = "OFF";
constexpr std::size_t kRegistrationCodeBytes = 32;

constexpr std::array<std::string_view, 11> kEventTypes = {"CA_CERTIFICATE",
                                                          "CERTIFICATE",
                                                          "JOB",
                                                          "JOB_EXECUTION",
                                                          "POLICY",
                                                          "THING",
                                                          "THING_GROUP",
                                                          "THING_GROUP_HIERARCHY",
                                                          "THING_GROUP_MEMBERSHIP",
                                                          "THING_TYPE",
                                                          "THING_TYPE_ASSOCIATION"};

/// Writes a setting as the API's own JSON.
template <class Value>
Changes put_setting(const Registry& registry, const IotCore& core, std::string_view name, const Value& value) {
  const auto old = registry.settings().find(name);
  const Timestamp now = core.now();
  const Setting setting{.value = {codec::encode_json(codec::shape_of<Value>(), &value)},
                        .created = old == nullptr ? now : old->created,
                        .modified = now};
  return {{.key = key::setting(name), .expected = registry.settings().version(name), .bytes = to_document(setting)}};
}

/// nullopt when it was never set.
template <class Value>
std::optional<Value> read_setting(const IotCore& core, std::string_view name) {
  const auto setting = core.read([&](const Registry& registry) { return registry.settings().find(name); });
  if (setting == nullptr) return std::nullopt;
  Value value;
  const auto decoded = codec::decode_json(setting->value.text, codec::shape_of<Value>(), &value);
  PENSTOCK_ASSERT(decoded.has_value());  // written by put_setting
  return value;
}

template <class Value>
Task<ApiResult<Empty>> store(IotCore& core, std::string_view name, Value value) {
  PENSTOCK_CO_TRY_VOID(co_await core.change(
      [&](const Registry& registry) -> ApiResult<Changes> { return put_setting(registry, core, name, value); }));
  co_return Empty{};
}

ApiResult<void> check_mode(std::string_view name, const std::optional<std::string>& mode) {
  if (!mode.has_value() || *mode == kOff) return {};
  return std::unexpected(
      invalid_request(fmt::format("{} {}: fleet indexing is not implemented by Penstock.", name, *mode)));
}

IndexingConfiguration with_defaults(IndexingConfiguration configuration) {
  ThingIndexing& thing = configuration.thing.has_value() ? *configuration.thing : configuration.thing.emplace();
  for (auto* mode : {&thing.thing_connectivity_indexing_mode, &thing.device_defender_indexing_mode,
                     &thing.named_shadow_indexing_mode}) {
    if (!mode->has_value()) *mode = std::string(kOff);
  }
  if (!configuration.thing_group.has_value()) configuration.thing_group.emplace();
  return configuration;
}

/// Keeps a registration code in the catalog.
struct RegistrationCode {
  std::string code{};
};
const Shape& describe(const RegistrationCode*) {
  static const Shape shape =
      ShapeBuilder<RegistrationCode>("RegistrationCode").field("code", &RegistrationCode::code).build();
  return shape;
}

}  // namespace

bool logs_refusals(const IotCore& core) {
  const auto options = read_setting<LoggingOptions>(core, kLogging);
  if (!options.has_value()) return true;
  return !options->disable_all_logs.value_or(false) && options->default_log_level != "DISABLED";
}

Task<ApiResult<Empty>> set_v2_logging_options(CallContext& call, LoggingOptions input) {
  if (input.event_configurations.has_value()) {
    co_return std::unexpected(invalid_request("eventConfigurations is not implemented by Penstock."));
  }
  if (input.role_arn.has_value()) PENSTOCK_CO_TRY_VOID(check_pass_role(call, *input.role_arn, kIotService));
  co_return co_await store(call.house.iot, kLogging, std::move(input));
}

Task<ApiResult<LoggingOptions>> get_v2_logging_options(CallContext& call, GetV2LoggingOptionsInput /*input*/) {
  auto options = read_setting<LoggingOptions>(call.house.iot, kLogging);
  if (!options.has_value()) co_return api_fail("NotConfiguredException", "Logging options are not configured.", 404);
  options->disable_all_logs = options->disable_all_logs.value_or(false);
  co_return std::move(*options);
}

Task<ApiResult<Empty>> update_indexing_configuration(CallContext& call, IndexingConfiguration input) {
  if (input.thing.has_value()) {
    PENSTOCK_CO_TRY_VOID(check_mode("thingIndexingMode", input.thing->thing_indexing_mode));
    PENSTOCK_CO_TRY_VOID(check_mode("thingConnectivityIndexingMode", input.thing->thing_connectivity_indexing_mode));
    PENSTOCK_CO_TRY_VOID(check_mode("deviceDefenderIndexingMode", input.thing->device_defender_indexing_mode));
    PENSTOCK_CO_TRY_VOID(check_mode("namedShadowIndexingMode", input.thing->named_shadow_indexing_mode));
  }
  if (input.thing_group.has_value()) {
    PENSTOCK_CO_TRY_VOID(check_mode("thingGroupIndexingMode", input.thing_group->thing_group_indexing_mode));
  }
  co_return co_await store(call.house.iot, kIndexing, std::move(input));
}

Task<ApiResult<IndexingConfiguration>> get_indexing_configuration(CallContext& call, Empty /*input*/) {
  co_return with_defaults(
      read_setting<IndexingConfiguration>(call.house.iot, kIndexing).value_or(IndexingConfiguration{}));
}

Task<ApiResult<Empty>> update_event_configurations(CallContext& call, UpdateEventConfigurationsInput input) {
  if (!input.event_configurations.has_value()) input.event_configurations.emplace();
  for (const auto& [type, configuration] : *input.event_configurations) {
    if (std::ranges::find(kEventTypes, type) == kEventTypes.end()) {
      co_return std::unexpected(invalid_request(fmt::format("Event type {} not recognized.", type)));
    }
    if (configuration.enabled.value_or(false)) {
      co_return std::unexpected(
          invalid_request(fmt::format("{}: registry events are not implemented by Penstock.", type)));
    }
  }
  co_return co_await store(call.house.iot, kEvents, std::move(input));
}

Task<ApiResult<DescribeEventConfigurationsOutput>> describe_event_configurations(CallContext& call, Empty /*input*/) {
  const auto setting = call.house.iot.read([&](const Registry& registry) { return registry.settings().find(kEvents); });
  DescribeEventConfigurationsOutput output;
  for (const std::string_view type : kEventTypes) output.event_configurations[std::string(type)].enabled = false;
  if (setting != nullptr) {
    output.creation_date = setting->created;
    output.last_modified_date = setting->modified;
  }
  co_return output;
}

Task<ApiResult<GetRegistrationCodeOutput>> get_registration_code(CallContext& call, Empty /*input*/) {
  IotCore& core = call.house.iot;
  const RegistrationCode fresh{.code = core.random().hex(kRegistrationCodeBytes)};
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    if (registry.settings().find(kRegistrationCode) != nullptr) return Changes{};
    return put_setting(registry, core, kRegistrationCode, fresh);
  }));
  co_return GetRegistrationCodeOutput{.registration_code =
                                          read_setting<RegistrationCode>(core, kRegistrationCode).value_or(fresh).code};
}

Task<ApiResult<Empty>> delete_registration_code(CallContext& call, Empty /*input*/) {
  PENSTOCK_CO_TRY_VOID(co_await call.house.iot.change([&](const Registry& registry) -> ApiResult<Changes> {
    const catalog::Version version = registry.settings().version(kRegistrationCode);
    if (version == 0) return std::unexpected(not_found("There is no registration code."));
    return Changes{{.key = key::setting(kRegistrationCode), .expected = version, .bytes = std::nullopt}};
  }));
  co_return Empty{};
}

// ---- Shapes

const Shape& describe(const LoggingOptions*) {
  static const Shape shape = ShapeBuilder<LoggingOptions>("V2LoggingOptions")
                                 .field("roleArn", &LoggingOptions::role_arn)
                                 .field("defaultLogLevel", &LoggingOptions::default_log_level,
                                        {.one_of = {"DEBUG", "INFO", "ERROR", "WARN", "DISABLED"}})
                                 .field("disableAllLogs", &LoggingOptions::disable_all_logs)
                                 .field("eventConfigurations", &LoggingOptions::event_configurations)
                                 .build();
  return shape;
}

const Shape& describe(const GetV2LoggingOptionsInput*) {
  static const Shape shape = ShapeBuilder<GetV2LoggingOptionsInput>("GetV2LoggingOptionsRequest")
                                 .field("verbose", &GetV2LoggingOptionsInput::verbose, in_query("verbose"))
                                 .build();
  return shape;
}

const Shape& describe(const ThingIndexing*) {
  static const Shape shape =
      ShapeBuilder<ThingIndexing>("ThingIndexingConfiguration")
          .field("thingIndexingMode", &ThingIndexing::thing_indexing_mode,
                 {.required = true, .one_of = {"OFF", "REGISTRY", "REGISTRY_AND_SHADOW"}})
          .field("thingConnectivityIndexingMode", &ThingIndexing::thing_connectivity_indexing_mode,
                 {.one_of = {"OFF", "STATUS"}})
          .field("deviceDefenderIndexingMode", &ThingIndexing::device_defender_indexing_mode,
                 {.one_of = {"OFF", "VIOLATIONS"}})
          .field("namedShadowIndexingMode", &ThingIndexing::named_shadow_indexing_mode, {.one_of = {"OFF", "ON"}})
          .field("managedFields", &ThingIndexing::managed_fields)
          .field("customFields", &ThingIndexing::custom_fields)
          .field("filter", &ThingIndexing::filter)
          .build();
  return shape;
}

const Shape& describe(const ThingGroupIndexing*) {
  static const Shape shape = ShapeBuilder<ThingGroupIndexing>("ThingGroupIndexingConfiguration")
                                 .field("thingGroupIndexingMode", &ThingGroupIndexing::thing_group_indexing_mode,
                                        {.required = true, .one_of = {"OFF", "ON"}})
                                 .field("managedFields", &ThingGroupIndexing::managed_fields)
                                 .field("customFields", &ThingGroupIndexing::custom_fields)
                                 .build();
  return shape;
}

const Shape& describe(const IndexingConfiguration*) {
  static const Shape shape = ShapeBuilder<IndexingConfiguration>("IndexingConfiguration")
                                 .field("thingIndexingConfiguration", &IndexingConfiguration::thing)
                                 .field("thingGroupIndexingConfiguration", &IndexingConfiguration::thing_group)
                                 .build();
  return shape;
}

const Shape& describe(const EventConfiguration*) {
  static const Shape shape =
      ShapeBuilder<EventConfiguration>("Configuration").field("Enabled", &EventConfiguration::enabled).build();
  return shape;
}

const Shape& describe(const UpdateEventConfigurationsInput*) {
  static const Shape shape = ShapeBuilder<UpdateEventConfigurationsInput>("UpdateEventConfigurationsRequest")
                                 .field("eventConfigurations", &UpdateEventConfigurationsInput::event_configurations)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeEventConfigurationsOutput*) {
  using Output = DescribeEventConfigurationsOutput;
  static const Shape shape = ShapeBuilder<Output>("DescribeEventConfigurationsResponse")
                                 .field("eventConfigurations", &Output::event_configurations)
                                 .field("creationDate", &Output::creation_date)
                                 .field("lastModifiedDate", &Output::last_modified_date)
                                 .build();
  return shape;
}

const Shape& describe(const GetRegistrationCodeOutput*) {
  static const Shape shape = ShapeBuilder<GetRegistrationCodeOutput>("GetRegistrationCodeResponse")
                                 .field("registrationCode", &GetRegistrationCodeOutput::registration_code)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
