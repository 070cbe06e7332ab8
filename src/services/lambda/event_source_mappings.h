#pragma once
/// Event source mappings: made, read, changed, deleted. What they do is consumers' business.
/// Source: AWS Lambda API Reference, CreateEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings,
///         UpdateEventSourceMapping, DeleteEventSourceMapping.
/// Errors: InvalidParameterValueException (what a mapping cannot have, a function or stream that there is not, a role
///         that may not read, in AWS's words), ResourceConflictException, ResourceNotFoundException.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"

namespace penstock::services::lambda {

struct MappingFilter {
  std::optional<std::string> pattern{};
};
struct FilterCriteria {
  std::optional<std::vector<MappingFilter>> filters{};
};
struct MappingDestination {
  std::optional<std::string> destination{};
};
struct MappingDestinations {
  std::optional<MappingDestination> on_success{};
  std::optional<MappingDestination> on_failure{};
};
struct MappingMetricsConfig {
  std::optional<std::vector<std::string>> metrics{};
};
const codec::Shape& describe(const MappingFilter*);
const codec::Shape& describe(const FilterCriteria*);
const codec::Shape& describe(const MappingDestination*);
const codec::Shape& describe(const MappingDestinations*);
const codec::Shape& describe(const MappingMetricsConfig*);

/// What CreateEventSourceMapping and UpdateEventSourceMapping share. Absent means: as it was, or AWS's default.
struct MappingSettings {
  std::optional<bool> enabled{};
  std::optional<std::int32_t> batch_size{};
  std::optional<std::int32_t> maximum_batching_window_in_seconds{};
  std::optional<std::int32_t> parallelization_factor{};
  std::optional<std::int32_t> maximum_retry_attempts{};
  std::optional<std::int32_t> maximum_record_age_in_seconds{};
  std::optional<bool> bisect_batch_on_function_error{};
  std::optional<std::int32_t> tumbling_window_in_seconds{};
  std::optional<MappingDestinations> destination_config{};
  std::optional<FilterCriteria> filter_criteria{};
  std::optional<std::vector<std::string>> function_response_types{};
  std::optional<MappingMetricsConfig> metrics_config{};
  // Of other event sources, refused by name:
  std::optional<codec::JsonText> source_access_configurations{};
  std::optional<codec::JsonText> scaling_config{};
  std::optional<codec::JsonText> document_db_config{};
  std::optional<codec::JsonText> provisioned_poller_config{};
  std::optional<codec::JsonText> kafka_config{};
  std::optional<codec::JsonText> self_managed_kafka_config{};
  std::optional<std::string> kms_key_arn{};
};

struct CreateMappingInput : MappingSettings {
  std::optional<std::string> event_source_arn{};
  std::string function_name{};
  std::optional<std::string> starting_position{};
  std::optional<Timestamp> starting_position_timestamp{};
  std::optional<std::map<std::string, std::string>> tags{};
  std::optional<codec::JsonText> topics{};
  std::optional<codec::JsonText> queues{};
  std::optional<codec::JsonText> self_managed_event_source{};
};
struct UpdateMappingInput : MappingSettings {
  std::string uuid{};
  std::optional<std::string> function_name{};
};
/// Of GetEventSourceMapping and DeleteEventSourceMapping.
struct MappingInput {
  std::string uuid{};
};
struct ListMappingsInput {
  std::optional<std::string> event_source_arn{};
  std::optional<std::string> function_name{};
  std::optional<std::string> marker{};
  std::optional<std::int32_t> max_items{};
};

struct MappingConfiguration {
  std::string uuid{};
  std::string event_source_mapping_arn{};
  std::string event_source_arn{};
  std::string function_arn{};
  std::string starting_position{};
  std::optional<Timestamp> starting_position_timestamp{};
  std::int32_t batch_size = 0;
  std::int32_t maximum_batching_window_in_seconds = 0;
  std::int32_t parallelization_factor = 1;
  std::int32_t maximum_retry_attempts = -1;
  std::int32_t maximum_record_age_in_seconds = -1;
  bool bisect_batch_on_function_error = false;
  std::int32_t tumbling_window_in_seconds = 0;
  MappingDestinations destination_config{};
  std::optional<FilterCriteria> filter_criteria{};
  std::vector<std::string> function_response_types{};
  std::optional<MappingMetricsConfig> metrics_config{};
  Timestamp last_modified{};
  std::string last_processing_result{};
  std::string state{};
  std::string state_transition_reason{};
};
struct ListMappingsOutput {
  std::vector<MappingConfiguration> event_source_mappings{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const CreateMappingInput*);
const codec::Shape& describe(const UpdateMappingInput*);
const codec::Shape& describe(const MappingInput*);
const codec::Shape& describe(const ListMappingsInput*);
const codec::Shape& describe(const MappingConfiguration*);
const codec::Shape& describe(const ListMappingsOutput*);

Answer<MappingConfiguration> create_event_source_mapping(CallContext& call, CreateMappingInput input);
Answer<MappingConfiguration> get_event_source_mapping(CallContext& call, MappingInput input);
Answer<MappingConfiguration> update_event_source_mapping(CallContext& call, UpdateMappingInput input);
Answer<MappingConfiguration> delete_event_source_mapping(CallContext& call, MappingInput input);
Answer<ListMappingsOutput> list_event_source_mappings(CallContext& call, ListMappingsInput input);

/// The mapping's own ARN; and for CreateEventSourceMapping "*", with lambda:FunctionArn as a condition.
[[nodiscard]] Touched touch_create_mapping(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_update_mapping(const CallContext& call, const void* input);
[[nodiscard]] Touched touch_mapping(const CallContext& call, const void* input);

// ---- tags, for TagResource, UntagResource and ListTags
/// The UUID in a mapping's ARN; nullopt: the ARN of something else.
[[nodiscard]] std::optional<std::string> mapping_in_arn(std::string_view arn);
[[nodiscard]] ApiResult<std::map<std::string, std::string>> mapping_tags(const CallContext& call,
                                                                         std::string_view uuid);
Task<ApiResult<void>> change_mapping_tags(CallContext& call, std::string uuid, std::map<std::string, std::string> added,
                                          std::vector<std::string> removed);

}  // namespace penstock::services::lambda
