#pragma once
/// Answers in the form of each protocol. Pure.
/// Source: provider-visible forms: JSON 1.1 "__type" and "message"; REST-JSON x-amzn-ErrorType and "message"; Query
/// <ErrorResponse>. Every answer carries x-amzn-RequestId.

#include <string>
#include <string_view>

#include "net/http.h"
#include "services/operation.h"

namespace penstock::gateway {

/// `service` may be null: then nothing of a namespace is known.
[[nodiscard]] net::HttpResponse render_error(services::Protocol protocol, const services::Service* service,
                                             const services::ApiError& error, std::string_view request_id);

[[nodiscard]] net::HttpResponse render_success(const services::Service& service, const services::Operation& operation,
                                               const void* output, std::string_view request_id);

/// {"message": ...} and nothing of AWS, for browsers and probes.
[[nodiscard]] net::HttpResponse render_plain(int status, std::string_view message, std::string_view request_id);

}  // namespace penstock::gateway
