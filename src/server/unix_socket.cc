#include "server/unix_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace penstock::server {
namespace {

constexpr int kBacklog = 16;

std::unexpected<Error> system_error(std::string_view what, const std::string& path, int code) {
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR || code == ECONNREFUSED) kind = ErrorKind::missing;
  if (code == EACCES || code == EPERM) kind = ErrorKind::denied;
  return fail(kind, fmt::format("{} {}: {}", what, path, std::generic_category().message(code)));
}

/// A socket's address holds 107 bytes of path. A longer one is reached through an open folder's name in /proc, which
/// stays good as long as this object.
class Address {
 public:
  static Result<Address> make(const std::string& directory, std::string_view name) {
    Address address;
    std::string path = fmt::format("{}/{}", directory, name);
    if (path.size() >= sizeof address.address_.sun_path) {
      address.folder_ = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (address.folder_ < 0) return system_error("open", directory, errno);
      path = fmt::format("/proc/self/fd/{}/{}", address.folder_, name);
    }
    address.address_.sun_family = AF_UNIX;
    path.copy(address.address_.sun_path, sizeof address.address_.sun_path - 1);
    return address;
  }
  Address(Address&& other) noexcept : folder_(std::exchange(other.folder_, -1)), address_(other.address_) {}
  Address& operator=(Address&&) = delete;
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;
  ~Address() {
    if (folder_ >= 0) ::close(folder_);
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] const char* path() const { return address_.sun_path; }

 private:
  Address() = default;
  int folder_ = -1;
  sockaddr_un address_{};
};

}  // namespace

Result<UnixSocket> UnixSocket::listen(const std::string& directory, std::string_view name) {
  const std::string path = fmt::format("{}/{}", directory, name);
  PENSTOCK_TRY(const Address address, Address::make(directory, name));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path, errno);
  UnixSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd_ < 0) return system_error("make a socket for", path, errno);
  // Linux gives the new name the mode of the socket; so nobody can connect in between.
  if (::fchmod(socket.fd_, 0600) != 0) return system_error("set the mode of", path, errno);
  if (::bind(socket.fd_, address.get(), sizeof(sockaddr_un)) != 0) return system_error("listen at", path, errno);
  if (::chmod(path.c_str(), 0600) != 0) return system_error("set the mode of", path, errno);
  if (::listen(socket.fd_, kBacklog) != 0) return system_error("listen at", path, errno);
  return socket;
}

Result<UnixSocket> UnixSocket::connect(const std::string& directory, std::string_view name) {
  const std::string path = fmt::format("{}/{}", directory, name);
  PENSTOCK_TRY(const Address address, Address::make(directory, name));
  UnixSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd_ < 0) return system_error("make a socket for", path, errno);
  if (::connect(socket.fd_, address.get(), sizeof(sockaddr_un)) != 0) return system_error("connect to", path, errno);
  return socket;
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), unread_(std::move(other.unread_)) {}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(unread_, other.unread_);
  return *this;
}

UnixSocket::~UnixSocket() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<UnixSocket> UnixSocket::accept() {
  for (;;) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) return UnixSocket(fd);
    // shutdown on a listening socket makes accept fail with EINVAL; all else passes.
    if (errno == EINVAL || errno == EBADF) return std::nullopt;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) ::usleep(100'000);
  }
}

Result<uid_t> UnixSocket::peer_uid() const {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return system_error("ask who is at", "", errno);
  return who.uid;
}

void UnixSocket::set_timeout(std::chrono::seconds timeout) const {
  const timeval time{.tv_sec = timeout.count(), .tv_usec = 0};
  static_cast<void>(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
  static_cast<void>(::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
}

Result<void> UnixSocket::write_line(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return system_error("write to", "the control socket", errno);
    at += static_cast<std::size_t>(sent);
  }
  return {};
}

Result<std::string> UnixSocket::read_line(std::size_t bytes_max) {
  std::array<char, 4096> piece;
  for (std::size_t end = unread_.find('\n');; end = unread_.find('\n')) {
    if (end != std::string::npos && end <= bytes_max) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (unread_.size() > bytes_max) return fail(ErrorKind::invalid, "a line on the control socket is too long");
    const ssize_t got = ::recv(fd_, piece.data(), piece.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read from", "the control socket", errno);
    if (got == 0) return fail(ErrorKind::unavailable, "the control socket was closed");
    unread_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

void UnixSocket::shut_down() const { static_cast<void>(::shutdown(fd_, SHUT_RDWR)); }

}  // namespace penstock::server
