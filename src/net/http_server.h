#pragma once
/// The HTTP server: sockets to HttpRequest, HttpResponse to sockets. HTTP/1.1 and HTTP/2, plain and over TLS, on one
/// port. Knows no service.
///
/// Guarantee: answers of one HTTP/1.1 connection are sent in the order of its requests; a request that was read whole
/// is
///            handed to the handler and its answer is sent, also during stop(). What one client does wrong touches no
///            other connection.
/// Threads:   a connection and its handler's coroutines stay on one loop. listen, stop and destruction: not on a loop.
/// Source:    RFC 9110, RFC 9112, RFC 9113, RFC 7301.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "net/address.h"
#include "net/event_loop.h"
#include "net/http.h"
#include "net/tls.h"

namespace penstock::net {

struct HttpLimits {
  std::size_t head_bytes_max = 64U << 10U;  ///< request line and headers; over it 431
  /// One body; over it 413. PutRecords takes 10 MiB of data, which are 14 MiB in base64 (Kinesis API Reference).
  std::size_t body_bytes_max = 16U << 20U;
  /// The same for requests whose path starts with one of these.
  std::vector<std::string> upload_paths{};
  std::size_t upload_bytes_max = 0;
  std::size_t bodies_bytes_max = 256U << 20U;   ///< all bodies at the same time; over it 503
  std::size_t connections_max = 4096;           ///< over it 503 and close
  std::chrono::milliseconds idle_max{120'000};  ///< between requests
  std::chrono::milliseconds head_max{10'000};   ///< from a head's first byte to its last
  std::chrono::milliseconds body_stall_max{
      30'000};  ///< for a body, beside the time that body_bytes_per_second_min gives
  std::size_t body_bytes_per_second_min = 8U << 10U;
  std::chrono::milliseconds write_stall_max{30'000};  ///< without any byte of the answer being taken
  /// Beside write_stall_max an answer (or a piece of a streamed one) may take the time that this rate gives.
  std::size_t answer_bytes_per_second_min = 8U << 10U;

  /// What the body of a request to `target` may have.
  [[nodiscard]] std::size_t body_bytes_max_of(std::string_view target) const {
    for (const std::string& path : upload_paths) {
      if (target.starts_with(path)) return std::max(body_bytes_max, upload_bytes_max);
    }
    return body_bytes_max;
  }
};

struct HttpServerOptions {
  HostPort listen;  ///< port 0 takes a free one
  HttpLimits limits;
  std::optional<TlsIdentity> tls{};  ///< absent: TLS is refused
  /// For answers until they are sent; while it is full, large ones that were not charged before they were made give way
  /// to a refusal (503). Null: no bound. Outlives the server.
  MemoryBudget* answers = nullptr;
};

/// Makes the answer to a request that the server itself refuses (400, 408, 413, 417, 431, 501, 503, 505). `head` has
/// no body, and is null when the head could not be read.
using RefusalRenderer = std::function<HttpResponse(int status, std::string_view message, const HttpRequest* head)>;

class HttpServer {
 public:
  /// Binds and accepts at once. The loops and the clock must outlive the server.
  /// Errors: unavailable (the address is in use, not ours, ...), naming the address; those of make_tls_context.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(EventLoops& loops, const Clock& clock,
                                                                  HttpServerOptions options, HttpHandler handler,
                                                                  RefusalRenderer refusal);
  /// Calls stop(0) if that has not been done.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it really listens.
  [[nodiscard]] HostPort address() const;
  /// Those that are open now. Threads: any.
  [[nodiscard]] std::size_t connection_count() const;

  /// Stops accepting, closes idle connections, lets requests under way finish for `grace` and then closes the rest.
  /// False when a handler has still not come back 5 s after that; nothing below the server may be torn down then.
  bool stop(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace penstock::net
