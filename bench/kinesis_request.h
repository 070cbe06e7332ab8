#pragma once
/// What the load generators have in common: signed Kinesis requests as bytes, and a blocking way to ask.
/// Credentials and region: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION. Whatever goes wrong ends the program.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::bench {

struct Endpoint {
  std::string host;  ///< an IPv4 address
  int port = 0;
};

[[noreturn]] void stop(const std::string& why);
inline constexpr std::string_view kJson = "application/x-amz-json-1.1";
inline constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

/// Of "http://127.0.0.1:4566".
[[nodiscard]] Endpoint parse_url(const std::string& url);
/// Names in lower case; a "host" header among them. Signed now.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> signed_headers(const Endpoint& to,
                                                                              std::string_view operation,
                                                                              std::string_view body,
                                                                              std::string_view content_type = kJson);
/// The whole HTTP/1.1 request, signed now.
[[nodiscard]] std::string make_request(const Endpoint& to, std::string_view operation, const std::string& body,
                                       std::string_view content_type = kJson);
[[nodiscard]] int connect_to(const Endpoint& to);
void send_all(int fd, std::string_view bytes);
/// Of one HTTP/1.1 answer at the front of `in`: its whole size, or 0 while it is incomplete.
[[nodiscard]] std::size_t answer_size(std::string_view in, std::size_t& head_size);
/// One request on one connection; the body of its answer, which must be a 200.
[[nodiscard]] std::string ask(int fd, const std::string& request);
/// The value of the first member of that name that is a string; "" when there is none.
[[nodiscard]] std::string string_member(const std::string& json, const std::string& name);
/// Of sorted values; 0 of none.
[[nodiscard]] double quantile(const std::vector<double>& sorted, double part);

}  // namespace penstock::bench
