#pragma once
/// One HTTP/1.1 connection: reads a request, has it handled, writes the answer, and again. Used by http_server.cc.
/// While a BodyStream is being sent, it watches whether the client is still there: the end of what the client sends
/// (also a half-close), or more than head_bytes_max of further requests, cancels the stream and ends the connection.
/// Threads: everything on the connection's loop.

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/connection.h"
#include "net/http_head.h"

namespace penstock::net {

class HttpConnection final : public Connection {
 public:
  /// `input`: what has been read of the stream already.
  HttpConnection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer, std::string input);

  Task<void> run() override;
  void finish() override;
  void cancel() override;
  void check_deadline(SteadyTime now) override;

 private:
  /// Why a connection ends: with an answer that says so, or (nullopt) without a word.
  using Ending = std::optional<HttpRefusal>;
  template <class T>
  using OrEnding = std::expected<T, Ending>;

  Task<OrEnding<RequestHead>> read_head();
  Task<OrEnding<void>> wait_for_request();
  Task<OrEnding<void>> read_more_input(std::size_t bytes_max);
  Task<OrEnding<void>> read_body(RequestHead& head);
  Task<OrEnding<void>> read_sized_body(HttpRequest& request, std::size_t size);
  Task<OrEnding<void>> read_chunked_body(HttpRequest& request);
  /// Whether the connection may go on.
  Task<bool> answer(const RequestHead& head, HttpResponse response, bool close);
  Task<bool> answer_streamed(std::string head, HttpResponse response, bool chunked);
  Task<bool> write_pieces(BodyStream& pieces, bool chunked);
  Task<bool> write_piece(std::string_view head, std::string_view piece, bool chunked);
  Task<void> watch_client();
  Task<bool> write_all(std::string_view head, std::string_view body, std::string_view tail = {});
  Task<void> refuse(HttpRefusal why, const HttpRequest* head);
  Task<void> drain();
  void allow(std::chrono::milliseconds time) { deadline_ = host_.clock.steady() + time; }
  void allow_body(SteadyTime start, std::size_t received);

  ConnectionHost host_;
  std::unique_ptr<ByteStream> stream_;
  Peer peer_;
  std::string input_;           ///< bytes read and not yet used; bounded by the head's bound and one read
  std::size_t input_used_ = 0;  ///< of its front
  SteadyTime deadline_ = SteadyTime::max();
  BodyCharge charge_{host_.bodies};
  BodyStream* streaming_ = nullptr;  ///< while its pieces are being sent
  bool client_gone_ = false;         ///< seen while streaming
  bool idle_ = false;
};

}  // namespace penstock::net
