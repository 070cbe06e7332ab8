#include "services/lambda/event_source_mappings.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/event_source_mappings.h"
#include "consumers/record_filter.h"
#include "consumers/source_access.h"
#include "core/encoding/base64.h"
#include "services/lambda/functions_api.h"
#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using consumers::Mapping;
using consumers::MappingOptions;
using consumers::MappingView;

namespace {

constexpr std::string_view kReportFailures = "ReportBatchItemFailures";
constexpr std::string_view kEventCount = "EventCount";
constexpr std::string_view kUserAction = "User action";
constexpr int kRecordAgeMin_s = 60;
constexpr std::size_t kPageDefault = 100;

std::string mapping_arn(const CallContext& call, std::string_view uuid) {
  return fmt::format("arn:aws:lambda:{}:{}:event-source-mapping:{}", call.region, call.account, uuid);
}

std::unexpected<ApiError> invalid(std::string message) {
  return std::unexpected(invalid_parameter(std::move(message)));
}

ApiResult<consumers::EventSourceMappings*> mappings_of(const CallContext& call) {
  if (call.house.lambda->mappings != nullptr) return call.house.lambda->mappings;
  return std::unexpected(service_failure("Event source mappings do not run in this server."));
}

ApiError to_mapping_error(const Error& error) {
  if (error.kind == ErrorKind::missing) return not_found("The resource you requested does not exist.");
  if (error.kind == ErrorKind::conflict) return resource_conflict(error.message);
  return to_api(error);
}

/// What belongs to event sources that there are none of here.
ApiResult<void> refuse_other_sources(const MappingSettings& settings) {
  const auto refuse = [](std::string_view member) {
    return invalid(fmt::format("{} is not for Kinesis event sources.", member));
  };
  if (settings.source_access_configurations) return refuse("SourceAccessConfigurations");
  if (settings.scaling_config) return refuse("ScalingConfig");
  if (settings.document_db_config) return refuse("DocumentDBEventSourceConfig");
  if (settings.provisioned_poller_config) return refuse("ProvisionedPollerConfig");
  if (settings.kafka_config) return refuse("AmazonManagedKafkaEventSourceConfig");
  if (settings.self_managed_kafka_config) return refuse("SelfManagedKafkaEventSourceConfig");
  if (settings.kms_key_arn && !settings.kms_key_arn->empty()) {
    return std::unexpected(unsupported("Penstock does not encrypt filter criteria: leave KMSKeyArn out."));
  }
  return {};
}

ApiResult<void> apply_filters(const FilterCriteria& criteria, MappingOptions& options) {
  std::vector<std::string> patterns;
  for (const MappingFilter& filter : criteria.filters.value_or(std::vector<MappingFilter>{})) {
    if (!filter.pattern) return invalid("Invalid filter pattern definition.");
    patterns.push_back(*filter.pattern);
  }
  if (patterns.size() > consumers::kFiltersMax) {
    return invalid(fmt::format("A mapping can have {} filters at most.", consumers::kFiltersMax));
  }
  if (const auto compiled = consumers::RecordFilter::compile(patterns); !compiled) {
    return invalid("Invalid filter pattern definition.");
  }
  options.filters = std::move(patterns);
  return {};
}

ApiResult<void> apply_destination(const CallContext& call, const MappingDestinations& config, std::string_view role_arn,
                                  MappingOptions& options) {
  if (config.on_success && config.on_success->destination.value_or("") != "") {
    return invalid("Unsupported DestinationConfig parameter for given event source mapping type.");
  }
  std::string arn = config.on_failure ? config.on_failure->destination.value_or("") : "";
  if (!arn.empty() && arn != options.on_failure) {
    const auto usable = call.house.lambda->destinations.check(arn, role_arn);
    if (!usable) return invalid(usable.error().message);
  }
  options.on_failure = std::move(arn);
  return {};
}

/// The settings that are there, over what `options` has.
ApiResult<void> apply_settings(const CallContext& call, const MappingSettings& settings, std::string_view role_arn,
                               MappingOptions& options) {
  PENSTOCK_TRY_VOID(refuse_other_sources(settings));
  options.enabled = settings.enabled.value_or(options.enabled);
  options.batch_size = settings.batch_size.value_or(options.batch_size);
  options.batching_window_s = settings.maximum_batching_window_in_seconds.value_or(options.batching_window_s);
  options.parallelization = settings.parallelization_factor.value_or(options.parallelization);
  options.retries_max = settings.maximum_retry_attempts.value_or(options.retries_max);
  options.record_age_max_s = settings.maximum_record_age_in_seconds.value_or(options.record_age_max_s);
  options.bisects = settings.bisect_batch_on_function_error.value_or(options.bisects);
  options.tumbling_window_s = settings.tumbling_window_in_seconds.value_or(options.tumbling_window_s);
  if (options.record_age_max_s != -1 && options.record_age_max_s < kRecordAgeMin_s) {
    return invalid("MaximumRecordAgeInSeconds must be -1, or between 60 and 604800.");
  }
  if (settings.function_response_types) {
    options.reports_failures = std::ranges::find(*settings.function_response_types, kReportFailures) !=
                               settings.function_response_types->end();
  }
  if (settings.metrics_config) {
    options.counts_events = !settings.metrics_config->metrics.value_or(std::vector<std::string>{}).empty();
  }
  if (settings.filter_criteria) PENSTOCK_TRY_VOID(apply_filters(*settings.filter_criteria, options));
  if (settings.destination_config) {
    PENSTOCK_TRY_VOID(apply_destination(call, *settings.destination_config, role_arn, options));
  }
  return {};
}

/// Names the function in the mapping; gives its role.
ApiResult<std::string> apply_function(const CallContext& call, std::string_view given, Mapping& mapping) {
  PENSTOCK_TRY(const FunctionReference function, parse_function(call.house, given));
  const auto resolved = store_of(call).resolve(function.name, function.qualifier);
  if (!resolved && resolved.error().kind == ErrorKind::missing) return invalid("Function does not exist");
  if (!resolved) return std::unexpected(to_api(resolved.error()));
  mapping.options.function_name = function.name;
  mapping.options.function_qualifier = function.qualifier;
  mapping.function_arn = resolved->invoked_arn;
  return resolved->version->role_arn;
}

ApiResult<void> apply_start(const CallContext& call, const CreateMappingInput& input, Mapping& mapping) {
  if (!input.starting_position) {
    return invalid(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not "
        "be "
        "null.");
  }
  mapping.starting_position = *consumers::parse_starting_position(*input.starting_position);
  const bool by_time = mapping.starting_position == consumers::StartingPosition::at_timestamp;
  if (!by_time && input.starting_position_timestamp) {
    return invalid("Timestamp only valid with StartingPosition AT_TIMESTAMP");
  }
  if (by_time && !input.starting_position_timestamp) {
    return invalid("StartingPositionTimestamp is needed for the starting position AT_TIMESTAMP.");
  }
  if (by_time && to_unix_ms(*input.starting_position_timestamp) < 0) {
    return invalid(
        "Received Exception while reading from provided stream. class java.lang.Long can not be converted to a "
        "Timestamp");
  }
  if (by_time && *input.starting_position_timestamp > call.house.clock.now()) {
    return invalid("StartingPositionTimestamp cannot be in the future.");
  }
  mapping.starting_timestamp = input.starting_position_timestamp;
  return {};
}

/// The stream (or consumer) is there, and the role may read it.
ApiResult<void> check_source(const consumers::EventSourceMappings& mappings, const std::string& arn,
                             std::string_view role_arn) {
  const auto found = consumers::find_source(mappings.parts(), arn);
  if (!found && found.error().kind == ErrorKind::missing) return invalid(fmt::format("Stream not found: {}", arn));
  if (!found) return invalid(found.error().message);
  if (consumers::check_source_access(mappings.parts(), role_arn, arn)) return {};
  if (arn.contains("/consumer/")) {
    return invalid(
        fmt::format("Cannot access consumer {}. Please ensure the role can perform the SubscribeToShard "
                    "Action on your consumer, and DescribeStream on its stream, in IAM.",
                    arn));
  }
  return invalid(
      fmt::format("Cannot access stream {}. Please ensure the role can perform the GetRecords, "
                  "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in "
                  "IAM.",
                  arn));
}

MappingConfiguration configuration_of(const CallContext& call, const MappingView& view) {
  const Mapping& mapping = view.mapping;
  const MappingOptions& options = mapping.options;
  MappingConfiguration out{.uuid = mapping.uuid,
                           .event_source_mapping_arn = mapping_arn(call, mapping.uuid),
                           .event_source_arn = mapping.event_source_arn,
                           .function_arn = mapping.function_arn,
                           .starting_position = std::string(consumers::to_string(mapping.starting_position)),
                           .starting_position_timestamp = mapping.starting_timestamp,
                           .batch_size = options.batch_size,
                           .maximum_batching_window_in_seconds = options.batching_window_s,
                           .parallelization_factor = options.parallelization,
                           .maximum_retry_attempts = options.retries_max,
                           .maximum_record_age_in_seconds = options.record_age_max_s,
                           .bisect_batch_on_function_error = options.bisects,
                           .tumbling_window_in_seconds = options.tumbling_window_s,
                           .last_modified = mapping.last_modified,
                           .last_processing_result = view.last_processing_result,
                           .state = view.state,
                           .state_transition_reason = std::string(kUserAction)};
  out.destination_config.on_failure.emplace();
  if (!options.on_failure.empty()) out.destination_config.on_failure->destination = options.on_failure;
  if (!options.filters.empty()) {
    auto& filters = out.filter_criteria.emplace().filters.emplace();
    for (const std::string& pattern : options.filters) filters.push_back({.pattern = pattern});
  }
  if (options.reports_failures) out.function_response_types.emplace_back(kReportFailures);
  if (options.counts_events) out.metrics_config.emplace().metrics.emplace().emplace_back(kEventCount);
  return out;
}

}  // namespace

