#include "server/lambda_metrics.h"

#include <utility>

namespace penstock::server {
namespace {

using telemetry::MetricFamily;
using telemetry::MetricType;

constexpr auto kCounter = MetricType::counter;
constexpr auto kGauge = MetricType::gauge;

constexpr MetricFamily kInvocations{"penstock_lambda_invocations_total", kCounter, "function",
                                    "Invocations that a function's code ran for.", "Invocations"};
constexpr MetricFamily kErrors{"penstock_lambda_errors_total", kCounter, "function",
                               "Invocations that ended with a function error.", "Errors"};
constexpr MetricFamily kThrottles{"penstock_lambda_throttles_total", kCounter, "function",
                                  "Invocations refused for want of concurrency.", "Throttles"};
constexpr MetricFamily kColdStarts{"penstock_lambda_cold_starts_total", kCounter, "function",
                                   "Execution environments started."};
constexpr MetricFamily kRunning{"penstock_lambda_concurrent_executions", kGauge, "function", "Invocations under way.",
                                "ConcurrentExecutions"};
constexpr MetricFamily kDuration{"penstock_lambda_duration_seconds", MetricType::histogram, "function",
                                 "How long the function's code ran.", "Duration"};
constexpr MetricFamily kEnvironments{"penstock_lambda_environments", kGauge, "", "Execution environments that live."};
constexpr MetricFamily kReceived{"penstock_lambda_async_events_received_total", kCounter, "",
                                 "Asynchronous invocations taken.", "AsyncEventsReceived"};
constexpr MetricFamily kDropped{"penstock_lambda_async_events_dropped_total", kCounter, "",
                                "Asynchronous invocations given up: too old, out of retries, no such function.",
                                "AsyncEventsDropped"};
constexpr MetricFamily kWaiting{"penstock_lambda_async_events_waiting", kGauge, "",
                                "Asynchronous invocations that are not over."};
constexpr MetricFamily kDestinationFailures{"penstock_lambda_destination_failures_total", kCounter, "",
                                            "Records that a destination did not take.", "DestinationDeliveryFailures"};
constexpr MetricFamily kOutputDropped{
    "penstock_logs_dropped_events_total", kCounter, "",
    "Log events of functions dropped: too many waited to be written, or they could not be."};

}  // namespace

void write_lambda_metrics(const LambdaMetricSources& sources, telemetry::Exposition& out) {
  const auto functions = sources.invoker.tallies();
  using Tallies = functions::runtime::FunctionTallies;
  constexpr std::pair<const MetricFamily*, std::uint64_t Tallies::*> kNumbers[] = {
      {&kInvocations, &Tallies::invocations}, {&kErrors, &Tallies::errors},     {&kThrottles, &Tallies::throttles},
      {&kColdStarts, &Tallies::cold_starts},  {&kRunning, &Tallies::in_flight},
  };
  for (const auto& [family, number] : kNumbers) {
    out.begin(*family);
    for (const Tallies& function : functions) out.sample({{"function", function.name}}, function.*number);
  }
  out.begin(kDuration);
  for (const Tallies& function : functions) out.histogram({{"function", function.name}}, function.duration);
  const functions::EventTallies events = sources.queue.tallies();
  const std::pair<const MetricFamily*, std::uint64_t> totals[] = {
      {&kEnvironments, sources.invoker.use().environments},
      {&kReceived, events.received},
      {&kDropped, events.dropped},
      {&kWaiting, events.waiting},
      {&kDestinationFailures, events.destination_failures},
      {&kOutputDropped, sources.outputs.dropped_events()},
  };
  for (const auto& [family, number] : totals) {
    out.begin(*family);
    out.sample({}, number);
  }
}

std::vector<const MetricFamily*> lambda_metric_families() {
  return {&kInvocations, &kErrors,  &kThrottles, &kColdStarts,          &kRunning,      &kDuration, &kEnvironments,
          &kReceived,    &kDropped, &kWaiting,   &kDestinationFailures, &kOutputDropped};
}

}  // namespace penstock::server
