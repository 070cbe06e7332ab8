#include "services/lambda/event_source_mappings.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr std::string_view kSourcePattern =
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)";

template <class Input, class Member>
Member Input::* of(Member MappingSettings::* member) {
  return member;
}

template <class Input>
void add_mapping_settings(ShapeBuilder<Input>& shape) {
  using S = MappingSettings;
  shape.field("Enabled", of<Input>(&S::enabled))
      .field("BatchSize", of<Input>(&S::batch_size), {.range = {.min = 1, .max = 10'000}})
      .field("MaximumBatchingWindowInSeconds", of<Input>(&S::maximum_batching_window_in_seconds),
             {.range = {.min = 0, .max = 300}})
      .field("ParallelizationFactor", of<Input>(&S::parallelization_factor), {.range = {.min = 1, .max = 10}})
      .field("MaximumRetryAttempts", of<Input>(&S::maximum_retry_attempts), {.range = {.min = -1, .max = 10'000}})
      .field("MaximumRecordAgeInSeconds", of<Input>(&S::maximum_record_age_in_seconds),
             {.range = {.min = -1, .max = 604'800}})
      .field("BisectBatchOnFunctionError", of<Input>(&S::bisect_batch_on_function_error))
      .field("TumblingWindowInSeconds", of<Input>(&S::tumbling_window_in_seconds), {.range = {.min = 0, .max = 900}})
      .field("DestinationConfig", of<Input>(&S::destination_config))
      .field("FilterCriteria", of<Input>(&S::filter_criteria))
      .field("FunctionResponseTypes", of<Input>(&S::function_response_types),
             {.length = {.min = 0, .max = 1}, .element_one_of = {"ReportBatchItemFailures"}})
      .field("MetricsConfig", of<Input>(&S::metrics_config))
      .field("SourceAccessConfigurations", of<Input>(&S::source_access_configurations))
      .field("ScalingConfig", of<Input>(&S::scaling_config))
      .field("DocumentDBEventSourceConfig", of<Input>(&S::document_db_config))
      .field("ProvisionedPollerConfig", of<Input>(&S::provisioned_poller_config))
      .field("AmazonManagedKafkaEventSourceConfig", of<Input>(&S::kafka_config))
      .field("SelfManagedKafkaEventSourceConfig", of<Input>(&S::self_managed_kafka_config))
      .field("KMSKeyArn", of<Input>(&S::kms_key_arn));
}

codec::Rules uuid_in_path() { return {.required = true, .place = codec::Place::path, .location = "UUID"}; }

codec::Rules function_rules(bool required) {
  return {.required = required, .length = {.min = 1, .max = 140}, .pattern = kFunctionNamePattern};
}

}  // namespace

const Shape& describe(const MappingFilter*) {
  static const Shape shape = ShapeBuilder<MappingFilter>("Filter")
                                 .field("Pattern", &MappingFilter::pattern, {.length = {.min = 0, .max = 4096}})
                                 .build();
  return shape;
}

const Shape& describe(const FilterCriteria*) {
  static const Shape shape =
      ShapeBuilder<FilterCriteria>("FilterCriteria").field("Filters", &FilterCriteria::filters).build();
  return shape;
}

const Shape& describe(const MappingDestination*) {
  static const Shape shape =
      ShapeBuilder<MappingDestination>("OnFailure")
          .field("Destination", &MappingDestination::destination, {.length = {.min = 0, .max = 350}})
          .build();
  return shape;
}

const Shape& describe(const MappingDestinations*) {
  static const Shape shape = ShapeBuilder<MappingDestinations>("DestinationConfig")
                                 .field("OnSuccess", &MappingDestinations::on_success)
                                 .field("OnFailure", &MappingDestinations::on_failure)
                                 .build();
  return shape;
}

const Shape& describe(const MappingMetricsConfig*) {
  static const Shape shape = ShapeBuilder<MappingMetricsConfig>("EventSourceMappingMetricsConfig")
                                 .field("Metrics", &MappingMetricsConfig::metrics,
                                        {.length = {.min = 0, .max = 1}, .element_one_of = {"EventCount"}})
                                 .build();
  return shape;
}

const Shape& describe(const CreateMappingInput*) {
  using Input = CreateMappingInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("CreateEventSourceMappingRequest");
    builder.field("EventSourceArn", &Input::event_source_arn, {.pattern = kSourcePattern})
        .field("FunctionName", &Input::function_name, function_rules(true))
        .field("StartingPosition", &Input::starting_position, {.one_of = {"LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"}})
        .field("StartingPositionTimestamp", &Input::starting_position_timestamp)
        .field("Tags", &Input::tags)
        .field("Topics", &Input::topics)
        .field("Queues", &Input::queues)
        .field("SelfManagedEventSource", &Input::self_managed_event_source);
    add_mapping_settings(builder);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const UpdateMappingInput*) {
  using Input = UpdateMappingInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("UpdateEventSourceMappingRequest");
    builder.field("UUID", &Input::uuid, uuid_in_path())
        .field("FunctionName", &Input::function_name, function_rules(false));
    add_mapping_settings(builder);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const MappingInput*) {
  static const Shape shape = ShapeBuilder<MappingInput>("EventSourceMappingRequest")
                                 .field("UUID", &MappingInput::uuid, uuid_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const ListMappingsInput*) {
  using Input = ListMappingsInput;
  static const Shape shape =
      ShapeBuilder<Input>("ListEventSourceMappingsRequest")
          .field("EventSourceArn", &Input::event_source_arn, in_query("EventSourceArn"))
          .field("FunctionName", &Input::function_name,
                 {.length = {.min = 1, .max = 140},
                  .pattern = kFunctionNamePattern,
                  .place = codec::Place::query,
                  .location = "FunctionName"})
          .field("Marker", &Input::marker, in_query("Marker"))
          .field("MaxItems", &Input::max_items,
                 {.range = {.min = 1, .max = 10'000}, .place = codec::Place::query, .location = "MaxItems"})
          .build();
  return shape;
}

const Shape& describe(const MappingConfiguration*) {
  using Output = MappingConfiguration;
  static const Shape shape = ShapeBuilder<Output>("EventSourceMappingConfiguration")
                                 .field("UUID", &Output::uuid)
                                 .field("StartingPosition", &Output::starting_position)
                                 .field("StartingPositionTimestamp", &Output::starting_position_timestamp)
                                 .field("BatchSize", &Output::batch_size)
                                 .field("MaximumBatchingWindowInSeconds", &Output::maximum_batching_window_in_seconds)
                                 .field("ParallelizationFactor", &Output::parallelization_factor)
                                 .field("EventSourceArn", &Output::event_source_arn)
                                 .field("FilterCriteria", &Output::filter_criteria)
                                 .field("FunctionArn", &Output::function_arn)
                                 .field("LastModified", &Output::last_modified)
                                 .field("LastProcessingResult", &Output::last_processing_result)
                                 .field("State", &Output::state)
                                 .field("StateTransitionReason", &Output::state_transition_reason)
                                 .field("DestinationConfig", &Output::destination_config)
                                 .field("MaximumRecordAgeInSeconds", &Output::maximum_record_age_in_seconds)
                                 .field("BisectBatchOnFunctionError", &Output::bisect_batch_on_function_error)
                                 .field("MaximumRetryAttempts", &Output::maximum_retry_attempts)
                                 .field("TumblingWindowInSeconds", &Output::tumbling_window_in_seconds)
                                 .field("FunctionResponseTypes", &Output::function_response_types)
                                 .field("MetricsConfig", &Output::metrics_config)
                                 .field("EventSourceMappingArn", &Output::event_source_mapping_arn)
                                 .build();
  return shape;
}

const Shape& describe(const ListMappingsOutput*) {
  static const Shape shape = ShapeBuilder<ListMappingsOutput>("ListEventSourceMappingsResponse")
                                 .field("EventSourceMappings", &ListMappingsOutput::event_source_mappings)
                                 .field("NextMarker", &ListMappingsOutput::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
