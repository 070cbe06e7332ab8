#pragma once
/// Who may read /metrics: it names streams, consumers and rates, so by default only who is on this machine, and beyond
/// it only who has the token. Pure.

#include <cstdint>
#include <string>

#include "net/http.h"

namespace penstock::server {

struct MetricsAccess {
  enum class Mode : std::uint8_t { loopback, token, everyone, off };
  Mode mode = Mode::loopback;
  std::string token{};  ///< who sends it may read, wherever they are; "": there is none
};

enum class MetricsVerdict : std::uint8_t {
  allowed,
  unauthorised,  ///< a token would do
  forbidden,
  absent,
};

/// Without a token, "this machine" must show in three things: the address, no sign of a proxy that came in between, and
/// a Host that means this machine (a page in a browser here, whose name was rebound to 127.0.0.1, has another).
[[nodiscard]] MetricsVerdict judge(const MetricsAccess& access, const net::HttpRequest& request);

}  // namespace penstock::server
