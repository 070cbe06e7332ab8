#pragma once
/// Answers in the form of each protocol. Pure.
/// Source: provider-visible forms: JSON and CBOR 1.1 "__type" and "message"; REST-JSON x-amzn-ErrorType and "message";
/// Query <ErrorResponse>. Every answer carries x-amzn-RequestId.

#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"
#include "services/operation.h"

namespace penstock::gateway {

/// `service` may be null: then nothing of a namespace is known.
[[nodiscard]] net::HttpResponse render_error(services::Protocol protocol, const services::Service* service,
                                             const services::ApiError& error, std::string_view request_id);

/// In `protocol`, which is the service's or the other form of it.
[[nodiscard]] net::HttpResponse render_success(services::Protocol protocol, const services::Service& service,
                                               const services::Operation& operation, const void* output,
                                               std::string_view request_id);

/// The output, then the events; see event_body.h. Only json11 and cbor11 have event streams.
[[nodiscard]] net::HttpResponse render_events(services::Protocol protocol, const services::Operation& operation,
                                              const void* output, std::unique_ptr<services::EventSource> events,
                                              std::string_view request_id);

[[nodiscard]] std::string_view content_type(services::Protocol protocol);

/// The body of an error in json11 or cbor11: "__type" and "message".
[[nodiscard]] std::string error_text(services::Protocol protocol, const services::ApiError& error);

/// {"message": ...} and nothing of AWS, for browsers and probes.
[[nodiscard]] net::HttpResponse render_plain(int status, std::string_view message, std::string_view request_id);

}  // namespace penstock::gateway
