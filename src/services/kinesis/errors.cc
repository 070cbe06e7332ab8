#include "services/kinesis/errors.h"

#include "telemetry/log.h"

namespace penstock::services::kinesis {

// Developer Guide, "Test your permissions and request inputs with dry run": HTTP 400; the text is the API Reference's.
std::unexpected<ApiError> dry_run_passed() {
  return api_fail(kDryRun, "The request was rejected because the DryRun parameter was specified.");
}

std::unexpected<ApiError> to_api_error(const Error& error, Plane plane) {
  switch (error.kind) {
    case ErrorKind::invalid: return api_fail(kInvalidArgument, error.message);
    case ErrorKind::missing: return api_fail(kNotFound, error.message);
    case ErrorKind::conflict: return api_fail(kInUse, error.message);
    case ErrorKind::throttled:
      return api_fail(plane == Plane::control ? kLimitExceeded : kThroughputExceeded, error.message);
    // "The ciphertext references a key that doesn't exist or that you don't have access to."
    case ErrorKind::denied: return api_fail(kKmsAccessDenied, error.message);
    case ErrorKind::corrupt:
      // Which file it is concerns whoever runs the server.
      telemetry::log(telemetry::Level::error, "stored data is damaged", {{"error", error.message}});
      return api_fail(kInternalFailure, "What is stored here is damaged; the server's log says where.", 500);
    case ErrorKind::unavailable:
    case ErrorKind::outcome_unknown: break;
  }
  return api_fail(kInternalFailure, error.message, 500);
}

}  // namespace penstock::services::kinesis
