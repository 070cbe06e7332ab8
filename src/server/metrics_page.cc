#include "server/metrics_page.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "framelog/log_metrics.h"
#include "gateway/gateway.h"
#include "mqtt/broker/broker.h"
#include "net/http_text.h"
#include "server/process_metrics.h"
#include "services/iot/rule_engine.h"
#include "stream/shard_subscription.h"
#include "stream/stream_metrics_text.h"
#include "stream/streams.h"

namespace penstock::server {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using telemetry::Exposition;
using telemetry::MetricFamily;
using telemetry::MetricType;

constexpr std::size_t kPieceBytes = 64U << 10U;
constexpr std::size_t kTokenBytesMin = 16;
constexpr std::size_t kTokenBytesMax = 4096;

/// A family with one number, or one for each result.
struct Number {
  MetricFamily family;
  std::uint64_t value;
  std::string_view result = {};
};

constexpr auto kCounter = MetricType::counter;
constexpr auto kGauge = MetricType::gauge;

constexpr MetricFamily kLogWrite{"penstock_log_write_seconds", MetricType::histogram, "",
                                 "How long writing one group of frames took, before fdatasync."};
constexpr MetricFamily kLogSync{"penstock_log_sync_seconds", MetricType::histogram, "", "How long fdatasync took."};
constexpr MetricFamily kTruncated{"penstock_metrics_truncated", kGauge, "",
                                  "1 when metrics.series_max left samples out of this answer."};

std::vector<Number> numbers_of(const mqtt::BrokerStats& broker) {
  return {
      {{"penstock_mqtt_connections", kGauge, "", "MQTT clients that are connected."}, broker.connections_now},
      {{"penstock_mqtt_sessions", kGauge, "", "MQTT sessions, those of clients that are away too."},
       broker.sessions_now},
      {{"penstock_mqtt_subscriptions", kGauge, "", "Subscriptions of MQTT clients."}, broker.subscriptions_now},
      {{"penstock_mqtt_unsettled_bytes", kGauge, "", "What PUBLISHes take that are not acknowledged yet."},
       broker.inbound_bytes_now},
      {{"penstock_mqtt_undelivered_bytes", kGauge, "", "What messages take that some subscriber has yet to take."},
       broker.outbound_bytes_now},
      {{"penstock_mqtt_messages_received_total", kCounter, "", "PUBLISHes accepted from clients."}, broker.messages_in},
      {{"penstock_mqtt_messages_sent_total", kCounter, "", "PUBLISHes sent to subscribers."}, broker.messages_out},
      {{"penstock_mqtt_messages_dropped_total", kCounter, "", "Messages dropped for want of room at a subscriber."},
       broker.messages_dropped},
      {{"penstock_mqtt_denied_total", kCounter, "", "Connects, publishes and subscriptions refused by policy."},
       broker.denied},
  };
}

std::vector<Number> numbers_of(const services::iot::RuleEngineStats& rules) {
  constexpr MetricFamily kActions{"penstock_rule_actions_total", kCounter, "result", "Actions of topic rules."};
  constexpr MetricFamily kErrorActions{"penstock_rule_error_actions_total", kCounter, "result",
                                       "Error actions of topic rules."};
  return {
      {{"penstock_rules_enabled", kGauge, "", "Topic rules that are enabled."}, rules.rules_enabled},
      {{"penstock_rule_matches_total", kCounter, "", "Messages that fitted a rule's FROM, for each rule."},
       rules.rules_matched},
      {{"penstock_rule_statement_failures_total", kCounter, "", "SQL that could not be evaluated for a message."},
       rules.statements_failed},
      {kActions, rules.actions_succeeded, "success"},
      {kActions, rules.actions_failed, "failure"},
      {kErrorActions, rules.error_actions_succeeded, "success"},
      {kErrorActions, rules.error_actions_failed, "failure"},
  };
}

std::vector<Number> numbers_of(const framelog::LogMetrics& log) {
  return {
      {{"penstock_log_commits_total", kCounter, "", "Groups of frames made durable."}, log.commits.value()},
      {{"penstock_log_commit_failures_total", kCounter, "", "Groups whose write or fdatasync failed."},
       log.failed_commits.value()},
      {{"penstock_log_frames_total", kCounter, "", "Frames made durable."}, log.frames.value()},
      {{"penstock_log_bytes_total", kCounter, "", "Their bytes, with headers."}, log.bytes.value()},
      {{"penstock_log_cold_read_bytes_total", kCounter, "", "Bytes read from segments for readers behind the tip."},
       log.cold_bytes.value()},
      {{"penstock_log_sorted_segments_total", kCounter, "", "Segments written anew, sorted by shard."},
       log.sorted_segments.value()},
      {{"penstock_log_sort_bytes_total", kCounter, "", "Bytes read and written to sort segments."},
       log.sort_bytes.value()},
      {{"penstock_log_sort_failures_total", kCounter, "", "Attempts to sort a segment that failed."},
       log.failed_sorts.value()},
  };
}

struct MemoryInUse {
  std::size_t answers_bytes = 0;
  std::size_t answers_waiting = 0;
  std::size_t events_bytes = 0;
  std::size_t events_waiting = 0;
};

std::vector<Number> numbers_of(const MemoryInUse& memory) {
  return {
      {{"penstock_answers_memory_bytes", kGauge, "", "What answers take until their clients have them."},
       memory.answers_bytes},
      {{"penstock_answers_waiting", kGauge, "", "Requests that wait for memory for their answers."},
       memory.answers_waiting},
      {{"penstock_events_memory_bytes", kGauge, "",
        "What events of SubscribeToShard take until their clients have them."},
       memory.events_bytes},
      {{"penstock_events_waiting", kGauge, "", "Subscriptions that wait for memory for their next event."},
       memory.events_waiting},
  };
}

std::vector<Number> numbers_of(std::size_t http_connections, std::size_t streams, std::size_t subscriptions) {
  return {
      {{"penstock_http_connections", kGauge, "", "Connections to the API port."}, http_connections},
      {{"penstock_kinesis_streams", kGauge, "", "Streams."}, streams},
      {{"penstock_kinesis_subscriptions", kGauge, "", "SubscribeToShard subscriptions that are alive."}, subscriptions},
  };
}

void write_numbers(Exposition& out, const std::vector<Number>& numbers) {
  std::string_view before;
  for (const Number& number : numbers) {
    if (number.family.name != before) out.begin(number.family);
    before = number.family.name;
    if (number.result.empty()) {
      out.sample({}, number.value);
    } else {
      out.sample({{"result", number.result}}, number.value);
    }
  }
}

/// First what the process is and does, which is small; then the streams, of which there may be many.
class MetricsBody final : public net::BodyStream {
 public:
  MetricsBody(const MetricsSources& sources, std::size_t series_max) : series_max_(series_max), streams_({}, {}) {
    auto streams = sources.streams.metrics();
    write_process_metrics(out_);
    write_numbers(out_,
                  numbers_of(sources.http_connections(), streams.size(), sources.streams.subscriptions().count()));
    write_numbers(out_, numbers_of(MemoryInUse{.answers_bytes = sources.answers.bytes(),
                                               .answers_waiting = sources.answers.waiting(),
                                               .events_bytes = sources.events.bytes(),
                                               .events_waiting = sources.events.waiting()}));
    sources.gateway.metrics().write(out_);
    write_numbers(out_, numbers_of(sources.broker.stats()));
    write_numbers(out_, numbers_of(sources.rules.stats()));
    write_lambda_metrics(sources.lambda, out_);
    const framelog::LogMetrics& log = framelog::log_metrics();
    write_numbers(out_, numbers_of(log));
    out_.begin(kLogWrite);
    out_.histogram({}, log.write.snapshot());
    out_.begin(kLogSync);
    out_.histogram({}, log.sync.snapshot());
    streams_ = stream::StreamMetricsText(std::move(streams), sources.clock.steady());
  }

