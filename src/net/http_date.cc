#include "net/http_date.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace penstock::net {

std::string_view http_date(Timestamp now) {
  thread_local std::int64_t formatted_second = -1;
  thread_local std::string text;
  const std::int64_t second = to_unix_ms(now) / 1000;
  if (second != formatted_second) {
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
    formatted_second = second;
  }
  return text;
}

}  // namespace penstock::net
