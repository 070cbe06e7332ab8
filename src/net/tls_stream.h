#pragma once
/// The server's side of TLS over any ByteStream. Threads: everything on the stream's loop.
/// Bounds: one read of ciphertext waits to be opened, one write of it to be sent; both are freed when they are empty.
/// Errors: unavailable, also when the peer ends without a close_notify alert.

#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/tls.h"

namespace penstock::net {

class TlsStream final : public ByteStream {
 public:
  /// `input`: what has been read of `lower` already. `context` must outlive the stream.
  TlsStream(SSL_CTX* context, std::unique_ptr<ByteStream> lower, std::string input);
  ~TlsStream() override;

  /// Before anything else.
  Task<Result<void>> handshake();
  /// What ALPN chose: "h2", "http/1.1", or nothing.
  [[nodiscard]] std::string_view protocol() const;

  Task<Result<std::size_t>> read_some(std::span<char> out) override;
  Task<Result<void>> wait_readable() override;
  void interrupt_read() override { lower_->interrupt_read(); }
  Task<Result<std::size_t>> write_some(std::span<const std::string_view> parts) override;
  Task<void> close_write() override;
  void cancel() override { lower_->cancel(); }

 private:
  struct Bytes;
  struct SslFree {
    void operator()(SSL* ssl) const;
  };

  Task<Result<void>> fill();
  Task<Result<void>> flush();
  [[nodiscard]] Error failure(int result) const;

  std::unique_ptr<ByteStream> lower_;
  std::unique_ptr<Bytes> bytes_;  ///< ciphertext on its way; OpenSSL's BIO points to it
  std::unique_ptr<SSL, SslFree> ssl_;
};

}  // namespace penstock::net
