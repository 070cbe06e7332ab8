#include "server/function_delivery.h"

#include "core/thread_executor.h"

namespace penstock::server {
namespace {

constexpr std::string_view kLambdaService = "lambda.amazonaws.com";

functions::OutboundDestinations::Authorize authorizer_of(const iam::IdentityStore& identities) {
  return [&identities](std::string_view role, std::string_view action, std::string_view resource) -> Result<void> {
    PENSTOCK_TRY(const iam::Principal principal, identities.assume_as_service(role, kLambdaService, "awslambda"));
    const iam::Conditions conditions;
    const iam::Decision decision = identities.authorize(
        principal,
        {.action = action, .resource = resource, .conditions = &conditions, .resource_policy = std::nullopt});
    if (decision.allowed) return {};
    return fail(ErrorKind::denied, decision.reason);
  };
}

functions::EventInvokeConfig config_of(const functions::FunctionStore& functions, std::string_view name,
                                       std::string_view qualifier) {
  functions::EventInvokeConfig config;
  const auto record = functions.invoke_config(name, qualifier);
  if (record == nullptr) return config;
  if (record->retries_max) config.retries_max = *record->retries_max;
  if (record->age_seconds_max) config.age_max = std::chrono::seconds(*record->age_seconds_max);
  config.on_success_arn = record->on_success_arn.value_or("");
  config.on_failure_arn = record->on_failure_arn.value_or("");
  return config;
}

}  // namespace

struct FunctionDelivery::State {
  explicit State(functions::OutboundDestinations::Parts parts) : destinations(std::move(parts)) {}

  ThreadExecutor executor;
  functions::OutboundDestinations destinations;
  std::unique_ptr<functions::EventQueue> queue;
};

FunctionDelivery::FunctionDelivery(std::unique_ptr<State> state) : state_(std::move(state)) {}
FunctionDelivery::~FunctionDelivery() = default;

Result<std::unique_ptr<FunctionDelivery>> FunctionDelivery::open(FunctionDeliveryParts parts) {
  const LambdaSettings& settings = parts.settings;
  std::optional<functions::DestinationEndpoint> endpoint;
  if (!settings.destinations_endpoint.empty()) {
    PENSTOCK_TRY(endpoint, functions::read_destination_endpoint(parts.files, settings.destinations_endpoint,
                                                                settings.destinations_key_file));
  }
  auto state =
      std::make_unique<State>(functions::OutboundDestinations::Parts{.files = parts.files,
                                                                     .clock = parts.clock,
                                                                     .random = parts.random,
                                                                     .buckets_folder = std::move(parts.buckets_folder),
                                                                     .endpoint = std::move(endpoint),
                                                                     .authorize = authorizer_of(parts.identities),
                                                                     .account = parts.functions.account(),
                                                                     .region = parts.functions.region()});
  PENSTOCK_TRY(state->queue, functions::EventQueue::open({.logs = parts.frames,
                                                          .catalog = parts.catalog,
                                                          .clock = parts.clock,
                                                          .random = parts.random,
                                                          .timers = parts.timers,
                                                          .executor = state->executor,
                                                          .directory = parts.functions,
                                                          .invoker = parts.invoker,
                                                          .destinations = state->destinations,
                                                          .config =
                                                              [&functions = parts.functions](
                                                                  std::string_view name, std::string_view qualifier) {
                                                                return config_of(functions, name, qualifier);
                                                              },
                                                          .first_retry = settings.async_first_retry,
                                                          .second_retry = settings.async_second_retry}));
  state->destinations.set_functions(*state->queue);
  return std::unique_ptr<FunctionDelivery>(new FunctionDelivery(std::move(state)));
}

functions::EventQueue& FunctionDelivery::queue() { return *state_->queue; }
const functions::EventQueue& FunctionDelivery::queue() const { return *state_->queue; }
functions::Destinations& FunctionDelivery::destinations() { return state_->destinations; }

}  // namespace penstock::server
