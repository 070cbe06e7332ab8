#pragma once
/// A connection whose protocol its first bytes decide: TLS (0x16) and then what ALPN chose, HTTP/2 by prior knowledge
/// (its preface), else HTTP/1.1. Threads: everything on the connection's loop.
/// Times:  the first byte idle_max; the handshake and the rest of the preface head_max.

#include <openssl/types.h>

#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/connection.h"

namespace penstock::net {

class NegotiatedConnection final : public Connection {
 public:
  /// `tls`: null when this port has no identity to show; must outlive the connection.
  NegotiatedConnection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer, SSL_CTX* tls);

  Task<void> run() override;
  void finish() override;
  void cancel() override;
  void check_deadline(SteadyTime now) override;

 private:
  enum class Protocol : std::uint8_t { none, http1, http2 };

  Task<bool> wait_for_first_byte();
  Task<bool> read_more();
  Task<Protocol> recognise();
  Task<Protocol> open_tls();
  Task<Protocol> look_for_preface();

  ConnectionHost host_;
  std::unique_ptr<ByteStream> stream_;
  Peer peer_;
  SSL_CTX* tls_;
  std::string input_;  ///< read and not yet used; one read at most
  SteadyTime deadline_ = SteadyTime::max();
  std::unique_ptr<Connection> inner_;  ///< once the protocol is known
};

}  // namespace penstock::net
