#include "core/result.h"

#include <cstdio>
#include <cstdlib>

namespace penstock {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::missing: return "missing";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::throttled: return "throttled";
    case ErrorKind::denied: return "denied";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::outcome_unknown: return "outcome unknown";
    case ErrorKind::corrupt: return "corrupt";
  }
  return "unknown";
}

void fatal(std::string_view what, const char* file, int line) {
  std::fprintf(stderr, "penstock: bug: %.*s (%s:%d)\n", static_cast<int>(what.size()), what.data(), file, line);
  std::abort();
}

}  // namespace penstock
