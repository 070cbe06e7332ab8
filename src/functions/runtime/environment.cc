#include "functions/runtime/environment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "functions/runtime/runtime_api.h"
#include "telemetry/log.h"

namespace penstock::functions::runtime {

namespace {

constexpr std::size_t kOutputReadBytes = 64U << 10U;
constexpr std::size_t kOutputReadsMax = 64;  ///< before the other environments get their turn
constexpr std::uint64_t kMib = 1U << 20U;
constexpr std::string_view kPeerAddress = "169.254.100.1";  ///< as the API sees a function: not loopback, not routable
constexpr std::size_t kApiBodyBytesMax = 16U << 20U;
constexpr std::chrono::minutes kCredentialReserve{5};

/// As Lambda words it; "" for an exit without fault.
std::string describe(const os::ExitStatus& status) {
  int signal = status.by_signal ? status.code : 0;
  if (!status.by_signal && status.code > 128) signal = status.code - 128;  // bubblewrap passes signals on like a shell
  switch (signal) {
    case 0: return status.code == 0 ? std::string() : fmt::format("exit status {}", status.code);
    case SIGKILL: return "signal: killed";
    case SIGABRT: return "signal: aborted";
    case SIGSEGV: return "signal: segmentation fault";
    case SIGTERM: return "signal: terminated";
    case SIGBUS: return "signal: bus error";
    case SIGILL: return "signal: illegal instruction";
    case SIGFPE: return "signal: floating point exception";
    default: return fmt::format("signal: {}", signal);
  }
}

/// "errorType" of what a runtime posted.
std::string error_type_of(std::string_view document) {
  boost::system::error_code problem;
  const boost::json::value value = boost::json::parse(document, problem);
  if (problem || !value.is_object()) return "Unknown";
  const auto* type = value.as_object().if_contains("errorType");
  return type != nullptr && type->is_string() ? std::string(type->as_string()) : "Unknown";
}

}  // namespace

struct Environment::Spawned {
  Result<os::Child> child;
};

Environment::Environment(const EnvironmentParts& parts, EnvironmentOwner& owner, FunctionVersionPtr function,
                         Language language, std::uint32_t slot, bool provisioned)
    : parts_(parts),
      owner_(owner),
      function_(std::move(function)),
      language_(language),
      slot_(slot),
      provisioned_(provisioned),
      log_stream_(log_stream_name(parts.clock.now(), function_->version, parts.random.hex(16))),
      log_(parts.logs, parts.clock, function_->logging, log_stream_, parts.options.output_bytes_max,
           language != Language::provided,
           [this] {
             return !parts_.may_log || parts_.may_log(function_->role_arn, function_->logging.group, log_stream_);
           }),
      since_(parts.clock.steady()),
      born_(since_),
      output_(parts.loop.context()),
      exit_(parts.loop.context()),
      timer_(parts.loop.context()) {}

Environment::~Environment() = default;

void Environment::be(State state) {
  state_ = state;
  since_ = parts_.clock.steady();
}

bool Environment::is_worn(Timestamp now) const { return now + function_->timeout + kCredentialReserve >= expires_; }

// ---- Start

void Environment::start() {
  auto credentials = parts_.credentials(function_->role_arn, function_->name);
  if (!credentials.has_value()) return fail_start_later(std::move(credentials).error());
  expires_ = credentials->expires;
  auto pipe = os::make_pipe();
  if (!pipe.has_value()) return fail_start_later(std::move(pipe).error());
  pipe_ = std::move(*pipe);
  if (parts_.groups != nullptr) {
    // A private /tmp lies in memory too: check_memory tells the two apart.
    group_ = parts_.groups->make(
        fmt::format("environment-{}-{}", slot_, parts_.random.hex(4)),
        {.memory_bytes = static_cast<std::uint64_t>(function_->memory_mb + function_->ephemeral_mb) * kMib,
         .processes = parts_.options.processes_max});
  }
  spawn_process(std::move(*credentials));
}

/// Not at once: the owner is in the middle of starting it.
void Environment::fail_start_later(Error error) {
  parts_.loop.post([self = shared_from_this(), failure = std::move(error)]() mutable {
    self->fail_start({.error = std::move(failure)});
  });
}

void Environment::spawn_process(RoleCredentials credentials) {
  is_spawning_ = true;
  struct Job {
    std::shared_ptr<Environment> self;
    RoleCredentials credentials;
  };
  parts_.spawner.post([job = Job{shared_from_this(), std::move(credentials)}]() mutable {
    Environment& self = *job.self;
    const EnvironmentParts& parts = self.parts_;
    os::LoopbackListener shared;
    Result<os::Child> child = [&]() -> Result<os::Child> {
      const bool shares_network = !parts.options.sandboxed || parts.options.network == Network::host;
      if (shares_network) {
        PENSTOCK_TRY(shared, os::listen_on_loopback());
      }
      PENSTOCK_TRY(const os::ChildSpec spec,
                   sandbox_child({.options = parts.options,
                                  .interpreters = parts.interpreters,
                                  .function = *self.function_,
                                  .language = self.language_,
                                  .credentials = job.credentials,
                                  .log_stream = self.log_stream_,
                                  .runtime_port = shares_network ? shared.port : kRuntimeApiPort,
                                  .provisioned = self.provisioned_,
                                  .slot = self.slot_,
                                  .control_groups = self.group_ ? self.group_->folders() : std::vector<std::string>{},
                                  .output = self.pipe_.in.get()}));
      PENSTOCK_TRY(os::Child started, os::start_child(spec));
      if (shares_network) started.listeners.push_back(std::move(shared.socket));
      return started;
    }();
    net::EventLoop& loop = parts.loop;
    loop.post([spawned = Spawned{std::move(child)}, environment = std::move(job.self)]() mutable {
      environment->on_spawned(std::move(spawned));
    });
  });
}

void Environment::on_spawned(Spawned spawned) {
  pipe_.in.reset();
  is_spawning_ = false;
  if (!spawned.child.has_value()) {
    Error& error = spawned.child.error();
    if (state_ == State::gone) return owner_.on_gone(*this);
    if (error.kind == ErrorKind::invalid) {
      return fail_start({.reason = "Error: " + error.message, .error_type = "Runtime.InvalidEntrypoint"});
    }
    return fail_start({.error = std::move(error)});
  }
  child_ = std::move(*spawned.child);
  exit_.assign(::dup(child_->process.get()));
  wait_for_exit();
  if (state_ == State::gone) {
    os::kill_child(*child_);
    return;
  }
  output_.assign(pipe_.out.release());
  wait_for_output();
  open_doors(std::exchange(child_->listeners, {}));
  be(State::initializing);
  timer_.expires_after(parts_.options.init_max);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->on_init_deadline();
  });
}

