#pragma once
/// Unix-domain stream sockets, line by line. It blocks. Threads: a socket is used by one thread at a time, but
/// shut_down may come from any. Errors: unavailable, missing (nobody listens there), denied.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::server {

class UnixSocket {
 public:
  /// Listens at DIRECTORY/NAME, mode 0600; what lay there is removed. Paths may be longer than a socket's address.
  static Result<UnixSocket> listen(const std::string& directory, std::string_view name);
  static Result<UnixSocket> connect(const std::string& directory, std::string_view name);

  explicit UnixSocket(int fd) : fd_(fd) {}
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&& other) noexcept;
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;
  ~UnixSocket();

  /// The next client; nothing once shut_down was called.
  [[nodiscard]] std::optional<UnixSocket> accept();
  /// Who is at the other end, as the system says.
  [[nodiscard]] Result<uid_t> peer_uid() const;
  /// How long one read or write may take.
  void set_timeout(std::chrono::seconds timeout) const;

  /// With the line's end. Errors: unavailable = the other end is gone.
  Result<void> write_line(std::string_view line);
  /// Without the line's end. Errors: invalid = longer than `bytes_max`; unavailable = no whole line came.
  Result<std::string> read_line(std::size_t bytes_max);

  /// Ends what waits on it.
  void shut_down() const;

 private:
  int fd_;
  std::string unread_;
};

}  // namespace penstock::server
