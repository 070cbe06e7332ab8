#include "cli/log_follower.h"

#include <algorithm>

#include "codec/json.h"

namespace penstock::cli {

namespace json = boost::json;

Called<void> LogFollower::poll(const std::function<void(std::string_view)>& on_line) {
  json::object input{{"logGroupName", group_}, {"startTime", from_ms_}};
  while (true) {
    const auto page = api_.call_json("logs", "Logs_20140328.FilterLogEvents", input);
    if (!page.has_value() && page.error().code == "ResourceNotFoundException") return {};
    if (!page.has_value()) return std::unexpected(page.error());
    if (const json::value* events = page->if_contains("events"); events != nullptr && events->is_array()) {
      for (const json::value& event : events->get_array()) {
        const json::object& fields = event.as_object();
        std::string id(fields.at("eventId").as_string());
        if (id <= last_id_) continue;
        last_id_ = std::move(id);
        from_ms_ = std::max(from_ms_, fields.at("timestamp").as_int64());
        on_line(std::string_view(fields.at("message").as_string()));
      }
    }
    const json::value* token = page->if_contains("nextToken");
    if (token == nullptr) return {};
    input["nextToken"] = *token;
  }
}

}  // namespace penstock::cli
