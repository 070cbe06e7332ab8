#include "services/lambda/invoke_configs.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/lambda/reference.h"

namespace penstock::services::lambda {

using codec::Shape;
using codec::ShapeBuilder;
using functions::InvokeConfigRecord;

namespace {

std::string_view bound_to(const FunctionReference& function) {
  return function.qualifier.empty() ? functions::kLatest : std::string_view(function.qualifier);
}

ApiError no_config(const functions::FunctionStore& store, const FunctionReference& function) {
  return not_found(
      fmt::format("The function {} doesn't have an EventInvokeConfig", store.arn(function.name, bound_to(function))));
}

ApiError no_function() { return not_found("The function doesn't exist."); }

std::optional<std::string> arn_of(const std::optional<Destination>& destination) {
  if (!destination.has_value() || !destination->destination.has_value() || destination->destination->empty()) {
    return std::nullopt;
  }
  return *destination->destination;
}

EventInvokeConfig configuration(const functions::FunctionStore& store, std::string_view name,
                                std::string_view qualifier, const InvokeConfigRecord& record) {
  EventInvokeConfig out{.last_modified = record.modified,
                        .function_arn = store.arn(name, qualifier),
                        .maximum_retry_attempts = record.retries_max,
                        .maximum_event_age_in_seconds = record.age_seconds_max};
  // Both are always there, as in AWS (recorded 2024-04).
  out.destination_config = DestinationConfig{.on_success = Destination{record.on_success_arn},
                                             .on_failure = Destination{record.on_failure_arn}};
  return out;
}

/// What is wrong with it whatever the role may do. Other services' ARNs are left to Destinations::check.
ApiResult<void> check_destination(CallContext& call, const FunctionReference& function, const std::string& given) {
  const functions::FunctionStore& store = store_of(call);
  const std::string prefix = store.arn("");
  if (!given.starts_with(prefix)) return {};
  std::string_view name(given);
  name.remove_prefix(prefix.size());
  const std::size_t colon = std::min(name.find(':'), name.size());
  const std::string_view qualifier = name.substr(std::min(colon + 1, name.size()));
  name = name.substr(0, colon);
  const bool is_latest = qualifier.empty() || qualifier == functions::kLatest;
  if (name == function.name && bound_to(function) == (is_latest ? functions::kLatest : qualifier)) {
    return std::unexpected(invalid_parameter("You can't specify the function as a destination for itself."));
  }
  const auto found =
      store.read([&](const FunctionRegistry& registry) { return find_version(store, registry, name, qualifier); });
  if (found.has_value()) return {};
  return std::unexpected(invalid_parameter(fmt::format("The destination ARN {} is invalid.", given)));
}

ApiResult<void> check_destinations(CallContext& call, const FunctionReference& function,
                                   const EventInvokeConfigInput& input, const std::string& role) {
  if (!input.destination_config.has_value()) return {};
  constexpr std::string_view kServices[] = {"lambda", "sqs", "sns", "s3", "events"};
  const auto on_success = arn_of(input.destination_config->on_success);
  const auto on_failure = arn_of(input.destination_config->on_failure);
  for (const auto& given : {on_success, on_failure}) {
    if (!given.has_value()) continue;
    const std::size_t begin = std::min(given->find(':', sizeof "arn:" - 1), given->size() - 1) + 1;
    const std::string_view service = std::string_view(*given).substr(begin, given->find(':', begin) - begin);
    if (std::ranges::find(kServices, service) != std::end(kServices)) continue;
    const auto said = [](std::string_view name, const std::optional<std::string>& arn) {
      return arn.has_value() ? fmt::format("{}(destination={})", name, *arn) : std::string("null");
    };
    return std::unexpected(invalid_parameter(
        fmt::format("The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
                    said("OnSuccess", on_success), said("OnFailure", on_failure))));
  }
  for (const auto& given :
       {arn_of(input.destination_config->on_success), arn_of(input.destination_config->on_failure)}) {
    if (!given.has_value()) continue;
    PENSTOCK_TRY_VOID(check_destination(call, function, *given));
    const Result<void> reachable = call.house.lambda->destinations.check(*given, role);
    if (!reachable.has_value()) return std::unexpected(invalid_parameter(reachable.error().message));
  }
  return {};
}

void apply(const EventInvokeConfigInput& input, InvokeConfigRecord& record) {
  if (input.maximum_retry_attempts.has_value()) record.retries_max = input.maximum_retry_attempts;
  if (input.maximum_event_age_in_seconds.has_value()) record.age_seconds_max = input.maximum_event_age_in_seconds;
  if (!input.destination_config.has_value()) return;
  record.on_success_arn = arn_of(input.destination_config->on_success);
  record.on_failure_arn = arn_of(input.destination_config->on_failure);
}

Answer<EventInvokeConfig> write(CallContext& call, EventInvokeConfigInput input, bool replaces) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  if (!input.maximum_retry_attempts.has_value() && !input.maximum_event_age_in_seconds.has_value() &&
      !input.destination_config.has_value()) {
    co_return std::unexpected(
        invalid_parameter("You must specify at least one of error handling or destination setting."));
  }
  const auto version = store.read([&](const FunctionRegistry& registry) {
    return find_version(store, registry, function.name, function.qualifier);
  });
  if (!version.has_value()) co_return std::unexpected(no_function());
  PENSTOCK_CO_TRY_VOID(check_destinations(call, function, input, (*version)->role_arn));
  const std::string key = functions::part_of(function.name, bound_to(function));
  InvokeConfigRecord record;
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    if (!find_version(store, registry, function.name, function.qualifier)) return std::unexpected(no_function());
    const auto present = registry.invoke_configs().find(key);
    if (!replaces && present == nullptr) return std::unexpected(no_config(store, function));
    record = replaces ? InvokeConfigRecord{} : *present;
    apply(input, record);
    record.modified = store.now();
    return Changes{put(functions::key::kInvokeConfig, key, registry.invoke_configs(), record)};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return configuration(store, function.name, bound_to(function), record);
}

}  // namespace

