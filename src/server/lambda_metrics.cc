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

// Of event source mappings; the label is the mapping's UUID. The names of AWS's metrics: "Event source mapping
// metrics".
constexpr MetricFamily kIteratorAge{"penstock_lambda_iterator_age_seconds", kGauge, "mapping",
                                    "Age of the last record of the batch handed over last.", "IteratorAge"};
constexpr MetricFamily kMappingInvocations{"penstock_lambda_mapping_invocations_total", kCounter, "mapping",
                                           "Batches handed to the function, retries too."};
constexpr MetricFamily kMappingErrors{"penstock_lambda_mapping_failed_invocations_total", kCounter, "mapping",
                                      "Batches that the function did not take, or not whole."};
constexpr MetricFamily kMappingInvoked{"penstock_lambda_mapping_invoked_records_total", kCounter, "mapping",
                                       "Records handed to the function, retries too.", "InvokedEventCount"};
constexpr MetricFamily kMappingFiltered{"penstock_lambda_mapping_filtered_records_total", kCounter, "mapping",
                                        "Records that passed none of the mapping's filters.", "FilteredOutEventCount"};
constexpr MetricFamily kMappingDiscarded{"penstock_lambda_mapping_discarded_records_total", kCounter, "mapping",
                                         "Records given up: too old, or out of retries.",
                                         "OnFailureDestinationDeliveredEventCount"};
constexpr MetricFamily kMappingShards{"penstock_lambda_mapping_shards", kGauge, "mapping", "Shards that are read now."};

void write_mapping_metrics(const consumers::EventSourceMappings& mappings, telemetry::Exposition& out) {
  const auto all = mappings.metrics();
  const auto write = [&](const MetricFamily& family, const auto& value) {
    out.begin(family);
    for (const consumers::MappingMetrics& mapping : all) out.sample({{"mapping", mapping.uuid}}, value(mapping));
  };
  using M = consumers::MappingMetrics;
  write(kIteratorAge, [](const M& m) { return static_cast<double>(m.counts.iterator_age_ms) / 1000.0; });
  write(kMappingInvocations, [](const M& m) { return m.counts.invocations; });
  write(kMappingErrors, [](const M& m) { return m.counts.failed_invocations; });
  write(kMappingInvoked, [](const M& m) { return m.counts.records_invoked; });
  write(kMappingFiltered, [](const M& m) { return m.counts.records_filtered; });
  write(kMappingDiscarded, [](const M& m) { return m.counts.records_discarded; });
  write(kMappingShards, [](const M& m) { return std::uint64_t{m.shards_read}; });
}

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
  write_mapping_metrics(sources.mappings, out);
}

std::vector<const MetricFamily*> lambda_metric_families() {
  return {&kInvocations,
          &kErrors,
          &kThrottles,
          &kColdStarts,
          &kRunning,
          &kDuration,
          &kEnvironments,
          &kReceived,
          &kDropped,
          &kWaiting,
          &kDestinationFailures,
          &kOutputDropped,
          &kIteratorAge,
          &kMappingInvocations,
          &kMappingErrors,
          &kMappingInvoked,
          &kMappingFiltered,
          &kMappingDiscarded,
          &kMappingShards};
}

}  // namespace penstock::server
