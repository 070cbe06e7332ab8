#pragma once
/// Topic names and filters: what is well formed (specification 4.7), what AWS IoT allows, and what matches. Pure.

#include <cstddef>
#include <string_view>

namespace penstock::mqtt::packet {

/// AWS General Reference, "AWS IoT Core endpoints and quotas": a topic has at most 256 bytes and 7 forward slashes; the
/// first three levels of Basic Ingest topics ($aws/rules/<rule>/) do not count.
inline constexpr std::size_t kTopicBytesMax = 256;
inline constexpr std::size_t kTopicSlashesMax = 7;

enum class TopicFault : unsigned char { none, malformed, too_long, too_deep };
[[nodiscard]] std::string_view to_string(TopicFault fault);

/// `topic` must be valid UTF-8 already.
[[nodiscard]] TopicFault check_topic_name(std::string_view topic);
[[nodiscard]] TopicFault check_topic_filter(std::string_view filter);

/// Topics that begin with '$' belong to the server.
[[nodiscard]] inline bool is_reserved(std::string_view topic) { return topic.starts_with('$'); }
/// Messages for a rule alone; no subscriber sees them (IoT Developer Guide, "Reducing messaging costs with Basic
/// Ingest").
[[nodiscard]] inline bool is_basic_ingest(std::string_view topic) { return topic.starts_with("$aws/rules/"); }

[[nodiscard]] bool has_wildcards(std::string_view filter);

/// AWS IoT's rules: '+' is one level; '#' is everything below, but not the parent itself ("sensor/#" does not match
/// "sensor": IoT Developer Guide, "AWS IoT differences from MQTT"); a filter that begins with a wildcard does not match
/// a topic that begins with '$' (MQTT-4.7.2-1).
[[nodiscard]] bool topic_matches(std::string_view filter, std::string_view topic);

/// Takes the first level off `rest` ("a/b" -> "a", rest "b"); `last` tells that it was the last.
struct Level {
  std::string_view name;
  bool last;
};
[[nodiscard]] inline Level take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {rest, true};
  const Level level{rest.substr(0, slash), false};
  rest.remove_prefix(slash + 1);
  return level;
}

}  // namespace penstock::mqtt::packet
