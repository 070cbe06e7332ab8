#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace penstock::net {

namespace {

constexpr std::size_t kRecordBytesMax = 16U << 10U;  ///< of plain text (RFC 8446 section 5.1)
constexpr std::size_t kReadBytes = 32U << 10U;
constexpr std::size_t kSealedBytesMax = 64U << 10U;  ///< of one write

}  // namespace

struct TlsStream::Bytes {
  std::string in;
  std::size_t in_used = 0;
  std::string out;

  [[nodiscard]] bool has_input() const { return in_used < in.size(); }

  static int read(BIO* bio, char* to, int size) {
    auto& self = *static_cast<Bytes*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (!self.has_input()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(static_cast<std::size_t>(size), self.in.size() - self.in_used);
    std::memcpy(to, self.in.data() + self.in_used, taken);
    self.in_used += taken;
    if (!self.has_input()) {
      std::string().swap(self.in);
      self.in_used = 0;
    }
    return static_cast<int>(taken);
  }
  static int write(BIO* bio, const char* from, int size) {
    static_cast<Bytes*>(BIO_get_data(bio))->out.append(from, static_cast<std::size_t>(size));
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "penstock bytes");
      BIO_meth_set_read(method, &Bytes::read);
      BIO_meth_set_write(method, &Bytes::write);
      BIO_meth_set_ctrl(method, &Bytes::control);
      return method;
    }();
    return made;
  }
};

void TlsStream::SslFree::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(SSL_CTX* context, std::unique_ptr<ByteStream> lower, std::string input)
    : lower_(std::move(lower)), bytes_(std::make_unique<Bytes>()), ssl_(SSL_new(context)) {
  bytes_->in = std::move(input);
  BIO* bio = BIO_new(Bytes::method());
  PENSTOCK_ASSERT(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, bytes_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() = default;

std::string_view TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Error TlsStream::failure(int result) const {
  const int kind = SSL_get_error(ssl_.get(), result);
  std::array<char, 256> text{};
  if (kind == SSL_ERROR_SSL) ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return {ErrorKind::unavailable, text[0] == '\0' ? "TLS: the connection is broken" : std::string(text.data())};
}

Task<Result<void>> TlsStream::handshake() {
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_.get());
    std::optional<Error> problem;
    if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) problem = failure(result);
    const Result<void> sent = co_await flush();  // an alert too: it tells the client why
    if (problem.has_value()) co_return std::unexpected(std::move(*problem));
    if (!sent.has_value() || result == 1) co_return sent;
    PENSTOCK_CO_TRY_VOID(co_await fill());
  }
}

Task<Result<std::size_t>> TlsStream::read_some(std::span<char> out) {
  while (true) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &got);
    // What reading gave us to say (a KeyUpdate) leaves with the next write, as RFC 8446 section 4.6.3 allows.
    if (result == 1) co_return got;
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (kind != SSL_ERROR_WANT_READ) co_return std::unexpected(failure(result));
    PENSTOCK_CO_TRY_VOID(co_await fill());
  }
}

Task<Result<void>> TlsStream::wait_readable() {
  if (SSL_pending(ssl_.get()) > 0 || bytes_->has_input()) co_return Result<void>{};
  co_return co_await lower_->wait_readable();
}

Task<Result<void>> TlsStream::fill() {
  // OpenSSL asks for more only when it has taken everything.
  PENSTOCK_ASSERT(!bytes_->has_input());
  std::string more;
  more.resize_and_overwrite(kReadBytes, [](char*, std::size_t wanted) { return wanted; });
  PENSTOCK_CO_TRY(const std::size_t got, co_await lower_->read_some(more));
  if (got == 0) co_return fail(ErrorKind::unavailable, "TLS: the peer ended without a close_notify");
  more.resize(got);
  bytes_->in = std::move(more);
  co_return Result<void>{};
}

Task<Result<void>> TlsStream::flush() {
  while (!bytes_->out.empty()) {
    const std::string sealed = std::exchange(bytes_->out, {});
    std::string_view left = sealed;
    while (!left.empty()) {
      PENSTOCK_CO_TRY(const std::size_t sent, co_await lower_->write_some(std::span(&left, 1)));
      left.remove_prefix(sent);
    }
  }
  co_return Result<void>{};
}

Task<Result<std::size_t>> TlsStream::write_some(std::span<const std::string_view> parts) {
  std::size_t taken = 0;
  std::string gathered;  // short parts share a record
  const auto seal = [this](std::string_view plain) {
    ERR_clear_error();
    std::size_t sealed = 0;
    return plain.empty() || SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &sealed) == 1;
  };
  for (std::string_view part : parts) {
    while (!part.empty() && taken < kSealedBytesMax) {
      const std::string_view piece = part.substr(0, kRecordBytesMax - gathered.size());
      part.remove_prefix(piece.size());
      taken += piece.size();
      const bool whole_record = gathered.empty() && piece.size() == kRecordBytesMax;
      if (!whole_record) gathered.append(piece);
      if (!whole_record && gathered.size() < kRecordBytesMax) continue;
      if (!seal(whole_record ? piece : std::string_view(gathered))) co_return std::unexpected(failure(0));
      gathered.clear();
    }
  }
  if (!seal(gathered)) co_return std::unexpected(failure(0));
  PENSTOCK_CO_TRY_VOID(co_await flush());
  co_return taken;
}

Task<void> TlsStream::close_write() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  if ((co_await flush()).has_value()) co_await lower_->close_write();
}

}  // namespace penstock::net