Answer<MappingConfiguration> create_event_source_mapping(CallContext& call, CreateMappingInput input) {
  PENSTOCK_CO_TRY(auto* const mappings, mappings_of(call));
  const std::string arn = input.event_source_arn.value_or("");
  if (arn.empty() || input.topics || input.queues || input.self_managed_event_source) {
    co_return invalid("Unrecognized event source.");
  }
  Mapping draft;
  draft.event_source_arn = arn;
  PENSTOCK_CO_TRY(const std::string role, apply_function(call, input.function_name, draft));
  if (!consumers::parse_source_arn(arn, call.region, call.account)) co_return invalid("Unrecognized event source.");
  PENSTOCK_CO_TRY_VOID(apply_start(call, input, draft));
  PENSTOCK_CO_TRY_VOID(apply_settings(call, input, role, draft.options));
  draft.tags = input.tags.value_or(std::map<std::string, std::string>{});
  PENSTOCK_CO_TRY_VOID(check_tags(draft.tags));
  PENSTOCK_CO_TRY_VOID(check_source(*mappings, arn, role));
  const auto made = co_await mappings->create(std::move(draft));
  if (!made) co_return std::unexpected(to_mapping_error(made.error()));
  co_return configuration_of(call, *made);
}

Answer<MappingConfiguration> get_event_source_mapping(CallContext& call, MappingInput input) {
  PENSTOCK_CO_TRY(const auto* const mappings, mappings_of(call));
  const auto view = mappings->find(input.uuid);
  if (!view) co_return std::unexpected(not_found("The resource you requested does not exist."));
  co_return configuration_of(call, *view);
}

