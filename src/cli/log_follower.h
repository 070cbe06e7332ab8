#pragma once
/// Follows a log group through FilterLogEvents. Threads: one at a time.
/// Order: of the events' times; events that come in late, with an earlier time than what was seen, are not seen.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cli/api_client.h"

namespace penstock::cli {

class LogFollower {
 public:
  /// `api` outlives it. A group that does not exist yet has no events yet.
  LogFollower(ApiClient& api, std::string group, Timestamp from)
      : api_(api), group_(std::move(group)), from_ms_(to_unix_ms(from)) {}

  /// Calls `on_line` for each event since the last call.
  [[nodiscard]] Called<void> poll(const std::function<void(std::string_view message)>& on_line);

 private:
  ApiClient& api_;
  std::string group_;
  std::int64_t from_ms_;
  std::string last_id_;  ///< ids are ordered as their events are
};

}  // namespace penstock::cli
