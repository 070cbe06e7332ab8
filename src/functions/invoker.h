#pragma once
/// Runs a function once: picks or starts an execution environment, hands it the event, waits for the answer.
/// Source: AWS Lambda API Reference, Invoke; Developer Guide, "Lambda runtime API", "Understanding the execution
/// environment lifecycle".
///
/// Threads: any; the Task completes on the awaiting coroutine's executor.
/// Errors:  missing (no such function), throttled (concurrency; the message is Lambda's ThrottleReason), invalid
///          (payload too large),
///          conflict (not Active), unavailable (no environment could be started; the server stops). What the function
///          itself does wrong (an error, a time-out, an exit) is an answer with a function_error, not an Error.
/// Bounds:  event and answer kPayloadBytesMax each.

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::functions {

inline constexpr std::size_t kPayloadBytesMax = 6U << 20U;

struct Invocation {
  std::string function;   ///< the name, not an ARN
  std::string qualifier;  ///< "" = $LATEST
  std::string payload;    ///< JSON
  std::string request_id;
  std::string client_context{};  ///< JSON of X-Amz-Client-Context, decoded
  std::string trace_header{};    ///< X-Amzn-Trace-Id; one is made when empty
  bool wants_log_tail = false;
};

struct InvocationResult {
  std::string payload;
  std::string function_error{};  ///< "" = success; "Unhandled" as AWS spells it
  std::string log_tail{};        ///< the last 4 KiB of the log, plain
  std::string executed_version{};
  std::chrono::microseconds duration{0};
};

class Invoker {
 public:
  virtual ~Invoker() = default;
  virtual Task<Result<InvocationResult>> invoke(Invocation invocation) = 0;
};

}  // namespace penstock::functions