void Environment::open_doors(std::vector<os::Descriptor> listeners) {
  const std::weak_ptr<Environment> weak = weak_from_this();
  const auto refuse_api = [](int status, std::string_view message, const net::HttpRequest*) {
    return error_answer(status, "BadRequest", message);
  };
  if (!listeners.empty()) {
    runtime_door_ = std::make_unique<ApiDoor>(
        parts_.loop, parts_.clock, std::move(listeners[0]),
        ApiDoor::Options{
            .body_bytes_max = kAnswerBytesMax, .bodies_bytes_max = 4 * kAnswerBytesMax, .peer_address = ""},
        [weak](net::HttpRequest request) { return handle(weak, std::move(request)); },
        [weak](int status, std::string_view message, const net::HttpRequest* head) {
          return refuse(weak, status, message, head);
        });
  }
  if (listeners.size() > 1 && parts_.api) {
    api_door_ = std::make_unique<ApiDoor>(parts_.loop, parts_.clock, std::move(listeners[1]),
                                          ApiDoor::Options{.body_bytes_max = kApiBodyBytesMax,
                                                           .bodies_bytes_max = 4 * kApiBodyBytesMax,
                                                           .peer_address = std::string(kPeerAddress)},
                                          parts_.api, refuse_api);
  }
}

// ---- Runtime API

