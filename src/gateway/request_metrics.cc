#include "gateway/request_metrics.h"

#include <algorithm>

namespace penstock::gateway {
namespace {

using telemetry::MetricFamily;
using telemetry::MetricType;

constexpr std::string_view kNone = "none";
constexpr MetricFamily kRequests{"penstock_http_requests_total", MetricType::counter, "service operation status",
                                 "Requests answered; what is no operation of a service is counted as none."};
constexpr MetricFamily kDuration{"penstock_http_request_duration_seconds", MetricType::histogram, "service operation",
                                 "From a request read whole to its answer made; of an event stream, to its beginning."};

std::size_t slot_count(std::span<const services::Service* const> services) {
  std::size_t count = 1;
  for (const services::Service* service : services) count += service->operations.size();
  return count;
}

}  // namespace

RequestMetrics::RequestMetrics(std::span<const services::Service* const> services) : slots_(slot_count(services)) {
  std::size_t next = 0;
  for (const services::Service* service : services) {
    tables_.push_back({.service = service, .first_slot = next});
    for (const services::Operation& operation : service->operations) {
      slots_[next].service = service->name;
      slots_[next].operation = operation.name;
      ++next;
    }
  }
  slots_.back().service = kNone;
  slots_.back().operation = kNone;
}

RequestMetrics::~RequestMetrics() {
  for (Slot& slot : slots_) delete slot.counts.load();
}

RequestMetrics::Slot& RequestMetrics::slot_of(const services::Service* service, const services::Operation* operation) {
  if (service == nullptr || operation == nullptr) return slots_.back();
  const auto table = std::ranges::find(tables_, service, &Table::service);
  PENSTOCK_ASSERT(table != tables_.end());
  return slots_[table->first_slot + static_cast<std::size_t>(operation - service->operations.data())];
}

void RequestMetrics::note(const services::Service* service, const services::Operation* operation, int status,
                          std::chrono::nanoseconds took) {
  Slot& slot = slot_of(service, operation);
  Counts* counts = slot.counts.load(std::memory_order_acquire);
  if (counts == nullptr) {
    auto made = std::make_unique<Counts>();
    if (slot.counts.compare_exchange_strong(counts, made.get(), std::memory_order_acq_rel)) counts = made.release();
  }
  Side& side = counts->sides[telemetry::thread_number() % kSides];
  const auto* at = std::ranges::find(kStatuses, status);
  side.by_status[std::min<std::size_t>(static_cast<std::size_t>(at - kStatuses.begin()), kStatuses.size() - 1)].add();
  side.latency.note(took);
}

void RequestMetrics::write(telemetry::Exposition& out) const {
  out.begin(kRequests);
  for (const Slot& slot : slots_) {
    const Counts* counts = slot.counts.load(std::memory_order_acquire);
    for (std::size_t i = 0; counts != nullptr && i < kStatuses.size(); ++i) {
      std::uint64_t sum = 0;
      for (const Side& side : counts->sides) sum += side.by_status[i].value();
      if (sum == 0) continue;
      const std::string status = kStatuses[i] == 0 ? "other" : std::to_string(kStatuses[i]);
      out.sample({{"service", slot.service}, {"operation", slot.operation}, {"status", status}}, sum);
    }
  }
  out.begin(kDuration);
  for (const Slot& slot : slots_) {
    const Counts* counts = slot.counts.load(std::memory_order_acquire);
    if (counts == nullptr) continue;
    telemetry::Durations::Snapshot all;
    for (const Side& side : counts->sides) all.add(side.latency.snapshot());
    out.histogram({{"service", slot.service}, {"operation", slot.operation}}, all);
  }
}

std::array<const MetricFamily*, 2> RequestMetrics::families() { return {&kRequests, &kDuration}; }

}  // namespace penstock::gateway
