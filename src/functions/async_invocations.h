#pragma once
/// Event invocations: a durable queue in front of the Invoker, with retries, a maximum age and destinations.
/// Source: AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously".

#include <string>

#include "core/result.h"
#include "core/task.h"
#include "functions/invoker.h"

namespace penstock::functions {

/// Of an asynchronous event. Source: Lambda quotas (256 KB, since October 2025 1 MB).
inline constexpr std::size_t kAsyncPayloadBytesMax = 1U << 20U;

class AsyncInvocations {
 public:
  virtual ~AsyncInvocations() = default;
  /// Completes when the event is durable; it is run at least once from then on, also after a restart.
  /// Errors: throttled (kWaitingMax events wait for the function), invalid, unavailable.
  virtual Task<Result<void>> enqueue(Invocation invocation) = 0;
};

}  // namespace penstock::functions
