#pragma once
/// TLS for MQTT: what the server shows, and what it asks of clients.

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "mqtt/transport/listener.h"

namespace penstock::mqtt::transport {

/// TLS 1.2 and 1.3 (IoT Developer Guide, "Transport security"). A client certificate is asked for and not judged here:
/// the handshake proves that the client has its key, the Gatekeeper decides what it is worth.
[[nodiscard]] Result<std::unique_ptr<boost::asio::ssl::context>> make_server_context(const TlsIdentity& identity);

/// What the client showed; nullopt: nothing.
[[nodiscard]] std::optional<std::string> peer_certificate_pem(SSL* ssl);

}  // namespace penstock::mqtt::transport
