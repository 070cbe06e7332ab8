// rooms: rules
// The first line is a substitution template, the rest a payload.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/rule_sql.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  const std::string_view payload = input.substr(std::min(text.size() + 1, input.size()));
  const auto compiled = rules::compile_template(text);
  if (!compiled.has_value()) return 0;
  (void)(*compiled)->render(
      {.topic = "a/b/c", .client_id = "c", .payload = payload, .received = from_unix_ms(1), .new_uuid = [] {
         return std::string("u");
       }});
  return 0;
}
