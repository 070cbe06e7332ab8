#pragma once
/// A listening socket in a function's own network, served by one loop: HTTP/1.1, few connections. Nothing that comes
/// through it can disturb more than the environment it belongs to, so it needs no deadlines: an environment ends at its
/// time-out.
/// Threads: everything on the loop. Bounds: kConnectionsMax connections; more are closed at once.

#include <memory>

#include "core/clock.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "os/descriptor.h"

namespace penstock::functions::runtime {

class ApiDoor {
 public:
  static constexpr std::size_t kConnectionsMax = 64;

  struct Options {
    std::size_t body_bytes_max = 0;
    std::size_t bodies_bytes_max = 0;
    std::string peer_address;  ///< what handlers see as HttpRequest::remote_address
  };
  /// `handler` and `refusal` are held as long as a connection is.
  ApiDoor(net::EventLoop& loop, const Clock& clock, os::Descriptor listener, Options options, net::HttpHandler handler,
          net::RefusalRenderer refusal);
  /// Closes everything; handlers under way come back when they will, their answers go nowhere.
  ~ApiDoor();
  ApiDoor(const ApiDoor&) = delete;
  ApiDoor& operator=(const ApiDoor&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace penstock::functions::runtime
