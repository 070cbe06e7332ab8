#pragma once
/// Makes the invoker of functions from the settings and the rooms that it needs.

#include <memory>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "functions/function_store.h"
#include "functions/runtime/local_invoker.h"
#include "iam/identity_store.h"
#include "logs/log_sink.h"
#include "net/http.h"
#include "server/settings.h"

namespace penstock::server {

/// All that is referred to outlives the invoker.
struct FunctionRuntimeParts {
  functions::FunctionStore& functions;
  logs::LogSink& logs;
  const iam::IdentityStore& identities;
  functions::runtime::LogPermission may_log;
  const Clock& clock;
  Random& random;
  const Settings& settings;
  std::string folder;  ///< absolute
  std::string region;
  net::HttpHandler api;  ///< Penstock's own, for functions; not called before the first invocation
};

/// Errors: unavailable (the folder cannot be written).
[[nodiscard]] Result<std::unique_ptr<functions::runtime::LocalInvoker>> open_invoker(FunctionRuntimeParts parts);

}  // namespace penstock::server
