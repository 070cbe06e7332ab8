// rooms: services
// What clients of function URLs send, and what functions answer them; payloads of Invoke.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "services/lambda/payload_check.h"
#include "services/lambda/url_event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::services::lambda;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Whatever the strict reader takes (at its depth) the check takes too.
  if (penstock::codec::parse_json(text).has_value() && !is_json(text)) __builtin_trap();
  if (!is_json(text) && json_problem(text).empty()) __builtin_trap();
  if (const auto answer = url_answer(text); answer.has_value()) {
    if (answer->status < 200 || answer->status > 599) __builtin_trap();
    for (const auto& [name, value] : answer->headers) {
      if (name.find_first_of("\r\n: ") != std::string::npos) __builtin_trap();
    }
  }
  const std::size_t half = size / 2;
  const UrlHeaders headers = {{"content-type", std::string(text.substr(0, half))}, {"Cookie", std::string(text)}};
  const std::string event = url_event({.method = "POST",
                                       .path = text.substr(0, half),
                                       .query = text.substr(half),
                                       .headers = headers,
                                       .body = text,
                                       .domain = "id.lambda-url.us-east-1.localhost",
                                       .source_ip = "127.0.0.1",
                                       .request_id = "id"});
  if (event.empty()) __builtin_trap();
  return 0;
}
