/// The part of HttpConnection that sends a BodyStream (RFC 9112 section 7.1) and watches the client meanwhile.
#include <fmt/format.h>

#include <utility>

#include "net/http_connection.h"

namespace penstock::net {

namespace {

constexpr std::size_t kWatchReadBytes = 4U << 10U;
constexpr int kPiecesPerTurn =
    32;  ///< of one stream that never makes us wait, before others of the loop get their turn
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

Task<bool> HttpConnection::answer_streamed(std::string head, HttpResponse response, bool chunked) {
  const bool begun =
      response.body.empty() ? co_await write_all(head, {}) : co_await write_piece(head, response.body, chunked);
  if (!begun) co_return false;
  if (input_used_ == input_.size()) {  // it may last for minutes, beside thousands of others: no buffer meanwhile
    std::string().swap(input_);
    input_used_ = 0;
  }
  streaming_ = response.stream.get();
  if (host_.stopping) streaming_->cancel();
  Completion<bool> watch_over;
  spawn_here(co_await current_executor(), watch_client(), [watch_over] { watch_over.set(true); });
  const bool whole = co_await write_pieces(*response.stream, chunked);
  if (!whole) streaming_->cancel();
  streaming_ = nullptr;
  stream_->interrupt_read();
  co_await watch_over;
  co_return whole && !client_gone_;
}

Task<bool> HttpConnection::write_pieces(BodyStream& pieces, bool chunked) {
  for (int sent = 1;; ++sent) {
    deadline_ = SteadyTime::max();  // that there is nothing to send is not the client's fault
    const std::optional<std::string> piece = co_await pieces.next();
    if (client_gone_) co_return false;
    if (!piece.has_value()) co_return !chunked || co_await write_all(kLastChunk, {});
    if (!co_await write_piece({}, *piece, chunked)) co_return false;
    if (sent % kPiecesPerTurn == 0) co_await Yield{};
  }
}

Task<bool> HttpConnection::write_piece(std::string_view head, std::string_view piece, bool chunked) {
  if (piece.empty()) co_return true;  // an empty chunk would be the last
  if (!chunked) co_return co_await write_all(head, piece);
  const std::string with_size = fmt::format("{}{:x}\r\n", head, piece.size());
  co_return co_await write_all(with_size, piece, "\r\n");
}

/// Requests that the client has sent ahead wait in input_, within its bound.
Task<void> HttpConnection::watch_client() {
  while (streaming_ != nullptr) {
    const Result<void> ready = co_await stream_->wait_readable();
    if (streaming_ == nullptr) co_return;
    const bool more = ready.has_value() && (co_await read_more_input(kWatchReadBytes)).has_value();
    if (streaming_ == nullptr) co_return;
    if (!more || input_.size() - input_used_ > host_.limits.head_bytes_max) {
      client_gone_ = true;
      streaming_->cancel();
      co_return;
    }
  }
}

}  // namespace penstock::net
