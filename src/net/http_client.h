#pragma once
/// An outbound HTTP/1.1 client for command-line tools: one request at a time, blocking, over one kept connection.
/// Threads: one at a time.
/// Errors:  unavailable (no connection, or it broke before the request was sent), outcome_unknown (it broke after),
///          corrupt (the answer is not HTTP).
/// Bounds:  an answer's head 64 KiB, its body body_bytes_max.

#include <chrono>
#include <string>

#include "core/result.h"
#include "net/address.h"
#include "net/http.h"

namespace penstock::net {

struct HttpClientOptions {
  std::chrono::milliseconds timeout{60'000};  ///< without any byte sent or received
  std::size_t body_bytes_max = 64U << 20U;
};

class HttpClient {
 public:
  explicit HttpClient(HostPort server, HttpClientOptions options = {})
      : server_(std::move(server)), options_(options) {}
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Adds Content-Length, and Host when there is none. A kept connection that the server has closed meanwhile is
  /// opened anew, once.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request);

  [[nodiscard]] const HostPort& server() const { return server_; }

 private:
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> write(std::string_view bytes) const;
  [[nodiscard]] Result<HttpResponse> read_response(bool to_head_request);
  [[nodiscard]] Result<void> read_body(bool chunked, std::optional<std::uint64_t> length, HttpResponse& response);
  /// More bytes into input_; false at the end of the connection.
  [[nodiscard]] Result<bool> read_more();
  void close();

  HostPort server_;
  HttpClientOptions options_;
  int socket_ = -1;
  std::string input_;
};

/// "http://HOST:PORT" (a trailing slash is fine). Errors: invalid; https is named as not supported.
[[nodiscard]] Result<HostPort> parse_http_url(std::string_view url);

}  // namespace penstock::net
