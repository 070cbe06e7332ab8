#pragma once
/// What Lambda's handlers may use beside the House; wired once by `server`. References outlive every call.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "functions/async_invocations.h"
#include "functions/destinations.h"
#include "functions/invoker.h"

namespace penstock::functions {
class FunctionStore;
}
namespace penstock::consumers {
class EventSourceMappings;
}

namespace penstock::services::lambda {

struct LambdaHouse {
  functions::FunctionStore& functions;
  functions::Invoker& invoker;
  functions::AsyncInvocations& async;
  functions::Destinations& destinations;
  /// Whether this machine can run it ("python3.11"); the error says what is missing. Null: not asked.
  std::function<Result<void>(std::string_view runtime)> check_runtime{};
  std::string buckets_folder{};               ///< <data>/buckets: a folder for each S3 bucket
  int concurrent_executions = 1000;           ///< of the account: all functions together
  std::int64_t code_bytes_max = 75LL << 30U;  ///< of all zips that functions, versions and layers refer to
  /// Environments that provisioned concurrency keeps warm of NAME:QUALIFIER (a version or an alias), and that are
  /// ready. Null: none.
  std::function<int(std::string_view name, std::string_view qualifier)> warm_environments{};
  /// Where the zip with that SHA-256 can be had for 10 minutes by whoever has the link. Null: nowhere.
  std::function<std::string(std::string_view sha256_hex)> code_link{};
  /// Where a function URL with that id (one label of a host name) is served. Null: they are not.
  std::function<std::string(std::string_view url_id)> function_url{};
  consumers::EventSourceMappings* mappings = nullptr;  ///< null until they are built
};

}  // namespace penstock::services::lambda
