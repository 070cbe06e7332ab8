#pragma once
/// What can be read of a request head that was refused, so that the refusal can be given in the client's own form. Such
/// a request is never handled. Pure.
/// Guarantee: nothing that parse_request_head would refuse is in it: lines with bad names or values are left out.
/// Bounds:    head.size(), which the server bounds; kHeadersMax headers.

#include <optional>
#include <string_view>

#include "net/http.h"

namespace penstock::net {

/// nullopt when not even the first line looks like a request's.
[[nodiscard]] std::optional<HttpRequest> readable_head(std::string_view head);

}  // namespace penstock::net
