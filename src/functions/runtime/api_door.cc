#include "functions/runtime/api_door.h"

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/http_connection.h"
#include "net/tcp_stream.h"
#include "telemetry/log.h"

namespace penstock::functions::runtime {

using boost::asio::ip::tcp;
using boost::system::error_code;

struct ApiDoor::State {
  State(net::EventLoop& event_loop, const Clock& the_clock, Options the_options, net::HttpHandler the_handler,
        net::RefusalRenderer the_refusal)
      : loop(event_loop),
        clock(the_clock),
        peer_address(std::move(the_options.peer_address)),
        handler(std::move(the_handler)),
        refusal(std::move(the_refusal)),
        bodies(the_options.bodies_bytes_max),
        acceptor(loop.context()) {
    limits.body_bytes_max = the_options.body_bytes_max;
  }

  net::EventLoop& loop;
  const Clock& clock;
  std::string peer_address;
  net::HttpLimits limits;
  net::HttpHandler handler;
  net::RefusalRenderer refusal;
  net::BodyBudget bodies;
  std::atomic<bool> stopping = false;
  tcp::acceptor acceptor;
  std::unordered_set<net::Connection*> connections;

  static void accept_next(const std::shared_ptr<State>& self) {
    self->acceptor.async_accept(self->loop.context(), [self](const error_code& problem, tcp::socket socket) {
      if (self->stopping || problem == boost::asio::error::operation_aborted) return;
      if (problem && problem != boost::asio::error::connection_aborted) {
        // Out of descriptors, say. Trying at once again would spin; the environment times out instead.
        telemetry::log(telemetry::Level::warn, "a function's environment is cut off",
                       {{"reason", std::string_view(problem.message())}});
        return;
      }
      if (!problem && self->connections.size() < kConnectionsMax) serve(self, std::move(socket));
      accept_next(self);
    });
  }

  static void serve(const std::shared_ptr<State>& self, tcp::socket socket) {
    auto connection = std::make_shared<net::HttpConnection>(
        net::ConnectionHost{self->clock, self->limits, self->handler, self->refusal, self->bodies, nullptr,
                            self->stopping},
        net::make_tcp_stream(std::move(socket)), net::Peer{.address = self->peer_address}, std::string());
    self->connections.insert(connection.get());
    spawn_here(self->loop, connection->run(), [self, connection] { self->connections.erase(connection.get()); });
  }
};

ApiDoor::ApiDoor(net::EventLoop& loop, const Clock& clock, os::Descriptor listener, Options options,
                 net::HttpHandler handler, net::RefusalRenderer refusal)
    : state_(std::make_shared<State>(loop, clock, std::move(options), std::move(handler), std::move(refusal))) {
  error_code problem;
  state_->acceptor.assign(tcp::v4(), listener.get(), problem);
  if (problem) return;  // nobody gets in: the environment's start times out
  (void)listener.release();
  State::accept_next(state_);
}

ApiDoor::~ApiDoor() {
  state_->stopping = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  for (net::Connection* connection : std::vector(state_->connections.begin(), state_->connections.end())) {
    connection->cancel();
  }
}

}  // namespace penstock::functions::runtime
