#pragma once
/// One execution environment: a sandboxed process, its Runtime API, its log; one invocation at a time.
///
///     starting -> initializing -> idle <-> busy -> finishing -> idle ...      any -> gone
///
/// An environment becomes idle when its runtime asks for the next invocation. After the answer it is finishing until
/// the runtime asks again. What ends it (a time-out, an exit, too much memory, retirement) makes it gone: its process
/// is killed, and its owner hears of that once the process has ended.
///
/// Threads: everything on the loop.
/// Source:  AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/random.h"
#include "core/task.h"
#include "functions/function.h"
#include "functions/invoker.h"
#include "functions/runtime/api_door.h"
#include "functions/runtime/control_groups.h"
#include "functions/runtime/invocation_log.h"
#include "functions/runtime/runtime_options.h"
#include "functions/runtime/sandbox.h"
#include "functions/runtime/spawner.h"
#include "os/child_process.h"

namespace penstock::functions::runtime {

/// One invocation that is to be run.
struct Work {
  Invocation invocation;
  Resolved resolved;
  Completion<Result<InvocationResult>> done;
};
using WorkPtr = std::unique_ptr<Work>;

/// What environments are made of; outlives them.
struct EnvironmentParts {
  net::EventLoop& loop;
  const Clock& clock;
  Random& random;
  logs::LogSink& logs;
  Spawner& spawner;
  const RuntimeOptions& options;
  const Interpreters& interpreters;
  const ControlGroups* groups;  ///< null: processes are watched instead
  const RoleCredentialSource& credentials;
  const LogPermission& may_log;
  const net::HttpHandler& api;  ///< Penstock's own API, for Network::api; may be empty
};

class Environment;

/// Why an environment never got ready: what its first invocation is told.
struct StartFailure {
  std::optional<Error> error{};  ///< it could not be started at all
  std::string document{};        ///< the function's own fault: the answer
  std::string reason{};          ///< instead of a document: "Error: ...", told with the invocation's id
  std::string error_type{};
};

class EnvironmentOwner {
 public:
  virtual ~EnvironmentOwner() = default;
  /// It waits for an invocation; assign() may be called at once.
  virtual void on_idle(Environment& environment) = 0;
  /// The invocation has its answer.
  virtual void on_done(WorkPtr work, Result<InvocationResult> result) = 0;
  /// Its state is gone; its process may still be ending.
  virtual void on_failed(Environment& environment, StartFailure failure) = 0;
  /// The process has ended; last call.
  virtual void on_gone(Environment& environment) = 0;
};

class Environment final : public std::enable_shared_from_this<Environment> {
 public:
  enum class State : std::uint8_t { starting, initializing, idle, busy, finishing, gone };

  Environment(const EnvironmentParts& parts, EnvironmentOwner& owner, FunctionVersionPtr function, Language language,
              std::uint32_t slot, bool provisioned);
  ~Environment();

  void start();
  /// Only when idle.
  void assign(WorkPtr work);
  /// Ends it; an invocation under way fails with `unavailable`.
  void retire();
  /// An invocation that this environment's failed start, or its end, leaves without an answer: logged here, answered.
  void answer_for(WorkPtr work, const StartFailure& failure);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const FunctionVersionPtr& function() const { return function_; }
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] SteadyTime since() const { return since_; }  ///< when it came into its state
  /// No invocation is begun with credentials that may expire while it runs.
  [[nodiscard]] bool is_worn(Timestamp now) const;
  [[nodiscard]] const os::Child* process() const { return child_.has_value() ? &*child_ : nullptr; }
  [[nodiscard]] std::unique_ptr<ControlGroup> take_group() { return std::move(group_); }

  /// Looks at what its control group says. From the owner's tick.
  void check_memory();
  /// What somebody else measured; ends it when that is too much.
  void note_use(std::uint64_t memory_bytes, std::uint64_t processes);

 private:
  struct Spawned;
  static Task<net::HttpResponse> handle(std::weak_ptr<Environment> weak, net::HttpRequest request);
  static net::HttpResponse refuse(const std::weak_ptr<Environment>& weak, int status, std::string_view message,
                                  const net::HttpRequest* head);
  void fail_start_later(Error error);
  void spawn_process(RoleCredentials credentials);
  void on_spawned(Spawned spawned);
  void open_doors(std::vector<os::Descriptor> listeners);
  void on_next(Completion<net::HttpResponse> answer);
  net::HttpResponse on_response(const std::string& request_id, std::string body);
  net::HttpResponse on_error(const std::string& request_id, std::string body);
  net::HttpResponse on_init_error(std::string body);
  void on_init_deadline();
  void on_deadline();
  void wait_for_exit();
  void on_exit();
  void wait_for_output();
  void drain_output();
  void out_of_memory();

  [[nodiscard]] bool is_current(const std::string& request_id) const;
  /// Answers the invocation under way, logs its end.
  void finish(InvocationResult result, Report report);
  void fail_start(StartFailure failure);
  void be(State state);
  void become_gone();
  [[nodiscard]] int used_mb() const;
  [[nodiscard]] std::chrono::microseconds running_for() const;

  const EnvironmentParts& parts_;
  EnvironmentOwner& owner_;
  FunctionVersionPtr function_;
  Language language_;
  std::uint32_t slot_;
  bool provisioned_;
  std::string log_stream_;
  InvocationLog log_;
  State state_ = State::starting;
  SteadyTime since_;
  SteadyTime born_;
  Timestamp expires_{};
  std::optional<std::chrono::microseconds> init_;  ///< until it is reported
  std::uint64_t memory_peak_bytes_ = 0;
  bool is_out_of_memory_ = false;
  bool is_spawning_ = false;

  std::unique_ptr<ControlGroup> group_;
  std::optional<os::Child> child_;
  os::Pipe pipe_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor exit_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<ApiDoor> runtime_door_;
  std::unique_ptr<ApiDoor> api_door_;
  std::optional<Completion<net::HttpResponse>> next_;
  WorkPtr work_;
};

}  // namespace penstock::functions::runtime
