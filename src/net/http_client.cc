#include "net/http_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

#include "net/http_chunks.h"
#include "net/http_head.h"
#include "net/http_text.h"

namespace penstock::net {

namespace {

constexpr std::size_t kHeadBytesMax = 64U << 10U;
constexpr std::size_t kReadBytes = 64U << 10U;

std::string render(const HttpRequest& request, const HostPort& server) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const auto& [name, value] : request.headers.all()) {
    if (same_ignoring_case(name, "content-length")) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (request.headers.find("host") == nullptr) out.append("Host: ").append(to_string(server)).append("\r\n");
  out += fmt::format("Content-Length: {}\r\n\r\n", request.body.size());
  return out.append(request.body);
}

std::unexpected<Error> lost(std::string_view why) {
  return fail(ErrorKind::outcome_unknown, fmt::format("the connection ended before the answer did: {}", why));
}

}  // namespace

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  input_.clear();
}

Result<void> HttpClient::open() {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(server_.port);
  if (const int problem = ::getaddrinfo(server_.host.c_str(), port.c_str(), &wanted, &list); problem != 0) {
    return fail(ErrorKind::unavailable, fmt::format("cannot resolve {}: {}", server_.host, ::gai_strerror(problem)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, &::freeaddrinfo);
  int last_problem = 0;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket_ < 0) continue;
    const timeval limit{.tv_sec = options_.timeout.count() / 1000, .tv_usec = options_.timeout.count() % 1000 * 1000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, one->ai_addr, one->ai_addrlen) == 0) return {};
    last_problem = errno;
    close();
  }
  return fail(ErrorKind::unavailable, fmt::format("cannot connect to {}: {}", to_string(server_),
                                                  std::generic_category().message(last_problem)));
}

Result<void> HttpClient::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0)
      return fail(ErrorKind::unavailable, fmt::format("cannot send: {}", std::generic_category().message(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<bool> HttpClient::read_more() {
  const std::size_t had = input_.size();
  ssize_t got = -1;
  input_.resize_and_overwrite(had + kReadBytes, [&](char* bytes, std::size_t) {
    do {
      got = ::recv(socket_, bytes + had, kReadBytes, 0);
    } while (got < 0 && errno == EINTR);
    return had + static_cast<std::size_t>(got < 0 ? 0 : got);
  });
  if (got < 0) return lost(std::generic_category().message(errno));
  return got > 0;
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  const std::string bytes = render(request, server_);
  const bool reused = socket_ >= 0;
  if (!reused) PENSTOCK_TRY_VOID(open());
  Result<void> written = write(bytes);
  Result<bool> first = written.has_value() ? read_more() : Result<bool>(false);
  if (reused && first.has_value() && !*first) {  // closed while it was idle: nothing of this request was taken
    close();
    PENSTOCK_TRY_VOID(open());
    written = write(bytes);
    first = written.has_value() ? read_more() : Result<bool>(false);
  }
  Result<HttpResponse> response = lost("no answer");
  if (!written.has_value()) {
    response = std::unexpected(written.error());
  } else if (!first.has_value()) {
    response = std::unexpected(first.error());
  } else if (*first) {
    response = read_response(request.method == "HEAD");
  }
  if (!response.has_value()) close();
  return response;
}

Result<HttpResponse> HttpClient::read_response(bool to_head_request) {
  while (true) {
    std::size_t scanned = 0;
    std::optional<std::size_t> size;
    while (!(size = find_head_end(input_, scanned)).has_value()) {
      if (input_.size() > kHeadBytesMax) return fail(ErrorKind::corrupt, "the answer's head is too long");
      PENSTOCK_TRY(const bool more, read_more());
      if (!more) return lost("in the answer's head");
    }
    auto head = parse_response_head(std::string_view(input_).substr(0, *size));
    if (!head.has_value()) return fail(ErrorKind::corrupt, "the answer is not HTTP: " + head.error().message);
    input_.erase(0, *size);
    const int status = head->response.status;
    if (status >= 100 && status < 200) continue;  // 100 Continue and the like come before the answer
    const bool bodiless = to_head_request || status == 204 || status == 304;
    if (!bodiless) {
      if (!head->chunked && !head->content_length.has_value()) head->keep_alive = false;
      PENSTOCK_TRY_VOID(read_body(head->chunked, head->content_length, head->response));
    }
    if (!head->keep_alive) close();
    return std::move(head->response);
  }
}

Result<void> HttpClient::read_body(bool chunked, std::optional<std::uint64_t> length, HttpResponse& response) {
  if (length.value_or(0) > options_.body_bytes_max) return fail(ErrorKind::corrupt, "the answer is too long");
  ChunkReader chunks(options_.body_bytes_max);
  while (true) {
    if (chunked) {
      std::string_view in = input_;
      const ChunkReader::Status status = chunks.feed(in, response.body);
      input_.erase(0, input_.size() - in.size());
      if (status == ChunkReader::Status::done) return {};
      if (status != ChunkReader::Status::more) return fail(ErrorKind::corrupt, "the answer's chunks are malformed");
    } else if (length.has_value() && input_.size() >= *length) {
      response.body = input_.substr(0, *length);
      input_.erase(0, *length);
      return {};
    } else if (input_.size() > options_.body_bytes_max) {
      return fail(ErrorKind::corrupt, "the answer is too long");
    }
    PENSTOCK_TRY(const bool more, read_more());
    if (!more && !chunked && !length.has_value()) {
      response.body = std::move(input_);
      return {};
    }
    if (!more) return lost("in the answer's body");
  }
}

Result<HostPort> parse_http_url(std::string_view url) {
  if (url.starts_with("https://")) {
    return fail(ErrorKind::invalid, fmt::format("{}: https is not supported here yet; use http", url));
  }
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return fail(ErrorKind::invalid, fmt::format("'{}' is not http://HOST:PORT", url));
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const bool has_port = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0) != std::string_view::npos;
  return parse_host_port(has_port ? std::string(rest) : std::string(rest) + ":80");
}

}  // namespace penstock::net
