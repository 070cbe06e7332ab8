#pragma once
/// AWS Lambda's errors and their statuses. Source: AWS Lambda API Reference, "Errors" of each operation.

#include <string>

#include "core/result.h"
#include "services/operation.h"

namespace penstock::services::lambda {

[[nodiscard]] inline ApiError invalid_parameter(std::string message) {
  return {"InvalidParameterValueException", std::move(message), 400};
}
[[nodiscard]] inline ApiError not_found(std::string message) {
  return {"ResourceNotFoundException", std::move(message), 404};
}
[[nodiscard]] inline ApiError resource_conflict(std::string message) {
  return {"ResourceConflictException", std::move(message), 409};
}
[[nodiscard]] inline ApiError resource_in_use(std::string message) {
  return {"ResourceInUseException", std::move(message), 400};
}
[[nodiscard]] inline ApiError precondition_failed(std::string message) {
  return {"PreconditionFailedException", std::move(message), 412};
}
[[nodiscard]] inline ApiError too_many_requests(std::string message) {
  return {"TooManyRequestsException", std::move(message), 429};
}
[[nodiscard]] inline ApiError request_too_large(std::string message) {
  return {"RequestTooLargeException", std::move(message), 413};
}
[[nodiscard]] inline ApiError code_storage_exceeded(std::string message) {
  return {"CodeStorageExceededException", std::move(message), 400};
}
[[nodiscard]] inline ApiError policy_length_exceeded(std::string message) {
  return {"PolicyLengthExceededException", std::move(message), 400};
}
[[nodiscard]] inline ApiError service_failure(std::string message) {
  return {"ServiceException", std::move(message), 500};
}
/// What AWS has and Penstock does not: never accepted and ignored.
[[nodiscard]] inline ApiError unsupported(std::string message) {
  return {"InvalidParameterValueException", std::move(message), 400};
}

/// Of the rooms below, by kind.
[[nodiscard]] ApiError to_api(const Error& error);

}  // namespace penstock::services::lambda
