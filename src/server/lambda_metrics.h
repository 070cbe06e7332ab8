#pragma once
/// What is counted of functions, for /metrics.

#include <vector>

#include "consumers/event_source_mappings.h"
#include "functions/event_queue.h"
#include "functions/runtime/local_invoker.h"
#include "logs/log_store.h"
#include "telemetry/exposition.h"

namespace penstock::server {

/// All outlive the page.
struct LambdaMetricSources {
  const functions::runtime::LocalInvoker& invoker;
  const functions::EventQueue& queue;
  const logs::LogStore& outputs;
  const consumers::EventSourceMappings& mappings;
};

void write_lambda_metrics(const LambdaMetricSources& sources, telemetry::Exposition& out);
[[nodiscard]] std::vector<const telemetry::MetricFamily*> lambda_metric_families();

}  // namespace penstock::server
