#pragma once
/// Settings of the whole account that Terraform manages, and the registration code.
/// Logging options say whether refused clients are logged; indexing and event configurations may only be off. What
/// would have to do something that is not built is refused. Source: AWS IoT API Reference, Get/SetV2LoggingOptions,
/// Get/UpdateIndexingConfiguration,
///         Describe/UpdateEventConfigurations, Get/DeleteRegistrationCode.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

/// Of SetV2LoggingOptions, and the answer of GetV2LoggingOptions.
struct LoggingOptions {
  std::optional<std::string> role_arn{};
  std::optional<std::string> default_log_level{};
  std::optional<bool> disable_all_logs{};
  std::optional<codec::JsonText> event_configurations{};
};
struct GetV2LoggingOptionsInput {
  std::optional<bool> verbose{};
};
const codec::Shape& describe(const LoggingOptions*);
const codec::Shape& describe(const GetV2LoggingOptionsInput*);
Task<ApiResult<Empty>> set_v2_logging_options(CallContext& call, LoggingOptions input);
Task<ApiResult<LoggingOptions>> get_v2_logging_options(CallContext& call, GetV2LoggingOptionsInput input);

/// Whether refused clients are logged: unless the logging options say DISABLED or disableAllLogs.
[[nodiscard]] bool logs_refusals(const IotCore& core);

struct ThingIndexing {
  std::string thing_indexing_mode{"OFF"};
  std::optional<std::string> thing_connectivity_indexing_mode{};
  std::optional<std::string> device_defender_indexing_mode{};
  std::optional<std::string> named_shadow_indexing_mode{};
  std::optional<codec::JsonText> managed_fields{};
  std::optional<codec::JsonText> custom_fields{};
  std::optional<codec::JsonText> filter{};
};
struct ThingGroupIndexing {
  std::string thing_group_indexing_mode{"OFF"};
  std::optional<codec::JsonText> managed_fields{};
  std::optional<codec::JsonText> custom_fields{};
};
/// Of UpdateIndexingConfiguration, and the answer of GetIndexingConfiguration.
struct IndexingConfiguration {
  std::optional<ThingIndexing> thing{};
  std::optional<ThingGroupIndexing> thing_group{};
};
const codec::Shape& describe(const ThingIndexing*);
const codec::Shape& describe(const ThingGroupIndexing*);
const codec::Shape& describe(const IndexingConfiguration*);
Task<ApiResult<Empty>> update_indexing_configuration(CallContext& call, IndexingConfiguration input);
Task<ApiResult<IndexingConfiguration>> get_indexing_configuration(CallContext& call, Empty input);

struct EventConfiguration {
  std::optional<bool> enabled{};
};
struct UpdateEventConfigurationsInput {
  std::optional<std::map<std::string, EventConfiguration>> event_configurations{};
};
struct DescribeEventConfigurationsOutput {
  std::map<std::string, EventConfiguration> event_configurations{};
  std::optional<Timestamp> creation_date{};
  std::optional<Timestamp> last_modified_date{};
};
const codec::Shape& describe(const EventConfiguration*);
const codec::Shape& describe(const UpdateEventConfigurationsInput*);
const codec::Shape& describe(const DescribeEventConfigurationsOutput*);
Task<ApiResult<Empty>> update_event_configurations(CallContext& call, UpdateEventConfigurationsInput input);
Task<ApiResult<DescribeEventConfigurationsOutput>> describe_event_configurations(CallContext& call, Empty input);

struct GetRegistrationCodeOutput {
  std::string registration_code{};
};
const codec::Shape& describe(const GetRegistrationCodeOutput*);
Task<ApiResult<GetRegistrationCodeOutput>> get_registration_code(CallContext& call, Empty input);
Task<ApiResult<Empty>> delete_registration_code(CallContext& call, Empty input);

}  // namespace penstock::services::iot
