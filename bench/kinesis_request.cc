#include "kinesis_request.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/clock.h"
#include "sigv4/sigv4.h"

namespace penstock::bench {
namespace {

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

}  // namespace

void stop(const std::string& why) {
  fmt::print(stderr, "load generator: {}\n", why);
  std::exit(1);
}

Endpoint parse_url(const std::string& url) {
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with("http://") || colon < 7) stop("--url must be http://ADDRESS:PORT");
  return {.host = url.substr(7, colon - 7), .port = std::atoi(url.c_str() + colon + 1)};
}

std::vector<std::pair<std::string, std::string>> signed_headers(const Endpoint& to, std::string_view operation,
                                                                std::string_view body, std::string_view content_type) {
  const SystemClock clock;
  std::vector<std::pair<std::string, std::string>> headers = {
      {"host", fmt::format("{}:{}", to.host, to.port)},
      {"content-type", std::string(content_type)},
      {"x-amz-target", fmt::format("Kinesis_20131202.{}", operation)},
  };
  const sigv4::Credentials who{.access_key_id = environment("AWS_ACCESS_KEY_ID", "bench"),
                               .secret_access_key = environment("AWS_SECRET_ACCESS_KEY", "bench"),
                               .session_token = std::nullopt};
  for (auto& header : sigv4::sign({.method = "POST", .target = "/", .headers = headers, .body = body}, who,
                                  environment("AWS_REGION", "us-east-1"), "kinesis", clock.now())) {
    headers.push_back(std::move(header));
  }
  return headers;
}

std::string make_request(const Endpoint& to, std::string_view operation, const std::string& body,
                         std::string_view content_type) {
  std::string out = "POST / HTTP/1.1\r\n";
  for (const auto& [name, value] : signed_headers(to, operation, body, content_type))
    out += fmt::format("{}: {}\r\n", name, value);
  out += fmt::format("content-length: {}\r\n\r\n", body.size());
  return out + body;
}

int connect_to(const Endpoint& to) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(to.port));
  if (inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1) stop("--url needs an IPv4 address");
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) stop("cannot connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  // Blocking: the server reads what it is sent before it answers.
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) stop("the server closed a connection");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::size_t answer_size(std::string_view in, std::size_t& head_size) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  head_size = end + 4;
  constexpr std::string_view kLength = "content-length:";
  const std::string_view head = in.substr(0, end + 2);
  for (std::size_t at = head.find('\n') + 1; at < head.size(); at = head.find('\n', at) + 1) {
    if (head.size() - at < kLength.size() || strncasecmp(head.data() + at, kLength.data(), kLength.size()) != 0)
      continue;
    const std::size_t size = std::strtoull(head.data() + at + kLength.size(), nullptr, 10);
    return in.size() >= head_size + size ? head_size + size : 0;
  }
  // kinesis-local answers in chunks: the answer ends with the empty chunk.
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.find("transfer-encoding: chunked") == std::string::npos) stop("answer without a length: " + lower);
  const std::size_t last = in.find("\r\n0\r\n\r\n", end);
  return last == std::string_view::npos ? 0 : last + 7;
}

std::string ask(int fd, const std::string& request) {
  send_all(fd, request);
  static thread_local std::vector<char> buffer(1U << 20U);
  std::string in;
  std::size_t head_size = 0;
  std::size_t size = 0;
  while ((size = answer_size(in, head_size)) == 0) {
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) stop("the server closed a connection");
    in.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (in.compare(9, 3, "200") != 0) stop(in.substr(0, 600));
  return in.substr(head_size, size - head_size);
}

std::string string_member(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":\"";
  const std::size_t at = json.find(mark);
  if (at == std::string::npos) return {};
  const std::size_t from = at + mark.size();
  return json.substr(from, json.find('"', from) - from);
}

double quantile(const std::vector<double>& sorted, double part) {
  return sorted.empty() ? 0.0 : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace penstock::bench
