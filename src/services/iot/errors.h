#pragma once
/// AWS IoT's errors and their statuses. Source: AWS IoT API Reference, "Errors" of each operation.

#include <string>

#include "services/operation.h"

namespace penstock::services::iot {

[[nodiscard]] inline ApiError invalid_request(std::string message) {
  return {"InvalidRequestException", std::move(message), 400};
}
[[nodiscard]] inline ApiError not_found(std::string message) {
  return {"ResourceNotFoundException", std::move(message), 404};
}
[[nodiscard]] inline ApiError already_exists(std::string message) {
  return {"ResourceAlreadyExistsException", std::move(message), 409};
}
[[nodiscard]] inline ApiError delete_conflict(std::string message) {
  return {"DeleteConflictException", std::move(message), 409};
}
[[nodiscard]] inline ApiError version_conflict(std::string message) {
  return {"VersionConflictException", std::move(message), 409};
}
[[nodiscard]] inline ApiError versions_limit_exceeded(std::string message) {
  return {"VersionsLimitExceededException", std::move(message), 409};
}
[[nodiscard]] inline ApiError limit_exceeded(std::string message) {
  return {"LimitExceededException", std::move(message), 410};
}
[[nodiscard]] inline ApiError malformed_policy(std::string message) {
  return {"MalformedPolicyException", std::move(message), 400};
}
[[nodiscard]] inline ApiError certificate_state(std::string message) {
  return {"CertificateStateException", std::move(message), 406};
}
[[nodiscard]] inline ApiError certificate_validation(std::string message) {
  return {"CertificateValidationException", std::move(message), 400};
}
[[nodiscard]] inline ApiError sql_parse(std::string message) { return {"SqlParseException", std::move(message), 400}; }
[[nodiscard]] inline ApiError unauthorized(std::string message) {
  return {"UnauthorizedException", std::move(message), 401};
}
[[nodiscard]] inline ApiError throttled(std::string message) {
  return {"ThrottlingException", std::move(message), 400};
}
[[nodiscard]] inline ApiError service_unavailable(std::string message) {
  return {"ServiceUnavailableException", std::move(message), 503};
}
[[nodiscard]] inline ApiError internal_failure(std::string message) {
  return {"InternalFailureException", std::move(message), 500};
}

}  // namespace penstock::services::iot
