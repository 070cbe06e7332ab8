#include "functions/runtime/local_invoker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <utility>

#include "core/mutex.h"
#include "functions/runtime/pool.h"
#include "net/event_loop.h"
#include "telemetry/log.h"

namespace penstock::functions::runtime {

namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kTickWhenWatching{250};  ///< without control groups
constexpr std::chrono::seconds kEndMax{5};
constexpr std::chrono::milliseconds kEndPoll{5};
constexpr std::size_t kCountedFunctionsMax = 10'000;

/// "" when functions can be run.
std::string describe_missing_sandbox(const RuntimeOptions& options) {
  if (!options.sandboxed || ::access(options.bubblewrap.c_str(), X_OK) == 0) return {};
  return fmt::format(
      "Functions run in a sandbox that bubblewrap makes, and {} is not there: install the package bubblewrap, or set "
      "lambda.sandbox to \"off\" if every function may do to this machine what Penstock's own user may.",
      options.bubblewrap);
}

}  // namespace

/// What many threads count of one function.
struct Counters {
  telemetry::Tally invocations;
  telemetry::Tally errors;
  telemetry::Tally throttles;
  telemetry::Tally cold_starts;
  std::atomic<std::int64_t> in_flight = 0;
  telemetry::Durations duration;
};

class LocalInvoker::Pool {
 public:
  explicit Pool(LocalInvokerParts the_parts)
      : parts(std::move(the_parts)),
        interpreters(parts.options.interpreters),
        environment_parts{.loop = loops.at(0),
                          .clock = parts.clock,
                          .random = parts.random,
                          .logs = parts.logs,
                          .spawner = spawner,
                          .options = parts.options,
                          .interpreters = interpreters,
                          .groups = nullptr,
                          .credentials = parts.credentials,
                          .may_log = parts.may_log,
                          .api = parts.api},
        ticker(loops.at(0).context()),
        ending(loops.at(0).context()) {}

  LocalInvokerParts parts;
  Interpreters interpreters;
  std::unique_ptr<ControlGroups> groups;
  net::EventLoops loops{1};
  Spawner spawner;
  EnvironmentParts environment_parts;
  std::unique_ptr<EnvironmentPool> environments;  // the loop's
  boost::asio::steady_timer ticker;               // the loop's
  boost::asio::steady_timer ending;               // the loop's
  std::string missing_sandbox;                    // set before anybody can call
  std::atomic<bool> stopping = false;
  bool closed = false;  // by whoever owns this
  std::atomic<std::uint64_t> environment_count = 0;
  std::atomic<std::uint64_t> in_flight = 0;

  /// Between the directory, which may be calling at any moment, and this: closed for good by close().
  struct Gate {
    Mutex mutex;
    Pool* pool GUARDED_BY(mutex) = nullptr;
  };
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();

  mutable Mutex mutex;
  std::map<std::string, std::unique_ptr<Counters>, std::less<>> counters GUARDED_BY(mutex);
  std::map<std::string, std::size_t> ready GUARDED_BY(mutex);

