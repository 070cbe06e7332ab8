#pragma once
/// How asynchronous invocations are retried and where their records go: the event invoke configurations.
/// Source: AWS Lambda API Reference, PutFunctionEventInvokeConfig and its like.

#include <optional>
#include <string>
#include <vector>

#include "services/lambda/change.h"
#include "services/lambda/functions_api.h"

namespace penstock::services::lambda {

struct Destination {
  std::optional<std::string> destination{};
};
struct DestinationConfig {
  std::optional<Destination> on_success{};
  std::optional<Destination> on_failure{};
};
const codec::Shape& describe(const Destination*);
const codec::Shape& describe(const DestinationConfig*);

struct EventInvokeConfigInput {
  std::string function_name{};
  std::optional<std::string> qualifier{};
  std::optional<std::int32_t> maximum_retry_attempts{};
  std::optional<std::int32_t> maximum_event_age_in_seconds{};
  std::optional<DestinationConfig> destination_config{};
};
struct EventInvokeConfig {
  Timestamp last_modified{};
  std::string function_arn{};
  std::optional<std::int32_t> maximum_retry_attempts{};
  std::optional<std::int32_t> maximum_event_age_in_seconds{};
  std::optional<DestinationConfig> destination_config{};
};
struct ListEventInvokeConfigsInput : PageInput {
  std::string function_name{};
};
struct ListEventInvokeConfigsOutput {
  std::vector<EventInvokeConfig> configs{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const EventInvokeConfigInput*);
const codec::Shape& describe(const EventInvokeConfig*);
const codec::Shape& describe(const ListEventInvokeConfigsInput*);
const codec::Shape& describe(const ListEventInvokeConfigsOutput*);

/// Put replaces the whole configuration, Update changes what is given.
Answer<EventInvokeConfig> put_event_invoke_config(CallContext& call, EventInvokeConfigInput input);
Answer<EventInvokeConfig> update_event_invoke_config(CallContext& call, EventInvokeConfigInput input);
Answer<EventInvokeConfig> get_event_invoke_config(CallContext& call, QualifiedInput input);
Answer<Empty> delete_event_invoke_config(CallContext& call, QualifiedInput input);
Answer<ListEventInvokeConfigsOutput> list_event_invoke_configs(CallContext& call, ListEventInvokeConfigsInput input);

}  // namespace penstock::services::lambda