  Task<std::optional<std::string>> next() override {
    if (done_ || cancelled_) co_return std::nullopt;
    while (out_.text().size() < kPieceBytes) {
      const bool full = out_.sample_count() >= series_max_;
      if (!full && streams_.next(out_)) continue;
      out_.begin(kTruncated);
      out_.sample({}, std::uint64_t{full && !streams_.is_done() ? 1U : 0U});
      done_ = true;
      break;
    }
    co_return out_.take();
  }
  void cancel() override { cancelled_ = true; }

 private:
  const std::size_t series_max_;
  Exposition out_;
  stream::StreamMetricsText streams_;
  bool done_ = false;
  bool cancelled_ = false;
};

HttpResponse refusal(int status, std::string_view why) {
  HttpResponse response{.status = status, .headers = {}, .body = fmt::format("{}\n", why)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

}  // namespace

Result<MetricsAccess> read_metrics_access(const MetricsSettings& settings) {
  MetricsAccess access{.mode = settings.access};
  if (settings.token_file.empty()) {
    if (settings.access != MetricsAccess::Mode::token) return access;
    return fail(ErrorKind::invalid, "metrics.access is token, and metrics.token_file is not set");
  }
  std::ifstream file(settings.token_file, std::ios::binary);
  std::string text(kTokenBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || file.gcount() == 0) {
    return fail(ErrorKind::missing, fmt::format("cannot read the token of {}", settings.token_file));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  access.token = net::trim_blanks(text);
  if (access.token.size() < kTokenBytesMin || access.token.size() > kTokenBytesMax ||
      !net::is_field_value(access.token)) {
    return fail(ErrorKind::invalid, fmt::format("{}: a token is one line of {} to {} characters", settings.token_file,
                                                kTokenBytesMin, kTokenBytesMax));
  }
  return access;
}

MetricsPage::MetricsPage(MetricsAccess access, std::size_t series_max, MetricsSources sources)
    : access_(std::move(access)), series_max_(series_max), sources_(std::move(sources)) {}

HttpResponse MetricsPage::answer(const HttpRequest& request) const {
  switch (judge(access_, request)) {
    case MetricsVerdict::allowed: break;
    case MetricsVerdict::absent: return refusal(404, "There is nothing here.");
    case MetricsVerdict::forbidden: return refusal(403, "Metrics are shown on this machine only (docs/metrics.md).");
    case MetricsVerdict::unauthorised: {
      HttpResponse response = refusal(401, "Metrics are shown to who has the token (docs/metrics.md).");
      response.headers.add("WWW-Authenticate", "Bearer realm=\"metrics\"");
      return response;
    }
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = refusal(405, "GET");
    response.headers.add("Allow", "GET, HEAD");
    return response;
  }
  HttpResponse response;
  response.headers.add("Content-Type", std::string(telemetry::kExpositionType));
  response.headers.add("Cache-Control", "no-store");
  if (request.method == "GET") response.stream = std::make_unique<MetricsBody>(sources_, series_max_);
  return response;
}

std::vector<MetricFamily> metric_families() {
  std::vector<MetricFamily> all;
  const auto add = [&all](const MetricFamily& family) {
    if (all.empty() || all.back().name != family.name) all.push_back(family);
  };
  for (const MetricFamily* family : process_metric_families()) add(*family);
  for (const Number& number : numbers_of(0, 0, 0)) add(number.family);
  for (const MetricFamily* family : gateway::RequestMetrics::families()) add(*family);
  for (const Number& number : numbers_of(MemoryInUse{})) add(number.family);
  for (const Number& number : numbers_of(mqtt::BrokerStats{})) add(number.family);
  for (const Number& number : numbers_of(services::iot::RuleEngineStats{})) add(number.family);
  for (const MetricFamily* family : lambda_metric_families()) add(*family);
  for (const Number& number : numbers_of(framelog::log_metrics())) add(number.family);
  add(kLogWrite);
  add(kLogSync);
  for (const MetricFamily* family : stream::stream_metric_families()) add(*family);
  add(kTruncated);
  return all;
}

}  // namespace penstock::server
