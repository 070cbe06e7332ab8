#pragma once
/// The first part of an HTTP/1.1 message, bytes to values (RFC 9112). Pure; no sockets.
/// Strict on everything that two parsers could read differently (request smuggling): lines end in CRLF, no folded
/// headers, no blanks before a colon, one Content-Length or `Transfer-Encoding: chunked` but never both.
/// Bounds: kHeadersMax headers; the caller bounds the head's bytes.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace penstock::net {

inline constexpr std::size_t kHeadersMax = 200;

/// Finds the end of a head in bytes that keep arriving. `scanned` is kept between calls (start with 0), so that no
/// byte is looked at more than a few times. Gives the size of the head with its empty line.
[[nodiscard]] std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t& scanned);

struct HttpRefusal {
  int status = 400;
  std::string message;
};

struct RequestHead {
  HttpRequest request;  ///< all but the body and where it came from
  bool chunked = false;
  std::optional<std::uint64_t> content_length;  ///< absent when chunked or not given (no body then)
  bool keep_alive = true;
  bool takes_chunks = true;  ///< not HTTP/1.0
  bool expects_continue = false;
};

/// `head` is what find_head_end found.
[[nodiscard]] std::expected<RequestHead, HttpRefusal> parse_request_head(std::string_view head);

/// The path and query of a request target: as it is, or out of an absolute one ("http://host/path").
[[nodiscard]] std::expected<std::string, HttpRefusal> read_target(std::string_view method, std::string_view target);

/// Whether the client waits for "100 Continue" (RFC 9110 section 10.1.1); another expectation is refused.
[[nodiscard]] std::expected<bool, HttpRefusal> read_expectation(const Headers& headers);

struct ResponseHead {
  HttpResponse response;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;  ///< absent and not chunked: the body ends with the connection
  bool keep_alive = true;
};
[[nodiscard]] std::expected<ResponseHead, HttpRefusal> parse_response_head(std::string_view head);

}  // namespace penstock::net
