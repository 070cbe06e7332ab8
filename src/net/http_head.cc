#include "net/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/http_text.h"

namespace penstock::net {

namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

std::unexpected<HttpRefusal> refuse(std::string message, int status = 400) {
  return std::unexpected(HttpRefusal{status, std::move(message)});
}

/// What the headers say about the message's frame.
struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  std::string_view connection;
};

std::expected<void, HttpRefusal> read_framing(std::string_view name, std::string_view value, Framing& framing) {
  if (same_ignoring_case(name, "content-length")) {
    if (framing.content_length.has_value()) return refuse("more than one Content-Length");
    std::uint64_t length = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (problem != std::errc{} || end != value.data() + value.size() || value.empty()) {
      return refuse("Content-Length is not a number");
    }
    framing.content_length = length;
  } else if (same_ignoring_case(name, "transfer-encoding")) {
    if (framing.chunked) return refuse("more than one Transfer-Encoding");
    if (!same_ignoring_case(value, "chunked")) return refuse("only the transfer coding 'chunked' is supported", 501);
    framing.chunked = true;
  } else if (same_ignoring_case(name, "connection")) {
    framing.connection = value;
  }
  return {};
}

/// `lines` is everything after the first line, up to and with the empty line.
std::expected<Framing, HttpRefusal> read_headers(std::string_view lines, Headers& headers) {
  Framing framing;
  while (lines != "\r\n") {
    const std::size_t end = lines.find("\r\n");
    if (end == std::string_view::npos) return refuse("a header line does not end in CR LF");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse("a header line has no colon");
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return refuse("a header name holds characters that it may not");
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (!is_field_value(value)) return refuse(fmt::format("the header {} holds control characters", name));
    if (headers.all().size() == kHeadersMax) return refuse(fmt::format("more than {} headers", kHeadersMax), 431);
    PENSTOCK_TRY_VOID(read_framing(name, value, framing));
    headers.add(std::string(name), std::string(value));
  }
  if (framing.chunked && framing.content_length.has_value()) {
    return refuse("both Content-Length and Transfer-Encoding");
  }
  return framing;
}

/// The minor version of "HTTP/1.x".
std::expected<int, HttpRefusal> read_version(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/")) return refuse("the first line does not end in an HTTP version");
  if (!text.starts_with("HTTP/1.")) return refuse(fmt::format("{} is not supported on this connection", text), 505);
  if (text[7] != '0' && text[7] != '1') return refuse(fmt::format("{} is not supported", text), 505);
  return text[7] - '0';
}

bool keeps_alive(int minor, std::string_view connection) {
  return minor == 1 ? !list_has(connection, "close") : list_has(connection, "keep-alive");
}

}  // namespace

std::expected<std::string, HttpRefusal> read_target(std::string_view method, std::string_view target) {
  const bool visible = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f; });
  if (target.empty() || !visible) return refuse("the request target holds characters that it may not");
  if (target.front() == '/') return std::string(target);
  if (target == "*" && method == "OPTIONS") return std::string(target);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos) return std::string("/");
    return target[slash] == '?' ? "/" + std::string(target.substr(slash)) : std::string(target.substr(slash));
  }
  return refuse("the request target is neither a path nor a URL");
}

std::expected<bool, HttpRefusal> read_expectation(const Headers& headers) {
  const std::string* expect = headers.find("expect");
  if (expect == nullptr) return false;
  if (!same_ignoring_case(*expect, "100-continue")) {
    return refuse(fmt::format("the expectation '{}' is not known", *expect), 417);
  }
  return true;
}

std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t& scanned) {
  const std::size_t from = scanned > kEnd.size() ? scanned - (kEnd.size() - 1) : 0;
  const std::size_t at = bytes.find(kEnd, from);
  scanned = bytes.size();
  if (at == std::string_view::npos) return std::nullopt;
  return at + kEnd.size();
}

std::expected<RequestHead, HttpRefusal> parse_request_head(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos || !head.ends_with(kEnd)) return refuse("the head is cut short");
  const std::string_view line = head.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse("the first line is not METHOD TARGET VERSION");
  RequestHead out;
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return refuse("the method holds characters that it may not");
  PENSTOCK_TRY(const int minor, read_version(line.substr(last + 1)));
  PENSTOCK_TRY(out.request.target, read_target(method, line.substr(first + 1, last - first - 1)));
  out.request.method = method;
  PENSTOCK_TRY(const Framing framing, read_headers(head.substr(line_end + 2), out.request.headers));
  if (framing.chunked && minor == 0) return refuse("HTTP/1.0 has no Transfer-Encoding");
  const auto hosts = std::ranges::count_if(out.request.headers.all(),
                                           [](const auto& entry) { return same_ignoring_case(entry.first, "host"); });
  if (hosts > 1 || (minor == 1 && hosts == 0)) return refuse("the request needs exactly one Host header");
  PENSTOCK_TRY(const bool expects_continue, read_expectation(out.request.headers));
  out.expects_continue = expects_continue && minor == 1;
  out.chunked = framing.chunked;
  out.content_length = framing.content_length;
  out.keep_alive = keeps_alive(minor, framing.connection);
  out.takes_chunks = minor == 1;
  return out;
}

std::expected<ResponseHead, HttpRefusal> parse_response_head(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos || !head.ends_with(kEnd)) return refuse("the head is cut short");
  const std::string_view line = head.substr(0, line_end);
  if (line.size() < 12 || line[8] != ' ') return refuse("the first line is not VERSION STATUS REASON");
  ResponseHead out;
  PENSTOCK_TRY(const int minor, read_version(line.substr(0, 8)));
  const auto [end, problem] = std::from_chars(line.data() + 9, line.data() + 12, out.response.status);
  if (problem != std::errc{} || end != line.data() + 12 || out.response.status < 100) {
    return refuse("the status is not a number of three digits");
  }
  PENSTOCK_TRY(const Framing framing, read_headers(head.substr(line_end + 2), out.response.headers));
  out.chunked = framing.chunked;
  out.content_length = framing.content_length;
  out.keep_alive = keeps_alive(minor, framing.connection);
  return out;
}

}  // namespace penstock::net
