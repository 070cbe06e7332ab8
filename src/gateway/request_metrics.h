#pragma once
/// Requests by service, operation and status, and how long they took. Bounded: by the tables of the services, and by
/// the statuses that there are; an operation takes memory when it is called first. Threads: any; loops count side by
/// side.

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "services/operation.h"
#include "telemetry/exposition.h"

namespace penstock::gateway {

class RequestMetrics {
 public:
  explicit RequestMetrics(std::span<const services::Service* const> services);
  ~RequestMetrics();
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  /// `operation` is of `service`; null: none that there is. `service` is one of those given, or null.
  void note(const services::Service* service, const services::Operation* operation, int status,
            std::chrono::nanoseconds took);

  void write(telemetry::Exposition& out) const;
  [[nodiscard]] static std::array<const telemetry::MetricFamily*, 2> families();

 private:
  /// The last stands for every status that is not here.
  static constexpr std::array kStatuses = {200, 201, 204, 400, 401, 403, 404, 405, 408, 409, 410,
                                           413, 417, 429, 431, 500, 501, 503, 504, 505, 0};
  static constexpr std::size_t kSides = 8;
  /// What threads add to lies in different cache lines.
  struct alignas(64) Side {
    std::array<telemetry::Tally, kStatuses.size()> by_status;
    telemetry::Durations latency;
  };
  struct Counts {
    std::array<Side, kSides> sides;
  };
  struct Slot {
    std::string_view service;
    std::string_view operation;
    std::atomic<Counts*> counts = nullptr;  ///< owned; made once, never replaced
  };
  struct Table {
    const services::Service* service;
    std::size_t first_slot;
  };
  [[nodiscard]] Slot& slot_of(const services::Service* service, const services::Operation* operation);

  std::vector<Table> tables_;
  std::vector<Slot> slots_;  ///< of every operation of every service, then one for none
};

}  // namespace penstock::gateway