  /// Lives as long as this. Functions beyond the bound are counted under one name.
  Counters& counters_of(std::string_view function) EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    auto at = counters.find(function);
    if (at == counters.end()) {
      const std::string name = counters.size() < kCountedFunctionsMax ? std::string(function) : "(others)";
      at = counters.try_emplace(name, nullptr).first;
      if (!at->second) at->second = std::make_unique<Counters>();
    }
    return *at->second;
  }

  void note(const Work& work, const Result<InvocationResult>& result) {
    publish();
    Counters& of = counters_of(work.invocation.function);
    --of.in_flight;
    if (!result.has_value()) return;
    if (!result->function_error.empty()) of.errors.add();
    of.duration.note(result->duration);
  }

  void publish() {
    environment_count = environments->environment_count();
    in_flight = environments->in_flight();
  }

  void publish_ready() EXCLUDES(mutex) {
    std::map<std::string, std::size_t> now = environments->ready();
    const MutexLock lock(mutex);
    ready = std::move(now);
  }

  void tick_later() {
    ticker.expires_after(groups ? kTick : kTickWhenWatching);
    ticker.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      environments->tick();
      publish();
      publish_ready();
      tick_later();
    });
  }

  /// Of what is reserved for a function, its provisioned environments are kept free for their own versions, as recorded
  /// from AWS, 2025-11: with one of one provisioned for version 1, $LATEST is throttled.
  [[nodiscard]] bool has_no_room(const Work& work, std::size_t reserved) const {
    const std::string& function = work.invocation.function;
    const std::size_t running = environments->in_flight_of(function);
    if (running >= reserved || !parts.provisioned) return running >= reserved;
    const auto provisioned_of = [](const Resolved& one) {
      return static_cast<std::size_t>(std::max(0, one.provisioned_concurrency));
    };
    const std::string key = version_key(*work.resolved.version);
    if (environments->in_flight_of_version(key) < provisioned_of(work.resolved)) return false;
    std::size_t kept = 0;  // provisioned, and not in use
    for (const Resolved& one : parts.provisioned()) {
      if (one.version->name != function) continue;
      const std::size_t wanted = provisioned_of(one);
      kept += wanted - std::min(wanted, environments->in_flight_of_version(version_key(*one.version)));
    }
    return running + kept >= reserved;
  }

  /// The error that throttles, if there is one. On the loop: nobody overtakes.
  [[nodiscard]] std::optional<Error> refusal(const Work& work) const {
    const auto& reserved = work.resolved.reserved_concurrency;
    if (reserved.has_value() && has_no_room(work, static_cast<std::size_t>(std::max(0, *reserved)))) {
      return Error{ErrorKind::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded"};
    }
    if (environments->in_flight() >= parts.options.concurrency_max) {
      return Error{ErrorKind::throttled, "ConcurrentInvocationLimitExceeded"};
    }
    return std::nullopt;
  }

  void accept(WorkPtr work) {
    Counters& of = counters_of(work->invocation.function);
    if (auto refused = refusal(*work); refused.has_value()) {
      of.throttles.add();
      work->done.set(std::unexpected(std::move(*refused)));
      return;
    }
    of.invocations.add();
    ++of.in_flight;
    environments->add(std::move(work));
    publish();
  }

  /// Everything that is to be kept warm, or what of it is this function's.
  void keep_warm(const std::string* function) {
    if (!parts.provisioned || !missing_sandbox.empty()) return;
    for (Resolved& resolved : parts.provisioned()) {
      if (function == nullptr || resolved.version->name == *function) environments->keep_warm(resolved);
    }
  }

  void on_change(std::string name) {
    loops.at(0).post([this, function = std::move(name)] {
      if (stopping) return;
      keep_warm(&function);
      environments->refresh(function, [&](std::string_view version) {
        return parts.directory.resolve(function, version == kLatest ? std::string_view() : version);
      });
    });
  }
};

LocalInvoker::LocalInvoker(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}

Result<std::unique_ptr<LocalInvoker>> LocalInvoker::open(LocalInvokerParts parts) {
  PENSTOCK_TRY_VOID(prepare_runtime_folder(parts.options.folder));
  auto pool = std::make_unique<Pool>(std::move(parts));
  pool->missing_sandbox = describe_missing_sandbox(pool->parts.options);
  if (!pool->missing_sandbox.empty()) {
    telemetry::log(telemetry::Level::warn, "functions cannot be run",
                   {{"reason", std::string_view(pool->missing_sandbox)}});
  }
  std::string why;
  pool->groups = ControlGroups::find("", why);
  pool->environment_parts.groups = pool->groups.get();
  if (!pool->groups) {
    telemetry::log(telemetry::Level::info, "no control groups: functions' memory is watched, not held by the kernel",
                   {{"reason", std::string_view(why)}});
  }
  if (!pool->parts.options.sandboxed) {
    telemetry::log(telemetry::Level::warn,
                   "functions run without a sandbox: they may do whatever Penstock's own user may");
  }
  Pool& state = *pool;
  state.environments = std::make_unique<EnvironmentPool>(
      state.environment_parts,
      EnvironmentPool::Observers{
          .on_done = [&state](const Work& work, const Result<InvocationResult>& result) { state.note(work, result); },
          .on_start =
              [&state](const FunctionVersion& function) { state.counters_of(function.name).cold_starts.add(); }});
  net::EventLoops::run_on(state.loops.at(0), [&state] {
    state.tick_later();
    state.keep_warm(nullptr);
  });
  {
    const MutexLock lock(state.gate->mutex);
    state.gate->pool = &state;
  }
  state.parts.directory.watch([gate = state.gate](std::string_view name) {
    const MutexLock lock(gate->mutex);
    if (gate->pool != nullptr) gate->pool->on_change(std::string(name));
  });
  return std::unique_ptr<LocalInvoker>(new LocalInvoker(std::move(pool)));
}

