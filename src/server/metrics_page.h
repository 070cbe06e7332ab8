#pragma once
/// /metrics on the API port: everything that is counted, for Prometheus. docs/metrics.md lists it; a test holds that
/// list to metric_families(). Guarantee: nobody reads it whom MetricsAccess does not let; an answer of any size is made
/// piece by piece, as the
///            client takes it.
/// Threads:   any.

#include <functional>
#include <vector>

#include "core/clock.h"
#include "core/memory_budget.h"
#include "core/result.h"
#include "net/http.h"
#include "server/lambda_metrics.h"
#include "server/metrics_access.h"
#include "server/settings.h"
#include "telemetry/exposition.h"

namespace penstock::stream {
class Streams;
}
namespace penstock::mqtt {
class Broker;
}
namespace penstock::services::iot {
class RuleEngine;
}
namespace penstock::gateway {
class Gateway;
}

namespace penstock::server {

/// The token of the file, without blanks around it. Errors: missing, invalid (too short), naming the file.
[[nodiscard]] Result<MetricsAccess> read_metrics_access(const MetricsSettings& settings);

/// All outlive the page and its answers.
struct MetricsSources {
  const Clock& clock;
  const stream::Streams& streams;
  const services::iot::RuleEngine& rules;
  const mqtt::Broker& broker;
  LambdaMetricSources lambda;
  const gateway::Gateway& gateway;
  std::function<std::size_t()> http_connections;
  const MemoryBudget& answers;
  const MemoryBudget& events;
};

class MetricsPage {
 public:
  MetricsPage(MetricsAccess access, std::size_t series_max, MetricsSources sources);

  [[nodiscard]] static bool is_at(const net::HttpRequest& request) { return request.path() == "/metrics"; }
  /// To GET and HEAD; other methods are refused.
  [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request) const;

 private:
  const MetricsAccess access_;
  const std::size_t series_max_;
  const MetricsSources sources_;
};

/// Every family that the page may show.
[[nodiscard]] std::vector<telemetry::MetricFamily> metric_families();

}  // namespace penstock::server
