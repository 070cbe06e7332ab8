#pragma once
/// IAM's errors, worded as AWS words them. Source: IAM API Reference, each operation's "Errors"; the texts are those
/// that AWS's tools and users report.

#include <fmt/format.h>

#include <string_view>

#include "iam/entities.h"
#include "services/operation.h"

namespace penstock::services::iam_api {

[[nodiscard]] inline std::unexpected<ApiError> no_such_entity(std::string message) {
  return api_fail("NoSuchEntity", std::move(message), 404);
}
[[nodiscard]] inline std::unexpected<ApiError> already_exists(std::string message) {
  return api_fail("EntityAlreadyExists", std::move(message), 409);
}
[[nodiscard]] inline std::unexpected<ApiError> delete_conflict(std::string message) {
  return api_fail("DeleteConflict", std::move(message), 409);
}
[[nodiscard]] inline std::unexpected<ApiError> limit_exceeded(std::string message) {
  return api_fail("LimitExceeded", std::move(message), 409);
}
[[nodiscard]] inline std::unexpected<ApiError> validation_error(std::string message) {
  return api_fail("ValidationError", std::move(message), 400);
}
[[nodiscard]] inline std::unexpected<ApiError> invalid_input(std::string message) {
  return api_fail("InvalidInput", std::move(message), 400);
}
[[nodiscard]] inline std::unexpected<ApiError> malformed_policy(std::string message) {
  return api_fail("MalformedPolicyDocument", std::move(message), 400);
}

template <class T>
[[nodiscard]] std::unexpected<ApiError> cannot_be_found(std::string_view name) {
  if constexpr (std::is_same_v<T, iam::InstanceProfile>) {
    return no_such_entity(fmt::format("Instance Profile {} cannot be found.", name));
  } else {
    return no_such_entity(fmt::format("The {} with name {} cannot be found.", T::kNoun, name));
  }
}

}  // namespace penstock::services::iam_api
