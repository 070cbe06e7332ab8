// rooms: functions
// What a function's runtime sends to the Runtime API, and what the kernel's files say of processes and groups.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "functions/runtime/control_groups.h"
#include "functions/runtime/process_watch.h"
#include "functions/runtime/runtime_api.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace runtime = penstock::functions::runtime;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view method = text.substr(0, text.find(' '));
  const std::string_view rest = text.substr(method.size());
  const runtime::RuntimeCall call = runtime::read_runtime_call(method, rest.substr(0, rest.find('\n')));
  if (call.request_id.size() > 128) __builtin_trap();
  static_cast<void>(runtime::parse_stat(text));
  static_cast<void>(runtime::find_group_path(text, "memory"));
  static_cast<void>(runtime::find_group_path(text, ""));
  static_cast<void>(runtime::find_number(text, "oom_kill"));
  return 0;
}
