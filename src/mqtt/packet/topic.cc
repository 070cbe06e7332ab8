#include "mqtt/packet/topic.h"

#include <algorithm>

namespace penstock::mqtt::packet {
namespace {

TopicFault check_size(std::string_view topic) {
  constexpr std::string_view kBasicIngest = "$aws/rules/";
  if (topic.starts_with(kBasicIngest)) {
    const std::size_t slash = topic.find('/', kBasicIngest.size());
    topic = slash == std::string_view::npos ? std::string_view{} : topic.substr(slash + 1);
  }
  if (topic.size() > kTopicBytesMax) return TopicFault::too_long;
  const auto slashes = static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
  return slashes > kTopicSlashesMax ? TopicFault::too_deep : TopicFault::none;
}

}  // namespace

std::string_view to_string(TopicFault fault) {
  switch (fault) {
    case TopicFault::none: return "no fault";
    case TopicFault::malformed: return "malformed topic";
    case TopicFault::too_long: return "topic longer than 256 bytes";
    case TopicFault::too_deep: return "topic with more than 7 forward slashes";
  }
  return "";
}

TopicFault check_topic_name(std::string_view topic) {
  if (topic.empty() || has_wildcards(topic)) return TopicFault::malformed;  // MQTT-4.7.3-1, MQTT-3.3.2-2
  return check_size(topic);
}

TopicFault check_topic_filter(std::string_view filter) {
  if (filter.empty()) return TopicFault::malformed;
  std::string_view rest = filter;
  while (true) {
    const Level level = take_level(rest);
    const bool wild = level.name.find_first_of("+#") != std::string_view::npos;
    if (wild && level.name.size() != 1) return TopicFault::malformed;    // MQTT-4.7.1-2, -3
    if (level.name == "#" && !level.last) return TopicFault::malformed;  // MQTT-4.7.1-2
    if (level.last) break;
  }
  return check_size(filter);
}

bool has_wildcards(std::string_view filter) { return filter.find_first_of("+#") != std::string_view::npos; }

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (is_reserved(topic) && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  while (true) {
    const Level wanted = take_level(filter);
    if (wanted.name == "#") return true;
    const Level found = take_level(topic);
    if (wanted.name != "+" && wanted.name != found.name) return false;
    if (wanted.last || found.last) return wanted.last && found.last;
  }
}

}  // namespace penstock::mqtt::packet
