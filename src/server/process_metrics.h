#pragma once
/// What the system says of this process, under the names that Prometheus' own client libraries use.
/// Source: prometheus.io/docs/instrumenting/writing_clientlibs, "Standard and runtime collectors"; proc(5).

#include <vector>

#include "telemetry/exposition.h"

namespace penstock::server {

/// What cannot be read is left out.
void write_process_metrics(telemetry::Exposition& out);
[[nodiscard]] std::vector<const telemetry::MetricFamily*> process_metric_families();

}  // namespace penstock::server