Answer<MappingConfiguration> update_event_source_mapping(CallContext& call, UpdateMappingInput input) {
  PENSTOCK_CO_TRY(auto* const mappings, mappings_of(call));
  ApiError refusal;
  const auto refuse = [&refusal](ApiError error) {
    refusal = std::move(error);
    return fail(ErrorKind::invalid, refusal.message);
  };
  const auto change = [&](Mapping& mapping) -> Result<void> {
    const std::string function = input.function_name.value_or(mapping.function_arn);
    const std::string before = mapping.function_arn;
    const auto role = apply_function(call, function, mapping);
    // A mapping whose function is gone can still be changed and disabled.
    if (!role && input.function_name) return refuse(role.error());
    if (mapping.function_arn != before) {
      const auto existing = mappings->find_pair(mapping.event_source_arn, mapping.function_arn);
      if (existing) return refuse(resource_conflict(consumers::already_mapped(mapping, *existing)));
    }
    const auto applied = apply_settings(call, input, role.value_or(""), mapping.options);
    if (!applied) return refuse(applied.error());
    return {};
  };
  const auto changed = co_await mappings->update(input.uuid, change);
  if (!changed && !refusal.code.empty()) co_return std::unexpected(std::move(refusal));
  if (!changed) co_return std::unexpected(to_mapping_error(changed.error()));
  co_return configuration_of(call, *changed);
}

Answer<MappingConfiguration> delete_event_source_mapping(CallContext& call, MappingInput input) {
  PENSTOCK_CO_TRY(auto* const mappings, mappings_of(call));
  const auto removed = co_await mappings->remove(input.uuid);
  if (!removed) co_return std::unexpected(to_mapping_error(removed.error()));
  co_return configuration_of(call, *removed);
}

