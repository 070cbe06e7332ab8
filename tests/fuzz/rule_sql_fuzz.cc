// rooms: rules
// The first line is IoT SQL, the rest a payload. Whatever compiles is evaluated; what comes out of a JSON payload must
// be JSON again. What one JSON parser takes, the other takes too.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "rules/document.h"
#include "rules/rule_sql.h"

namespace {

using namespace penstock;

void check(bool holds) {
  if (!holds) std::abort();
}

/// So few that no result can be nested deeper than a document may be.
bool is_shallow(std::string_view payload) {
  return std::ranges::count_if(payload, [](char c) { return c == '[' || c == '{'; }) <= 20;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view sql = input.substr(0, input.find('\n'));
  const std::string_view payload = input.substr(std::min(sql.size() + 1, input.size()));
  const bool is_json = rules::Document::parse(payload).has_value();
  if (codec::parse_json(payload).has_value()) check(is_json);
  const rules::EventView event{.topic = "a/b/c",
                               .client_id = "c",
                               .payload = payload,
                               .received = from_unix_ms(1'700'000'000'123),
                               .new_uuid = [] { return std::string("7d444840-9dc0-41d1-b245-5ffdce74fad2"); },
                               .principal = "p",
                               .account = "123456789012"};
  for (const std::string_view version : {"2016-03-23", "2015-10-08"}) {
    const auto statement = rules::compile(sql, version);
    if (!statement.has_value()) continue;
    check(rules::is_topic_filter((*statement)->topic_filter()));
    (void)rules::topic_matches((*statement)->topic_filter(), payload);
    const auto outcome = (*statement)->evaluate(event);
    if (!outcome.has_value() || !outcome->has_value() || (*outcome)->empty()) continue;
    if (is_json && is_shallow(payload)) check(rules::Document::parse(**outcome).has_value());
  }
  return 0;
}
