#pragma once
/// AWS Lambda's errors and their statuses. Source: AWS Lambda API Reference, "Errors" of each operation.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/result.h"
#include "services/operation.h"

namespace penstock::services::lambda {

/// The caller's fault, as every error of Lambda says beside its message.
[[nodiscard]] inline ApiError user_error(std::string_view code, std::string message, int http_status) {
  return {std::string(code), std::move(message), http_status, {{"Type", "User"}}};
}

[[nodiscard]] inline ApiError invalid_parameter(std::string message) {
  return user_error("InvalidParameterValueException", std::move(message), 400);
}
[[nodiscard]] inline ApiError not_found(std::string message) {
  return user_error("ResourceNotFoundException", std::move(message), 404);
}
[[nodiscard]] inline ApiError resource_conflict(std::string message) {
  return user_error("ResourceConflictException", std::move(message), 409);
}
[[nodiscard]] inline ApiError resource_in_use(std::string message) {
  return user_error("ResourceInUseException", std::move(message), 400);
}
[[nodiscard]] inline ApiError precondition_failed(std::string message) {
  return user_error("PreconditionFailedException", std::move(message), 412);
}
[[nodiscard]] inline ApiError too_many_requests(std::string message) {
  return user_error("TooManyRequestsException", std::move(message), 429);
}
[[nodiscard]] inline ApiError request_too_large(std::string message) {
  return user_error("RequestTooLargeException", std::move(message), 413);
}
[[nodiscard]] inline ApiError code_storage_exceeded(std::string message) {
  return user_error("CodeStorageExceededException", std::move(message), 400);
}
[[nodiscard]] inline ApiError policy_length_exceeded(std::string message) {
  return user_error("PolicyLengthExceededException", std::move(message), 400);
}
[[nodiscard]] inline ApiError service_failure(std::string message) {
  return {"ServiceException", std::move(message), 500, {{"Type", "Service"}}};
}
/// How much of what a client sent a message gives back.
inline constexpr std::size_t kPrintedMax = 1024;

/// In the form of the codec's messages, for constraints that its rules cannot say. It has no Type, as AWS's has none.
[[nodiscard]] inline ApiError validation_error(std::string_view value, std::string_view member,
                                               std::string_view constraint) {
  return {"ValidationException",
          fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}",
                      value.substr(0, kPrintedMax), member, constraint),
          400};
}
/// What AWS has and Penstock does not: never accepted and ignored.
[[nodiscard]] inline ApiError unsupported(std::string message) {
  return user_error("InvalidParameterValueException", std::move(message), 400);
}

/// Of the rooms below, by kind.
[[nodiscard]] ApiError to_api(const Error& error);

}  // namespace penstock::services::lambda