LocalInvoker::~LocalInvoker() {
  close();
  // On the loop: timers that run there still ask whether the pool is there.
  net::EventLoops::run_on(pool_->loops.at(0), [this] { pool_->environments.reset(); });
}

void LocalInvoker::close() {
  Pool& pool = *pool_;
  if (std::exchange(pool.closed, true)) return;
  pool.parts.directory.watch([](std::string_view) {});
  {
    const MutexLock lock(pool.gate->mutex);
    pool.gate->pool = nullptr;
  }
  pool.stopping = true;
  net::EventLoop& loop = pool.loops.at(0);
  net::EventLoops::run_on(loop, [&pool] {
    pool.ending.cancel();
    pool.environments->retire_all();
  });
  // The processes are killed; they are given a moment to end, so that none outlives us.
  const SteadyTime until = pool.parts.clock.steady() + kEndMax;
  for (bool ended = false; !ended && pool.parts.clock.steady() < until;) {
    net::EventLoops::run_on(loop, [&] { ended = pool.environments->environment_count() == 0; });
    if (!ended) ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kEndPoll).count()));
  }
  net::EventLoops::run_on(loop, [&pool] {
    pool.ticker.cancel();
    pool.environments->tick();
  });
}

Task<Result<InvocationResult>> LocalInvoker::invoke(Invocation invocation) {
  Pool& pool = *pool_;
  if (pool.stopping) co_return fail(ErrorKind::unavailable, "the server stops");
  if (!pool.missing_sandbox.empty()) co_return fail(ErrorKind::invalid, pool.missing_sandbox);
  if (invocation.payload.size() > kPayloadBytesMax) {
    co_return fail(ErrorKind::invalid,
                   fmt::format("{} byte payload is too large for the RequestResponse invocation type "
                               "(limit {} bytes)",
                               invocation.payload.size(), kPayloadBytesMax));
  }
  PENSTOCK_CO_TRY(Resolved resolved, pool.parts.directory.resolve(invocation.function, invocation.qualifier));
  auto work = std::make_unique<Work>(Work{std::move(invocation), std::move(resolved), {}});
  const Completion<Result<InvocationResult>> done = work->done;
  pool.loops.at(0).post([&pool, moved = std::move(work)]() mutable { pool.accept(std::move(moved)); });
  co_return co_await done;
}

Result<void> LocalInvoker::check_runtime(std::string_view runtime) const {
  if (!pool_->missing_sandbox.empty()) return fail(ErrorKind::invalid, pool_->missing_sandbox);
  PENSTOCK_TRY([[maybe_unused]] const Language language, pool_->interpreters.check(runtime));
  return {};
}

void LocalInvoker::stop_after(std::chrono::milliseconds grace) {
  Pool& pool = *pool_;
  pool.stopping = true;
  pool.loops.at(0).post([&pool, grace] {
    pool.ending.expires_after(grace);
    pool.ending.async_wait([&pool](const boost::system::error_code& cancelled) {
      if (!cancelled) pool.environments->retire_all();
    });
  });
}

std::vector<FunctionTallies> LocalInvoker::tallies() const {
  const MutexLock lock(pool_->mutex);
  std::vector<FunctionTallies> out;
  for (const auto& [name, of] : pool_->counters) {
    out.push_back({.name = name,
                   .invocations = of->invocations.value(),
                   .errors = of->errors.value(),
                   .throttles = of->throttles.value(),
                   .cold_starts = of->cold_starts.value(),
                   .in_flight = static_cast<std::uint64_t>(std::max<std::int64_t>(0, of->in_flight.load())),
                   .duration = of->duration.snapshot()});
  }
  return out;
}

std::size_t LocalInvoker::ready_environments(const FunctionVersion& version) const {
  const MutexLock lock(pool_->mutex);
  const auto at = pool_->ready.find(version_key(version));
  return at == pool_->ready.end() ? 0 : at->second;
}

LocalInvoker::Use LocalInvoker::use() const {
  return {.environments = pool_->environment_count.load(), .in_flight = pool_->in_flight.load()};
}

}  // namespace penstock::functions::runtime
