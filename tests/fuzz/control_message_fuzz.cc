// rooms: server
// A request or reply that is understood comes out the same when it is written and read again.
#include <cstdint>

#include "server/control_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto request = server::parse_request(line)) {
    PENSTOCK_ASSERT(server::parse_request(server::render_request(*request)) == *request);
  }
  if (const auto reply = server::parse_reply(line)) {
    const std::string text = server::render_reply(*reply);
    const auto again = server::parse_reply(text);
    PENSTOCK_ASSERT(again.has_value() && server::render_reply(*again) == text);
  }
  return 0;
}
