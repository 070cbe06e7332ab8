// rooms: logs
// The first line is a filter pattern, the rest a message; the whole is also read as an event frame and an index frame,
// and what is read as one is written back the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "logs/event_frame.h"
#include "logs/event_query.h"
#include "logs/filter_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::logs;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view message = input.substr(std::min(pattern.size() + 1, input.size()));
  if (const auto compiled = compile_filter(pattern)) (void)(*compiled)->matches(message);
  if (const auto frame = decode_events(input)) {
    std::vector<LogEvent> events;
    for (const EventView& event : frame->events) events.push_back({event.time, std::string(event.message)});
    if (encode_events(frame->stream, events) != input) std::abort();
  }
  if (const auto block = decode_block(input); block && encode_block(*block) != input) std::abort();
  if (const auto key = parse_key(pattern); key && to_text(*key) != pattern) std::abort();
  return 0;
}
