#pragma once
/// What the gateway itself refuses, in the words and codes of each protocol. Pure.
/// Source: "Common Error Types" of the Kinesis, IAM, STS and IoT API References; IAM User Guide, "Troubleshoot signed
/// requests"; the JSON services answer 400 with names that end in Exception, Query and REST services 403.

#include <string_view>

#include "iam/authorizer.h"
#include "services/operation.h"
#include "sigv4/sigv4.h"

namespace penstock::gateway {

[[nodiscard]] services::ApiError signature_error(services::Protocol protocol, const sigv4::Refusal& refusal);

/// The security token has run out.
[[nodiscard]] services::ApiError expired_token_error(services::Protocol protocol);

/// Signed for another service or region than the one that was called.
[[nodiscard]] services::ApiError scope_error(services::Protocol protocol, std::string_view message);

[[nodiscard]] services::ApiError denied_error(const services::Service& service, const iam::Principal& who,
                                              std::string_view action, std::string_view resource,
                                              const iam::Decision& decision);

/// For a request that the HTTP server refused (413 becomes RequestEntityTooLargeException).
[[nodiscard]] services::ApiError http_error(int status, std::string_view message);

}  // namespace penstock::gateway
