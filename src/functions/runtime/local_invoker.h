#pragma once
/// The Invoker of this machine: keeps environments warm, starts more when they are all busy, and bounds them.
///
/// An invocation takes an idle environment of its version, or waits for one that is being started (or that gets free
/// before). Environments of an older revision get no more invocations. The function's reserved concurrency and
/// concurrency_max throttle at once, as Lambda does; nothing queues beyond them.
///
/// Threads: invoke from any; environments live on a loop of their own.
/// Source:  AWS Lambda Developer Guide, "Understanding Lambda function scaling".

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "functions/function.h"
#include "functions/invoker.h"
#include "functions/runtime/interpreters.h"
#include "functions/runtime/runtime_options.h"
#include "logs/log_sink.h"
#include "net/http.h"
#include "telemetry/tally.h"

namespace penstock::functions::runtime {

/// What happened to a function's invocations since the start.
struct FunctionTallies {
  std::string name;
  std::uint64_t invocations = 0;
  std::uint64_t errors = 0;
  std::uint64_t throttles = 0;
  std::uint64_t cold_starts = 0;
  std::uint64_t in_flight = 0;
  telemetry::Durations::Snapshot duration;
};

struct LocalInvokerParts {
  FunctionDirectory& directory;
  logs::LogSink& logs;
  const Clock& clock;
  Random& random;
  RuntimeOptions options;
  RoleCredentialSource credentials;
  LogPermission may_log{};
  /// Versions whose environments are kept warm: asked at the start and after changes. May be empty. Threads: any.
  std::function<std::vector<Resolved>()> provisioned{};
  /// Penstock's own API as functions reach it (Network::api). Called on the environments' loop. May be empty.
  net::HttpHandler api{};
};

class LocalInvoker final : public Invoker {
 public:
  /// Without bubblewrap, unless the options do without it, no function is run: check_runtime and invoke say so.
  /// Errors: unavailable (the runtime's folder cannot be written).
  [[nodiscard]] static Result<std::unique_ptr<LocalInvoker>> open(LocalInvokerParts parts);
  ~LocalInvoker() override;
  /// Ends every environment, and answers what is under way with `unavailable`. Done by the destructor if not before.
  void close();

  Task<Result<InvocationResult>> invoke(Invocation invocation) override;

  /// Whether functions of this runtime can be run here: asked when one is created. Errors: invalid, saying why not.
  [[nodiscard]] Result<void> check_runtime(std::string_view runtime) const;
  /// No invocation begins from now on; those under way have `grace` left. Returns at once.
  void stop_after(std::chrono::milliseconds grace);
  /// Sorted by name. Bounded by the functions there are.
  [[nodiscard]] std::vector<FunctionTallies> tallies() const;
  /// Environments that live, and those that are running an invocation.
  struct Use {
    std::uint64_t environments = 0;
    std::uint64_t in_flight = 0;
  };
  [[nodiscard]] Use use() const;
  /// Environments of a version that wait for an invocation or run one, as it was a tick (100 ms) ago or later.
  [[nodiscard]] std::size_t ready_environments(const FunctionVersion& version) const;

 private:
  class Pool;
  explicit LocalInvoker(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

}  // namespace penstock::functions::runtime
