#pragma once
/// What the pollers stand on; made once by whoever wires the room. References outlive every mapping.

#include <functional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/memory_budget.h"
#include "core/random.h"
#include "core/task.h"
#include "core/timers.h"
#include "functions/destinations.h"
#include "functions/function.h"
#include "functions/invoker.h"
#include "iam/authorizer.h"
#include "stream/streams.h"

namespace penstock::consumers {

struct ConsumerParts {
  catalog::Catalog& catalog;
  stream::Streams& streams;
  const iam::Authorizer& authorizer;
  functions::FunctionDirectory& functions;
  functions::Invoker& invoker;
  functions::Destinations& destinations;
  const Clock& clock;
  Random& random;
  Timers& timers;
  std::string account;
  std::string region;
  /// The resource policy of a stream's or consumer's ARN; "" when it has none.
  std::function<std::string(std::string_view arn)> resource_policy;
  /// Where the next shard's work runs; called from any thread.
  std::function<Executor&()> next_executor;
  MemoryBudget* records = nullptr;  ///< for records that wait for their function; null: as much as they like
  /// Between two commits of one shard's checkpoint.
  std::chrono::milliseconds checkpoint_interval{100};
  /// Before what was refused (no permission, no stream) is tried again.
  std::chrono::milliseconds problem_interval{1000};
};

}  // namespace penstock::consumers
