#include "net/negotiation.h"

#include <string_view>
#include <utility>

#include "net/http2_connection.h"
#include "net/http_connection.h"
#include "net/tls_stream.h"

namespace penstock::net {

namespace {

constexpr std::size_t kReadBytes = 16U << 10U;
constexpr char kTlsHandshake = '\x16';  ///< RFC 8446 section 5.1, ContentType

}  // namespace

NegotiatedConnection::NegotiatedConnection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer,
                                           SSL_CTX* tls)
    : host_(host), stream_(std::move(stream)), peer_(std::move(peer)), tls_(tls) {}

Task<void> NegotiatedConnection::run() {
  const Protocol protocol = co_await recognise();
  deadline_ = SteadyTime::max();
  if (protocol == Protocol::none || host_.stopping) co_return;
  if (protocol == Protocol::http2) {
    inner_ = std::make_unique<Http2Connection>(host_, std::move(stream_), std::move(peer_), std::move(input_));
  } else {
    inner_ = std::make_unique<HttpConnection>(host_, std::move(stream_), std::move(peer_), std::move(input_));
  }
  co_await inner_->run();
}

void NegotiatedConnection::finish() { inner_ ? inner_->finish() : stream_->cancel(); }

void NegotiatedConnection::cancel() { inner_ ? inner_->cancel() : stream_->cancel(); }

void NegotiatedConnection::check_deadline(SteadyTime now) {
  if (inner_) return inner_->check_deadline(now);
  if (now >= deadline_) stream_->cancel();
}

Task<bool> NegotiatedConnection::wait_for_first_byte() {
  deadline_ = host_.clock.steady() + host_.limits.idle_max;
  const Result<void> ready = co_await stream_->wait_readable();
  deadline_ = host_.clock.steady() + host_.limits.head_max;
  co_return ready.has_value() && co_await read_more();
}

Task<bool> NegotiatedConnection::read_more() {
  const std::size_t had = input_.size();
  input_.resize_and_overwrite(had + kReadBytes, [](char*, std::size_t wanted) { return wanted; });
  const Result<std::size_t> got = co_await stream_->read_some(std::span(input_).subspan(had));
  input_.resize(had + got.value_or(0));
  co_return got.value_or(0) > 0;
}

Task<NegotiatedConnection::Protocol> NegotiatedConnection::recognise() {
  if (!co_await wait_for_first_byte()) co_return Protocol::none;
  // Without an identity HTTP/1.1 gets the bytes, and says what is wrong with them.
  if (tls_ != nullptr && input_.front() == kTlsHandshake) co_return co_await open_tls();
  co_return co_await look_for_preface();
}

Task<NegotiatedConnection::Protocol> NegotiatedConnection::open_tls() {
  auto tls = std::make_unique<TlsStream>(tls_, std::move(stream_), std::exchange(input_, {}));
  TlsStream& opened = *tls;
  stream_ = std::move(tls);
  peer_.secure = true;
  if (!(co_await opened.handshake()).has_value()) co_return Protocol::none;
  if (opened.protocol() == "h2") co_return Protocol::http2;
  if (!opened.protocol().empty()) co_return Protocol::http1;
  if (!co_await wait_for_first_byte()) co_return Protocol::none;
  co_return co_await look_for_preface();
}

Task<NegotiatedConnection::Protocol> NegotiatedConnection::look_for_preface() {
  while (input_.size() < kHttp2Preface.size() && kHttp2Preface.starts_with(input_)) {
    if (!co_await read_more()) co_return Protocol::none;
  }
  co_return input_.starts_with(kHttp2Preface) ? Protocol::http2 : Protocol::http1;
}

}  // namespace penstock::net
