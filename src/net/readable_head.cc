#include "net/readable_head.h"

#include <algorithm>

#include "net/http_head.h"
#include "net/http_text.h"

namespace penstock::net {

namespace {

/// Up to LF, which is taken too; a CR before it is left out.
std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<HttpRequest> readable_head(std::string_view head) {
  HttpRequest request;
  const std::string_view first = take_line(head);
  const std::size_t space = first.find(' ');
  if (space == std::string_view::npos || !is_token(first.substr(0, space))) return std::nullopt;
  request.method = first.substr(0, space);
  request.target = "/";
  while (!head.empty() && request.headers.all().size() < kHeadersMax) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) continue;
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (is_field_value(value)) request.headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  return request;
}

}  // namespace penstock::net