Task<net::HttpResponse> Environment::handle(std::weak_ptr<Environment> weak, net::HttpRequest request) {
  std::shared_ptr<Environment> self = weak.lock();
  if (!self || self->state_ == State::gone) co_return error_answer(410, "Gone", "The environment has ended.");
  RuntimeCall call = read_runtime_call(request.method, request.path());
  switch (call.kind) {
    case RuntimeCall::Kind::next: {
      const Completion<net::HttpResponse> answer;
      self->on_next(answer);
      self.reset();
      co_return co_await answer;
    }
    case RuntimeCall::Kind::response: co_return self->on_response(call.request_id, std::move(request.body));
    case RuntimeCall::Kind::error: co_return self->on_error(call.request_id, std::move(request.body));
    case RuntimeCall::Kind::init_error: co_return self->on_init_error(std::move(request.body));
    case RuntimeCall::Kind::wrong_method: co_return error_answer(405, "MethodNotAllowed", "Method not allowed.");
    case RuntimeCall::Kind::unknown: break;
  }
  co_return error_answer(404, "NotFound", "Penstock's Runtime API has no such path.");
}

net::HttpResponse Environment::refuse(const std::weak_ptr<Environment>& weak, int status, std::string_view message,
                                      const net::HttpRequest* head) {
  const auto self = weak.lock();
  if (status != 413 || head == nullptr || !self) return error_answer(status, "BadRequest", message);
  const RuntimeCall call = read_runtime_call(head->method, head->path());
  if (call.kind == RuntimeCall::Kind::response && self->is_current(call.request_id)) {
    self->finish({.payload = too_large_document(), .function_error = "Unhandled"},
                 {.status = "error", .error_type = "Function.ResponseSizeTooLarge"});
  }
  return error_answer(413, "RequestEntityTooLarge",
                      fmt::format("Exceeded maximum allowed payload size ({} bytes).", kAnswerBytesMax));
}

void Environment::on_next(Completion<net::HttpResponse> answer) {
  if (state_ == State::busy || state_ == State::gone) {
    answer.set(error_answer(403, "InvalidStateTransition",
                            "State transition from Running to Ready failed for runtime. Error: State transition is not "
                            "allowed"));
    return;
  }
  // A runtime that lost its connection asks again; the earlier question has nobody to answer any more.
  if (next_.has_value()) next_->set(error_answer(410, "Gone", "Another request for the next invocation came."));
  next_ = std::move(answer);
  if (state_ == State::initializing) {
    timer_.cancel();
    init_ = std::chrono::duration_cast<std::chrono::microseconds>(parts_.clock.steady() - born_);
    drain_output();
    log_.flush();
  }
  be(State::idle);
  owner_.on_idle(*this);
}

bool Environment::is_current(const std::string& request_id) const {
  return state_ == State::busy && work_ && work_->invocation.request_id == request_id;
}

net::HttpResponse Environment::on_response(const std::string& request_id, std::string body) {
  if (!is_current(request_id)) return error_answer(400, "InvalidRequestID", "Invalid request ID");
  finish({.payload = std::move(body)}, {});
  return accepted_answer();
}

net::HttpResponse Environment::on_error(const std::string& request_id, std::string body) {
  if (!is_current(request_id)) return error_answer(400, "InvalidRequestID", "Invalid request ID");
  finish({.payload = std::move(body), .function_error = "Unhandled"}, {});
  return accepted_answer();
}

net::HttpResponse Environment::on_init_error(std::string body) {
  if (state_ != State::initializing) {
    return error_answer(403, "InvalidStateTransition", "The runtime has been initialized before.");
  }
  drain_output();
  std::string type = error_type_of(body);
  log_.init_report({.duration = running_for(), .status = "error", .error_type = type});
  // The runtime gets its answer before its process ends.
  parts_.loop.post([self = shared_from_this(), document = std::move(body), type = std::move(type)]() mutable {
    self->fail_start({.document = std::move(document), .error_type = std::move(type)});
  });
  return accepted_answer();
}

// ---- Invocations

void Environment::assign(WorkPtr work) {
  PENSTOCK_ASSERT(state_ == State::idle && next_.has_value());
  work_ = std::move(work);
  Invocation& invocation = work_->invocation;
  be(State::busy);
  memory_peak_bytes_ = 0;
  drain_output();
  log_.start(invocation.request_id, function_->version);
  const std::string trace = invocation.trace_header.empty()
                                ? make_trace_header(parts_.clock.now(), parts_.random.hex(12), parts_.random.hex(8))
                                : invocation.trace_header;
  const Completion<net::HttpResponse> next = std::move(*std::exchange(next_, std::nullopt));
  next.set(next_answer(invocation, work_->resolved.invoked_arn, trace, parts_.clock.now() + function_->timeout));
  timer_.expires_after(function_->timeout);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->on_deadline();
  });
}

