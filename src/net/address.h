#pragma once
/// "HOST:PORT" as people write it.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::net {

struct HostPort {
  std::string host;  ///< a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

/// "127.0.0.1:4566", "localhost:0", "[::1]:4566". Errors: invalid, naming what was found.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);
/// The other way; an IPv6 address gets its brackets.
[[nodiscard]] std::string to_string(const HostPort& address);

}  // namespace penstock::net
