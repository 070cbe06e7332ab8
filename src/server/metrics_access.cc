#include "server/metrics_access.h"

#include <algorithm>
#include <array>

#include "net/http_text.h"
#include "services/iot/gatekeeper.h"
#include "sigv4/crypto.h"

namespace penstock::server {
namespace {

/// "127.0.0.1:4566", "[::1]", "localhost".
bool means_this_machine(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && services::iot::is_loopback(host.substr(1, end - 1));
  }
  const std::string name = net::lower_case(host.substr(0, host.find(':')));
  const bool numeric = std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return name == "localhost" || (numeric && services::iot::is_loopback(name));
}

bool is_local(const net::HttpRequest& request) {
  constexpr std::array kProxies = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"};
  if (!services::iot::is_loopback(request.remote_address)) return false;
  if (std::ranges::any_of(kProxies, [&](const char* name) { return request.headers.find(name) != nullptr; })) {
    return false;
  }
  const std::string* host = request.headers.find(":authority");
  if (host == nullptr) host = request.headers.find("host");
  return host != nullptr && means_this_machine(*host);
}

bool has_token(const net::HttpRequest& request, const std::string& token) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string* given = request.headers.find("authorization");
  if (token.empty() || given == nullptr || given->size() <= kScheme.size()) return false;
  if (net::lower_case(given->substr(0, kScheme.size())) != kScheme) return false;
  return sigv4::equal_in_constant_time(net::trim_blanks(std::string_view(*given).substr(kScheme.size())), token);
}

}  // namespace

MetricsVerdict judge(const MetricsAccess& access, const net::HttpRequest& request) {
  switch (access.mode) {
    case MetricsAccess::Mode::off: return MetricsVerdict::absent;
    case MetricsAccess::Mode::everyone: return MetricsVerdict::allowed;
    case MetricsAccess::Mode::loopback:
      if (is_local(request)) return MetricsVerdict::allowed;
      break;
    case MetricsAccess::Mode::token: break;
  }
  if (has_token(request, access.token)) return MetricsVerdict::allowed;
  return access.token.empty() ? MetricsVerdict::forbidden : MetricsVerdict::unauthorised;
}

}  // namespace penstock::server