std::chrono::microseconds Environment::running_for() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(parts_.clock.steady() - since_);
}

int Environment::used_mb() const {
  const auto mb = static_cast<int>((memory_peak_bytes_ + kMib - 1) / kMib);
  return is_out_of_memory_ ? function_->memory_mb : std::min(mb, function_->memory_mb);
}

void Environment::finish(InvocationResult result, Report report) {
  timer_.cancel();
  check_memory();
  if (!work_) return;  // it had too much, and has its answer
  drain_output();
  const std::string& request_id = work_->invocation.request_id;
  report.duration = running_for();
  report.memory_mb = function_->memory_mb;
  report.used_mb = used_mb();
  report.init = std::exchange(init_, std::nullopt);
  result.duration = report.duration;
  log_.end(request_id, report);
  if (work_->invocation.wants_log_tail) result.log_tail = log_.take_tail();
  result.executed_version = function_->version;
  be(State::finishing);
  owner_.on_done(std::exchange(work_, nullptr), std::move(result));
}

void Environment::answer_for(WorkPtr work, const StartFailure& failure) {
  if (failure.error.has_value()) return owner_.on_done(std::move(work), std::unexpected(*failure.error));
  const std::string& request_id = work->invocation.request_id;
  log_.start(request_id, function_->version);
  log_.end(request_id, {.duration = running_for(),
                        .memory_mb = function_->memory_mb,
                        .used_mb = used_mb(),
                        .init = std::nullopt,
                        .status = failure.error_type == "Sandbox.Timedout" ? "timeout" : "error",
                        .error_type = failure.error_type});
  InvocationResult result;
  result.payload = failure.reason.empty() ? failure.document
                                          : error_document(failure.error_type,
                                                           fmt::format("RequestId: {} {}", request_id, failure.reason));
  if (result.payload.empty()) result.payload = exit_document(request_id, {});
  result.function_error = "Unhandled";
  result.executed_version = function_->version;
  result.duration = running_for();
  if (work->invocation.wants_log_tail) result.log_tail = log_.take_tail();
  owner_.on_done(std::move(work), std::move(result));
}

// ---- Ends

void Environment::fail_start(StartFailure failure) {
  if (state_ == State::gone) return;
  log_.flush();
  const auto self = shared_from_this();
  become_gone();
  owner_.on_failed(*this, std::move(failure));
  if (!child_.has_value() && !is_spawning_) owner_.on_gone(*this);
}

void Environment::on_init_deadline() {
  if (state_ != State::initializing) return;
  log_.init_report({.duration = running_for(), .status = "timeout"});
  log_.flush();
  timer_.expires_after(function_->timeout);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->state_ != State::initializing) return;
    self->drain_output();
    self->fail_start({.document = "", .error_type = "Sandbox.Timedout"});
  });
}

void Environment::on_deadline() {
  if (state_ != State::busy) return;
  const auto self = shared_from_this();
  const std::string request_id = work_->invocation.request_id;
  drain_output();
  log_.line(fmt::format("{:%Y-%m-%dT%H:%M:%S}Z {} Task timed out after {}.00 seconds", parts_.clock.now(), request_id,
                        function_->timeout.count()));
  finish({.payload = timed_out_document(request_id, function_->timeout), .function_error = "Unhandled"},
         {.status = "timeout"});
  become_gone();
}

void Environment::out_of_memory() {
  if (is_out_of_memory_ || state_ == State::gone) return;
  is_out_of_memory_ = true;
  const auto self = shared_from_this();
  if (state_ == State::busy) {
    const std::string request_id = work_->invocation.request_id;
    drain_output();
    log_.line(fmt::format("RequestId: {} Error: Runtime exited with error: signal: killed", request_id));
    finish({.payload = error_document(
                "Runtime.OutOfMemory",
                fmt::format("RequestId: {} Error: Runtime exited with error: signal: killed", request_id)),
            .function_error = "Unhandled"},
           {.status = "error", .error_type = "Runtime.OutOfMemory"});
    become_gone();
  } else if (state_ == State::starting || state_ == State::initializing) {
    fail_start({.reason = "Error: Runtime exited with error: signal: killed", .error_type = "Runtime.OutOfMemory"});
  } else {
    become_gone();
  }
}

