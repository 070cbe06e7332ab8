#pragma once
/// What a server shows to TLS clients. Threads: a context may be used by any thread.
/// Source: RFC 8446, RFC 7301 (ALPN).

#include <openssl/types.h>

#include <memory>
#include <string>

#include "core/result.h"

namespace penstock::net {

struct TlsIdentity {
  std::string certificate_chain_pem;  ///< the server's certificate first
  std::string private_key_pem;        ///< secret
};

struct TlsContextFree {
  void operator()(SSL_CTX* context) const;
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsContextFree>;

/// TLS 1.2 and 1.3, no renegotiation. Asks clients for nothing.
/// Errors: invalid (not a certificate, not its key).
[[nodiscard]] Result<TlsContext> make_tls_context(const TlsIdentity& identity);

/// Answers ALPN: HTTP/2 before HTTP/1.1. A client that offers neither is turned away, as RFC 7301 section 3.2 asks; one
/// that offers nothing speaks HTTP/1.1.
void offer_http(SSL_CTX* context);

}  // namespace penstock::net
