#include "net/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "net/negotiation.h"
#include "net/tcp_stream.h"
#include "net/tls.h"
#include "telemetry/log.h"

namespace penstock::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 21\r\nConnection: close\r\n\r\n"
    "too many connections\n";
constexpr std::chrono::milliseconds kAcceptRetry{50};
constexpr std::chrono::seconds kHandlersMax{5};

/// The connections of one loop. Threads: its loop.
struct LoopSide {
  explicit LoopSide(EventLoop& event_loop) : loop(event_loop), sweep(event_loop.context()) {}
  EventLoop& loop;
  asio::steady_timer sweep;
  bool sweeping = false;
  std::unordered_set<Connection*> connections;
};

std::chrono::milliseconds sweep_interval(const HttpLimits& limits) {
  const auto shortest = std::min({limits.idle_max, limits.head_max, limits.body_stall_max, limits.write_stall_max}) / 4;
  return std::clamp(shortest, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

Result<tcp::endpoint> resolve(EventLoop& loop, const HostPort& address) {
  error_code problem;
  tcp::resolver resolver(loop.context());
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, problem);
  if (problem || found.empty()) {
    return fail(ErrorKind::unavailable, fmt::format("cannot resolve {}: {}", address.host, problem.message()));
  }
  return found.begin()->endpoint();
}

Result<HostPort> open_acceptor(EventLoop& loop, tcp::acceptor& acceptor, const HostPort& address) {
  PENSTOCK_TRY(const tcp::endpoint where, resolve(loop, address));
  error_code problem;
  acceptor.open(where.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(where, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (!problem) acceptor.non_blocking(true, problem);
  const tcp::endpoint bound = problem ? tcp::endpoint{} : acceptor.local_endpoint(problem);
  if (problem) {
    return fail(ErrorKind::unavailable, fmt::format("cannot listen on {}: {}", to_string(address), problem.message()));
  }
  return HostPort{bound.address().to_string(), bound.port()};
}

}  // namespace

struct HttpServer::State {
  State(EventLoops& event_loops, const Clock& the_clock, HttpServerOptions the_options, HttpHandler the_handler,
        RefusalRenderer the_refusal)
      : loops(event_loops),
        clock(the_clock),
        options(std::move(the_options)),
        handler(std::move(the_handler)),
        refusal(std::move(the_refusal)),
        bodies(options.limits.bodies_bytes_max),
        acceptor(loops.at(0).context()),
        accept_retry(loops.at(0).context()) {
    for (std::size_t i = 0; i < loops.size(); ++i) sides.push_back(std::make_unique<LoopSide>(loops.at(i)));
  }

  EventLoops& loops;
  const Clock& clock;
  HttpServerOptions options;
  HttpHandler handler;
  RefusalRenderer refusal;
  BodyBudget bodies;
  TlsContext tls;  // set before listen returns, then constant; null: no TLS
  HostPort bound;  // set before listen returns, then constant
  std::vector<std::unique_ptr<LoopSide>> sides;

  std::atomic<bool> stopping = false;

  // The first loop's alone.
  tcp::acceptor acceptor;
  asio::steady_timer accept_retry;
  std::size_t next_side = 0;

  Mutex mutex;
  CondVar closed;
  std::size_t open GUARDED_BY(mutex) = 0;

  static void accept_next(const std::shared_ptr<State>& self);
  static void on_accept(const std::shared_ptr<State>& self, LoopSide& side, tcp::socket socket);
  static void start(const std::shared_ptr<State>& self, LoopSide& side, tcp::socket socket);
  static void sweep_later(const std::shared_ptr<State>& self, LoopSide& side);
  bool count_in() EXCLUDES(mutex);
  std::size_t connections() EXCLUDES(mutex);
  void count_out() EXCLUDES(mutex);
  bool wait_until_closed(std::chrono::milliseconds time) EXCLUDES(mutex);
};

bool HttpServer::State::count_in() {
  const MutexLock lock(mutex);
  if (open >= options.limits.connections_max) return false;
  ++open;
  return true;
}

void HttpServer::State::count_out() {
  const MutexLock lock(mutex);
  --open;
  closed.notify_all();
}

std::size_t HttpServer::State::connections() {
  const MutexLock lock(mutex);
  return open;
}

bool HttpServer::State::wait_until_closed(std::chrono::milliseconds time) {
  const SteadyTime until = clock.steady() + time;
  const MutexLock lock(mutex);
  while (open > 0) {
    const SteadyTime now = clock.steady();
    if (now >= until) return false;
    closed.wait_for(mutex, until - now);
  }
  return true;
}

void HttpServer::State::accept_next(const std::shared_ptr<State>& self) {
  LoopSide& side = *self->sides[self->next_side];
  self->next_side = (self->next_side + 1) % self->sides.size();
  self->acceptor.async_accept(side.loop.context(), [self, &side](const error_code& problem, tcp::socket socket) {
    if (self->stopping || problem == asio::error::operation_aborted) return;
    if (!problem) {
      on_accept(self, side, std::move(socket));
      accept_next(self);
      return;
    }
    // Out of file descriptors or memory, or the peer is gone already: the listener itself is fine.
    telemetry::log(telemetry::Level::warn, "accept failed", {{"reason", std::string_view(problem.message())}});
    self->accept_retry.expires_after(kAcceptRetry);
    self->accept_retry.async_wait([self](const error_code& cancelled) {
      if (!cancelled && !self->stopping) accept_next(self);
    });
  });
}

void HttpServer::State::on_accept(const std::shared_ptr<State>& self, LoopSide& side, tcp::socket socket) {
  if (!self->count_in()) {
    error_code ignored;
    socket.native_non_blocking(true, ignored);
    socket.send(asio::buffer(kFull), 0, ignored);
    return;
  }
  side.loop.post([self, &side, socket = std::move(socket)]() mutable { start(self, side, std::move(socket)); });
}

void HttpServer::State::start(const std::shared_ptr<State>& self, LoopSide& side, tcp::socket socket) {
  error_code problem;
  const tcp::endpoint peer = socket.remote_endpoint(problem);
  if (problem || self->stopping) {
    self->count_out();
    return;
  }
  auto connection = std::make_shared<NegotiatedConnection>(
      ConnectionHost{self->clock, self->options.limits, self->handler, self->refusal, self->bodies,
                     self->options.answers, self->stopping},
      make_tcp_stream(std::move(socket)), Peer{.address = peer.address().to_string()}, self->tls.get());
  side.connections.insert(connection.get());
  if (!side.sweeping) sweep_later(self, side);
  spawn_here(side.loop, connection->run(), [self, &side, connection] {
    side.connections.erase(connection.get());
    self->count_out();
  });
}

void HttpServer::State::sweep_later(const std::shared_ptr<State>& self, LoopSide& side) {
  side.sweeping = true;
  side.sweep.expires_after(sweep_interval(self->options.limits));
  side.sweep.async_wait([self, &side](const error_code& cancelled) {
    side.sweeping = false;
    if (cancelled) return;
    const SteadyTime now = self->clock.steady();
    for (Connection* connection : side.connections) connection->check_deadline(now);
    if (!side.connections.empty()) sweep_later(self, side);
  });
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoops& loops, const Clock& clock, HttpServerOptions options,
                                                       HttpHandler handler, RefusalRenderer refusal) {
  const HostPort address = options.listen;
  auto state = std::make_shared<State>(loops, clock, std::move(options), std::move(handler), std::move(refusal));
  if (state->options.tls.has_value()) {
    PENSTOCK_TRY(state->tls, make_tls_context(*state->options.tls));
    offer_http(state->tls.get());
    state->options.tls.reset();
  }
  Result<HostPort> opened;
  EventLoops::run_on(loops.at(0), [&] {
    opened = open_acceptor(loops.at(0), state->acceptor, address);
    if (opened.has_value()) State::accept_next(state);
  });
  PENSTOCK_TRY(state->bound, std::move(opened));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  if (state_) stop(std::chrono::milliseconds(0));
}

HostPort HttpServer::address() const { return state_->bound; }

std::size_t HttpServer::connection_count() const { return state_->connections(); }

bool HttpServer::stop(std::chrono::milliseconds grace) {
  State& state = *state_;
  state.stopping = true;
  EventLoops::run_on(state.loops.at(0), [&] {
    error_code ignored;
    state.acceptor.close(ignored);
    state.accept_retry.cancel();
  });
  for (auto& side : state.sides) {
    EventLoops::run_on(side->loop, [&side] {
      for (Connection* connection : std::vector(side->connections.begin(), side->connections.end())) {
        connection->finish();
      }
    });
  }
  bool all = state.wait_until_closed(grace);
  if (!all) {
    for (auto& side : state.sides) {
      EventLoops::run_on(side->loop, [&side] {
        for (Connection* connection : side->connections) connection->cancel();
      });
    }
    all = state.wait_until_closed(kHandlersMax);
  }
  for (auto& side : state.sides) {
    EventLoops::run_on(side->loop, [&side] { side->sweep.cancel(); });
  }
  return all;
}

}  // namespace penstock::net
