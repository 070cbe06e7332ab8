#pragma once
/// The Date header. Source: RFC 9110 section 5.6.7.

#include <string_view>

#include "core/clock.h"

namespace penstock::net {

/// "Sun, 06 Nov 1994 08:49:37 GMT". Good until the same thread asks again; formatted once a second and thread.
[[nodiscard]] std::string_view http_date(Timestamp now);

}  // namespace penstock::net