Answer<ListMappingsOutput> list_event_source_mappings(CallContext& call, ListMappingsInput input) {
  PENSTOCK_CO_TRY(const auto* const mappings, mappings_of(call));
  std::optional<FunctionReference> function;
  if (input.function_name) {
    PENSTOCK_CO_TRY(function, parse_function(call.house, *input.function_name));
  }
  std::string after;
  if (input.marker && !input.marker->empty()) {
    const auto decoded = base64_decode(*input.marker);
    if (!decoded) co_return invalid("Invalid pagination token.");
    after = *decoded;
  }
  const std::size_t limit = input.max_items ? static_cast<std::size_t>(*input.max_items) : kPageDefault;
  ListMappingsOutput out;
  for (const MappingView& view : mappings->list()) {
    const Mapping& mapping = view.mapping;
    if (mapping.uuid <= after) continue;
    if (input.event_source_arn && mapping.event_source_arn != *input.event_source_arn) continue;
    if (function && (mapping.options.function_name != function->name ||
                     mapping.options.function_qualifier != function->qualifier)) {
      continue;
    }
    if (out.event_source_mappings.size() == limit) {
      out.next_marker = base64_encode(out.event_source_mappings.back().uuid);
      break;
    }
    out.event_source_mappings.push_back(configuration_of(call, view));
  }
  co_return out;
}

// ---- what is touched

namespace {

std::string function_arn_of(const CallContext& call, std::string_view uuid) {
  const auto* const mappings = call.house.lambda->mappings;
  const auto view = mappings != nullptr ? mappings->find(uuid) : std::nullopt;
  return view ? view->mapping.function_arn : std::string();
}

Touched touch_uuid(const CallContext& call, std::string_view uuid) {
  Touched touched{.resources = {mapping_arn(call, uuid)}, .conditions = {}, .resource_policies = {}};
  const std::string function = function_arn_of(call, uuid);
  if (!function.empty()) touched.conditions["lambda:FunctionArn"] = {function};
  return touched;
}

}  // namespace

Touched touch_create_mapping(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const CreateMappingInput*>(input);
  Touched touched{.resources = {"*"}, .conditions = tag_conditions(request.tags), .resource_policies = {}};
  touched.conditions["lambda:FunctionArn"] = {touched_function(call, request.function_name)};
  return touched;
}

Touched touch_update_mapping(const CallContext& call, const void* input) {
  const auto& request = *static_cast<const UpdateMappingInput*>(input);
  Touched touched = touch_uuid(call, request.uuid);
  // Whoever hands the stream to another function must be allowed to for that one, too.
  if (request.function_name) {
    touched.conditions["lambda:FunctionArn"] = {touched_function(call, *request.function_name)};
  }
  return touched;
}

Touched touch_mapping(const CallContext& call, const void* input) {
  return touch_uuid(call, static_cast<const MappingInput*>(input)->uuid);
}

// ---- tags

std::optional<std::string> mapping_in_arn(std::string_view arn) {
  constexpr std::string_view kPart = ":event-source-mapping:";
  const std::size_t at = arn.find(kPart);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(arn.substr(at + kPart.size()));
}

ApiResult<std::map<std::string, std::string>> mapping_tags(const CallContext& call, std::string_view uuid) {
  PENSTOCK_TRY(const auto* const mappings, mappings_of(call));
  const auto view = mappings->find(uuid);
  if (!view) {
    return std::unexpected(not_found(fmt::format("Event source mapping not found: {}", mapping_arn(call, uuid))));
  }
  return view->mapping.tags;
}

Task<ApiResult<void>> change_mapping_tags(CallContext& call, std::string uuid, std::map<std::string, std::string> added,
                                          std::vector<std::string> removed) {
  PENSTOCK_CO_TRY(auto* const mappings, mappings_of(call));
  PENSTOCK_CO_TRY(auto planned, mapping_tags(call, uuid));
  const auto apply = [&](std::map<std::string, std::string>& tags) {
    for (const auto& [key, value] : added) tags.insert_or_assign(key, value);
    for (const std::string& key : removed) tags.erase(key);
  };
  apply(planned);
  PENSTOCK_CO_TRY_VOID(check_tags(planned));
  const auto done = co_await mappings->set_tags(std::move(uuid), apply);
  if (!done) co_return std::unexpected(to_mapping_error(done.error()));
  co_return ApiResult<void>{};
}

}  // namespace penstock::services::lambda
