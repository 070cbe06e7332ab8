#pragma once
/// The names that Kinesis gives to errors. Source: Kinesis API Reference, "Errors" of each action.

#include "core/result.h"
#include "services/operation.h"

namespace penstock::services::kinesis {

inline constexpr std::string_view kInvalidArgument = "InvalidArgumentException";
inline constexpr std::string_view kValidation = "ValidationException";
inline constexpr std::string_view kNotFound = "ResourceNotFoundException";
inline constexpr std::string_view kInUse = "ResourceInUseException";
inline constexpr std::string_view kLimitExceeded = "LimitExceededException";
inline constexpr std::string_view kThroughputExceeded = "ProvisionedThroughputExceededException";
inline constexpr std::string_view kExpiredIterator = "ExpiredIteratorException";
inline constexpr std::string_view kExpiredNextToken = "ExpiredNextTokenException";
inline constexpr std::string_view kDryRun = "DryRunOperationException";
inline constexpr std::string_view kKmsAccessDenied = "KMSAccessDeniedException";
inline constexpr std::string_view kKmsNotFound = "KMSNotFoundException";
inline constexpr std::string_view kInternalFailure = "InternalFailureException";

/// What a bound means to the caller: a quota of the account, or a shard's throughput.
enum class Plane : std::uint8_t { control, data };

/// What a call with DryRun answers when it would have succeeded.
[[nodiscard]] std::unexpected<ApiError> dry_run_passed();

[[nodiscard]] std::unexpected<ApiError> to_api_error(const Error& error, Plane plane);

}  // namespace penstock::services::kinesis