Answer<EventInvokeConfig> put_event_invoke_config(CallContext& call, EventInvokeConfigInput input) {
  co_return co_await write(call, std::move(input), true);
}

Answer<EventInvokeConfig> update_event_invoke_config(CallContext& call, EventInvokeConfigInput input) {
  co_return co_await write(call, std::move(input), false);
}

Answer<EventInvokeConfig> get_event_invoke_config(CallContext& call, QualifiedInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  const auto record = store.invoke_config(function.name, function.qualifier);
  if (record == nullptr) co_return std::unexpected(no_config(store, function));
  co_return configuration(store, function.name, bound_to(function), *record);
}

Answer<Empty> delete_event_invoke_config(CallContext& call, QualifiedInput input) {
  functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name, input.qualifier));
  const std::string key = functions::part_of(function.name, bound_to(function));
  const auto plan = [&](const FunctionRegistry& registry) -> ApiResult<Changes> {
    if (registry.invoke_configs().find(key) == nullptr) return std::unexpected(no_config(store, function));
    return Changes{remove(functions::key::kInvokeConfig, key, registry.invoke_configs())};
  };
  PENSTOCK_CO_TRY_VOID(co_await change(store, plan));
  co_return Empty{};
}

Answer<ListEventInvokeConfigsOutput> list_event_invoke_configs(CallContext& call, ListEventInvokeConfigsInput input) {
  const functions::FunctionStore& store = store_of(call);
  PENSTOCK_CO_TRY(const FunctionReference function, parse_function(call.house, input.function_name));
  std::vector<std::pair<std::string, EventInvokeConfig>> keyed;
  PENSTOCK_CO_TRY_VOID(store.read([&](const FunctionRegistry& registry) -> ApiResult<void> {
    if (registry.functions().find(function.name) == nullptr) return std::unexpected(no_function());
    registry.invoke_configs().each_of(function.name, [&](std::string_view qualifier, const InvokeConfigRecord& record) {
      keyed.emplace_back(qualifier, configuration(store, function.name, qualifier, record));
      return true;
    });
    return {};
  }));
  PENSTOCK_CO_TRY(auto page, page_of(std::move(keyed), input, 50));
  co_return ListEventInvokeConfigsOutput{.configs = std::move(page.items), .next_marker = std::move(page.next_marker)};
}

// ---- Shapes

const Shape& describe(const Destination*) {
  static const Shape shape =
      ShapeBuilder<Destination>("Destination")
          .field(
              "Destination", &Destination::destination,
              {.length = {.min = 0, .max = 350},
               .pattern = "^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1})?:"
                          "(\\d{12})?:(.*)"})
          .build();
  return shape;
}

const Shape& describe(const DestinationConfig*) {
  static const Shape shape = ShapeBuilder<DestinationConfig>("DestinationConfig")
                                 .field("OnSuccess", &DestinationConfig::on_success)
                                 .field("OnFailure", &DestinationConfig::on_failure)
                                 .build();
  return shape;
}

const Shape& describe(const EventInvokeConfigInput*) {
  using Input = EventInvokeConfigInput;
  static const Shape shape =
      ShapeBuilder<Input>("PutFunctionEventInvokeConfigRequest")
          .field("FunctionName", &Input::function_name, function_name_in_path())
          .field("Qualifier", &Input::qualifier, qualifier_in_query())
          .field("MaximumRetryAttempts", &Input::maximum_retry_attempts, {.range = {.min = 0, .max = 2}})
          .field("MaximumEventAgeInSeconds", &Input::maximum_event_age_in_seconds, {.range = {.min = 60, .max = 21600}})
          .field("DestinationConfig", &Input::destination_config)
          .build();
  return shape;
}

const Shape& describe(const EventInvokeConfig*) {
  using Out = EventInvokeConfig;
  static const Shape shape = ShapeBuilder<Out>("FunctionEventInvokeConfig")
                                 .field("LastModified", &Out::last_modified)
                                 .field("FunctionArn", &Out::function_arn)
                                 .field("MaximumRetryAttempts", &Out::maximum_retry_attempts)
                                 .field("MaximumEventAgeInSeconds", &Out::maximum_event_age_in_seconds)
                                 .field("DestinationConfig", &Out::destination_config)
                                 .build();
  return shape;
}

const Shape& describe(const ListEventInvokeConfigsInput*) {
  using Input = ListEventInvokeConfigsInput;
  static const Shape shape = [] {
    ShapeBuilder<Input> builder("ListFunctionEventInvokeConfigsRequest");
    builder.field("FunctionName", &Input::function_name, function_name_in_path());
    add_page(builder, 50);
    return std::move(builder).build();
  }();
  return shape;
}

const Shape& describe(const ListEventInvokeConfigsOutput*) {
  using Out = ListEventInvokeConfigsOutput;
  static const Shape shape = ShapeBuilder<Out>("ListFunctionEventInvokeConfigsResponse")
                                 .field("FunctionEventInvokeConfigs", &Out::configs)
                                 .field("NextMarker", &Out::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::lambda
