#pragma once
/// The door for whoever looks after this machine: a Unix-domain socket `control` in the data directory, through which
/// the running server is asked for what only it can do. control_message.h has the words.
///
/// Guarantee: only the server's own user and root are heard (the socket has mode 0600, and the system tells who
///            connects); everyone else is disconnected. A client that goes away ends what it asked for.
/// Threads:   threads of its own, one for each client. open, stop and destruction from one thread.
/// Bounds:    kControlClientsMax; one request a connection, kControlLineBytesMax, within kControlWait.
/// Errors:    unavailable, denied (request: what the server answered).

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "server/control_message.h"

namespace penstock::server {

inline constexpr std::string_view kControlSocket = "control";
inline constexpr std::size_t kControlClientsMax = 8;
inline constexpr std::chrono::seconds kControlWait{10};

/// Says something to the client; an error when it is gone or the server ends.
using ControlSay = std::function<Result<void>(const ControlReply& reply)>;
/// Does what is asked; the last reply is the caller's to give.
using ControlHandler = std::function<Result<BackupReport>(const ControlRequest& request, const ControlSay& say)>;

class Control {
 public:
  /// The caller holds the data directory.
  [[nodiscard]] static Result<std::unique_ptr<Control>> open(const std::string& data_dir, ControlHandler handler);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// No new client; what is going on is told to end, and is waited for. The socket is gone then.
  void stop();

 private:
  struct State;
  explicit Control(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Asks the server that runs on a data directory, and waits for the end.
/// Errors: unavailable = no server listens; what the server answered; what `on_progress` gives.
[[nodiscard]] Result<BackupReport> ask_server(const std::string& data_dir, const ControlRequest& request,
                                              const OnBackupProgress& on_progress);

}  // namespace penstock::server
