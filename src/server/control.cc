#include "server/control.h"

#include <fmt/format.h>
#include <unistd.h>

#include <list>
#include <thread>
#include <utility>

#include "core/mutex.h"
#include "server/unix_socket.h"
#include "telemetry/log.h"

namespace penstock::server {

struct Control::State {
  struct Client {
    explicit Client(UnixSocket the_socket) : socket(std::move(the_socket)) {}
    UnixSocket socket;
    std::thread thread;
    bool done = false;
  };

  State(UnixSocket the_listener, std::string the_path, ControlHandler the_handler)
      : listener(std::move(the_listener)), path(std::move(the_path)), handler(std::move(the_handler)) {}

  UnixSocket listener;
  const std::string path;
  const ControlHandler handler;
  std::thread acceptor;

  Mutex mutex;
  bool stopping GUARDED_BY(mutex) = false;
  std::list<Client> clients GUARDED_BY(mutex);  // bounded by kControlClientsMax

  void accept_all() EXCLUDES(mutex) {
    while (auto socket = listener.accept()) {
      reap();
      socket->set_timeout(kControlWait);
      const auto uid = socket->peer_uid();
      if (!uid.has_value() || (*uid != ::geteuid() && *uid != 0)) {
        telemetry::log(telemetry::Level::warn, "another user was turned away from the control socket");
        continue;
      }
      begin(*std::move(socket));
    }
  }

  void begin(UnixSocket socket) EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    if (stopping || clients.size() == kControlClientsMax) return;  // closes it
    Client& client = clients.emplace_back(std::move(socket));
    client.thread = std::thread([this, &client] { serve(client); });
  }

  void serve(Client& client) EXCLUDES(mutex) {
    answer(client.socket);
    client.socket.shut_down();
    const MutexLock lock(mutex);
    client.done = true;
  }

  void answer(UnixSocket& socket) EXCLUDES(mutex) {
    const auto line = socket.read_line(kControlLineBytesMax);
    if (!line.has_value()) return;
    const auto request = parse_request(*line);
    Result<BackupReport> done = std::unexpected(request.has_value() ? Error{} : request.error());
    if (request.has_value()) {
      done = handler(*request, [&](const ControlReply& reply) -> Result<void> {
        {
          const MutexLock lock(mutex);
          if (stopping) return fail(ErrorKind::unavailable, "the server is ending");
        }
        return socket.write_line(render_reply(reply));
      });
    }
    const ControlReply last = done.has_value() ? ControlReply(*std::move(done)) : ControlReply(std::move(done).error());
    static_cast<void>(socket.write_line(render_reply(last)));
  }

  /// Joins the threads of clients that are gone.
  void reap() EXCLUDES(mutex) {
    std::list<Client> gone;
    {
      const MutexLock lock(mutex);
      for (auto at = clients.begin(); at != clients.end();) {
        const auto next = std::next(at);
        if (at->done) gone.splice(gone.end(), clients, at);
        at = next;
      }
    }
    for (Client& client : gone) client.thread.join();
  }
};

Control::Control(std::unique_ptr<State> state) : state_(std::move(state)) {}

Control::~Control() { stop(); }

Result<std::unique_ptr<Control>> Control::open(const std::string& data_dir, ControlHandler handler) {
  PENSTOCK_TRY(UnixSocket listener, UnixSocket::listen(data_dir, kControlSocket));
  auto state =
      std::make_unique<State>(std::move(listener), fmt::format("{}/{}", data_dir, kControlSocket), std::move(handler));
  state->acceptor = std::thread([&at = *state] { at.accept_all(); });
  return std::unique_ptr<Control>(new Control(std::move(state)));
}

void Control::stop() {
  State& state = *state_;
  if (!state.acceptor.joinable()) return;
  static_cast<void>(::unlink(state.path.c_str()));
  state.listener.shut_down();
  state.acceptor.join();
  {
    const MutexLock lock(state.mutex);
    state.stopping = true;
  }
  // A client's thread looks at `stopping` whenever it says something.
  {
    const MutexLock lock(state.mutex);
    for (const State::Client& client : state.clients) {
      if (!client.done) client.socket.shut_down();
    }
  }
  for (bool more = true; more;) {
    State::Client* next = nullptr;
    {
      const MutexLock lock(state.mutex);
      for (State::Client& client : state.clients) {
        if (client.thread.joinable()) next = &client;
      }
    }
    more = next != nullptr;
    if (more) next->thread.join();
  }
}

Result<BackupReport> ask_server(const std::string& data_dir, const ControlRequest& request,
                                const OnBackupProgress& on_progress) {
  auto socket = UnixSocket::connect(data_dir, kControlSocket);
  if (!socket.has_value() && socket.error().kind == ErrorKind::missing) {
    return fail(
        ErrorKind::unavailable,
        fmt::format("the server that runs on {} does not listen at {}/{}: it is starting or ending, or it is of "
                    "an older version",
                    data_dir, data_dir, kControlSocket));
  }
  if (!socket.has_value()) return std::unexpected(std::move(socket).error());
  PENSTOCK_TRY_VOID(socket->write_line(render_request(request)));
  for (;;) {
    auto line = socket->read_line(kControlLineBytesMax);
    if (!line.has_value()) {
      return fail(
          ErrorKind::unavailable,
          fmt::format("the server ended before the backup did, or refuses this user ({})", line.error().message));
    }
    PENSTOCK_TRY(ControlReply reply, parse_reply(*line));
    if (auto* error = std::get_if<Error>(&reply)) return std::unexpected(std::move(*error));
    if (auto* report = std::get_if<BackupReport>(&reply)) return std::move(*report);
    PENSTOCK_TRY_VOID(on_progress(std::get<BackupProgress>(reply)));
  }
}

}  // namespace penstock::server
