#pragma once
/// The names that CloudWatch Logs gives to errors. Source: CloudWatch Logs API Reference, "Errors" of each action.

#include "core/result.h"
#include "services/operation.h"
#include "telemetry/log.h"

namespace penstock::services::logs_api {

inline constexpr std::string_view kInvalidParameter = "InvalidParameterException";

[[nodiscard]] inline std::unexpected<ApiError> invalid_parameter(std::string message) {
  return api_fail(kInvalidParameter, std::move(message));
}

[[nodiscard]] inline std::unexpected<ApiError> to_api_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid: return invalid_parameter(error.message);
    case ErrorKind::missing: return api_fail("ResourceNotFoundException", error.message);
    case ErrorKind::conflict: return api_fail("ResourceAlreadyExistsException", error.message);
    case ErrorKind::throttled: return api_fail("LimitExceededException", error.message);
    case ErrorKind::corrupt:
      telemetry::log(telemetry::Level::error, "stored data is damaged", {{"error", std::string_view(error.message)}});
      return api_fail("ServiceUnavailableException", "What is stored here is damaged; the server's log says where.",
                      500);
    case ErrorKind::denied:
    case ErrorKind::unavailable:
    case ErrorKind::outcome_unknown: break;
  }
  return api_fail("ServiceUnavailableException", error.message, 500);
}

}  // namespace penstock::services::logs_api