void Environment::check_memory() {
  if (!group_ || state_ == State::gone || is_out_of_memory_) return;
  const std::uint64_t used = group_->memory_bytes().value_or(0);
  memory_peak_bytes_ = std::max(memory_peak_bytes_, used);
  if (used > static_cast<std::uint64_t>(function_->memory_mb) * kMib || group_->was_out_of_memory()) out_of_memory();
}

void Environment::note_use(std::uint64_t memory_bytes, std::uint64_t processes) {
  if (state_ == State::gone) return;
  memory_peak_bytes_ = std::max(memory_peak_bytes_, memory_bytes);
  if (memory_bytes > static_cast<std::uint64_t>(function_->memory_mb) * kMib) return out_of_memory();
  if (processes > parts_.options.processes_max) {
    log_.line(fmt::format("[Penstock] {} processes and threads: an environment may have {}", processes,
                          parts_.options.processes_max));
    if (child_.has_value()) os::kill_child(*child_);
  }
}

void Environment::retire() {
  if (state_ == State::gone) return;
  const auto self = shared_from_this();
  if (state_ == State::starting || state_ == State::initializing) {
    return fail_start({.error = Error{ErrorKind::unavailable, "the server stops"}});
  }
  if (work_) owner_.on_done(std::exchange(work_, nullptr), fail(ErrorKind::unavailable, "the server stops"));
  become_gone();
}

void Environment::become_gone() {
  be(State::gone);
  timer_.cancel();
  log_.flush();
  if (next_.has_value())
    std::exchange(next_, std::nullopt)->set(error_answer(410, "Gone", "The environment has ended."));
  // Connections are closed from the loop: one of them may be what brought us here.
  parts_.loop.post([self = shared_from_this()] {
    self->runtime_door_.reset();
    self->api_door_.reset();
  });
  if (child_.has_value()) os::kill_child(*child_);
  // In a sandbox its first process takes all others along; without one they may have left its process group.
  if (!parts_.options.sandboxed && group_) group_->kill_all();
}

void Environment::wait_for_exit() {
  exit_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](const boost::system::error_code& problem) {
                     if (!problem) self->on_exit();
                   });
}

void Environment::on_exit() {
  const auto status = os::reap(*child_);
  if (!status.has_value()) return wait_for_exit();
  boost::system::error_code ignored;
  exit_.close(ignored);
  if (state_ != State::gone) {
    check_memory();
    drain_output();
  }
  const std::string how = describe(*status);
  if (state_ == State::busy) {
    const std::string request_id = work_->invocation.request_id;
    std::string document = exit_document(request_id, how);
    log_.line(fmt::format("RequestId: {} Error: Runtime exited {}{}\nRuntime.ExitError", request_id,
                          how.empty() ? "without providing a reason" : "with error: ", how));
    finish({.payload = std::move(document), .function_error = "Unhandled"},
           {.status = "error", .error_type = "Runtime.ExitError"});
  } else if (state_ == State::starting || state_ == State::initializing) {
    log_.init_report({.duration = running_for(), .status = "error", .error_type = "Runtime.ExitError"});
    const std::string text =
        how.empty() ? "Error: Runtime exited without providing a reason" : "Error: Runtime exited with error: " + how;
    fail_start({.reason = text, .error_type = "Runtime.ExitError"});
  }
  if (state_ != State::gone) become_gone();
  output_.close(ignored);
  owner_.on_gone(*this);
}

// ---- Output

void Environment::wait_for_output() {
  output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& problem) {
                       const auto self = weak.lock();
                       if (problem || !self || !self->output_.is_open()) return;
                       self->drain_output();
                       self->log_.flush();
                       if (self->output_.is_open()) self->wait_for_output();
                     });
}

void Environment::drain_output() {
  std::array<char, kOutputReadBytes> buffer;
  for (std::size_t i = 0; i < kOutputReadsMax && output_.is_open(); ++i) {
    const ssize_t got = ::read(output_.native_handle(), buffer.data(), buffer.size());
    if (got > 0) {
      log_.write({buffer.data(), static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // Everybody has closed it: nothing more can come.
    boost::system::error_code ignored;
    output_.close(ignored);
    return;
  }
}

}  // namespace penstock::functions::runtime
