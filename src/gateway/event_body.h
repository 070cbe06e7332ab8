#pragma once
/// The body of an answer that is an event stream: the operation's output as `initial-response`, then its events, each
/// one message of application/vnd.amazon.eventstream. An ApiError becomes an exception message and ends the stream.
/// Source:  Smithy specification, "Amazon Event Stream Specification"; the headers as SubscribeToShard of Kinesis has
///          them.
/// Threads: the connection's loop, as net::BodyStream says.

#include <memory>
#include <string>

#include "net/http.h"
#include "services/operation.h"

namespace penstock::gateway {

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

/// `output` is the operation's, encoded in `protocol`, which is that of every event too (json11 or cbor11).
[[nodiscard]] std::unique_ptr<net::BodyStream> make_event_body(std::unique_ptr<services::EventSource> events,
                                                               services::Protocol protocol, std::string output,
                                                               std::string request_id);

}  // namespace penstock::gateway
