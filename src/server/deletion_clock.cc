#include "server/deletion_clock.h"

#include "telemetry/log.h"

namespace penstock::server {

namespace {

std::chrono::milliseconds since_start(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
}

}  // namespace

std::chrono::milliseconds DeletionClock::offset() const {
  return std::chrono::milliseconds(to_unix_ms(clock_.now())) - since_start(clock_.steady());
}

Timestamp DeletionClock::now() {
  const auto offset_now = offset();
  const SteadyTime steady = clock_.steady();
  if (offset_now <= trusted_ + kLeapMax) {
    trusted_ = offset_now;
    leapt_.reset();
  } else if (!leapt_.has_value()) {
    leapt_ = steady;
    telemetry::log(telemetry::Level::warn,
                   "the clock leapt forward: records that are expired now are not served, but stay on the disk for an "
                   "hour",
                   {{"seconds", static_cast<std::int64_t>((offset_now - trusted_).count() / 1000)}});
  } else if (steady - *leapt_ >= kTrustAfter) {
    trusted_ = offset_now;
    leapt_.reset();
  }
  return from_unix_ms((since_start(steady) + trusted_).count());
}

}  // namespace penstock::server
