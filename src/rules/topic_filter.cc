#include "rules/rule_sql.h"

namespace penstock::rules {
namespace {

constexpr std::size_t kFilterBytesMax = 65'535;

/// Takes the first level off `rest`; false when there was none left.
bool take_level(std::string_view& rest, bool& ended, std::string_view& level) {
  if (ended) return false;
  const std::size_t slash = rest.find('/');
  level = rest.substr(0, slash);
  ended = slash == std::string_view::npos;
  rest.remove_prefix(ended ? rest.size() : slash + 1);
  return true;
}

}  // namespace

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  bool filter_ended = false;
  bool topic_ended = false;
  std::string_view wanted;
  std::string_view level;
  for (;;) {
    if (!take_level(filter, filter_ended, wanted)) return topic_ended;
    if (wanted == "#") return true;  // also matches the parent level
    if (!take_level(topic, topic_ended, level)) return false;
    if (wanted != "+" && wanted != level) return false;
  }
}

bool is_topic_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > kFilterBytesMax || filter.contains('\0')) return false;
  bool ended = false;
  std::string_view level;
  while (take_level(filter, ended, level)) {
    if (level == "#" && !ended) return false;
    if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace penstock::rules
