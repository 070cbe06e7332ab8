#include "net/address.h"

#include <fmt/format.h>

#include <charconv>

namespace penstock::net {

Result<HostPort> parse_host_port(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not HOST:PORT, such as 127.0.0.1:4566 or [::1]:0", text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refuse();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return refuse();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse();
  }
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return refuse();
  return HostPort{std::string(host), port};
}

std::string to_string(const HostPort& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", six ? "[" : "", address.host, six ? "]" : "", address.port);
}

}  // namespace penstock::net
