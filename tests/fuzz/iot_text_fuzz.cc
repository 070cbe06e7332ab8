// rooms: services
// The small texts that AWS IoT's operations read: certificate names, the tagging header, page tokens, and the
// documents of the registry.

#include <string>
#include <string_view>

#include "services/iot/certificate_facts.h"
#include "services/iot/operations/topic_rules.h"
#include "services/iot/registry.h"

using namespace penstock;                 // NOLINT
using namespace penstock::services::iot;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);  // NOLINT
  for (const auto& [name, value] : name_attributes(text)) {
    if (name.size() + value.size() > text.size()) fatal("longer than what it was read from", __FILE__, __LINE__);
  }
  (void)parse_tagging(text);
  (void)decode_token(text);
  if (const auto row = decode_date_token(text); row.has_value() && !decode_date_token(date_token(*row)).has_value()) {
    fatal("a token that is not read back", __FILE__, __LINE__);
  }
  Registry registry;
  for (const std::string& at : {key::thing("t"), key::thing_type("t"), key::thing_group("g"), key::certificate("c"),
                                key::policy("p"), key::role_alias("r"), key::setting("s"), key::tags("policy/p"),
                                key::policy_target("p", "cert/c"), key::thing_principal("t", "cert/c"),
                                key::group_thing("g", "t"), topic_rule_key("r"), std::string("iot/"), text}) {
    (void)registry.apply(at, 1, &text);
    (void)registry.apply(at, 2, nullptr);
  }
  return 0;
}
