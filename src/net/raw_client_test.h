#pragma once
/// A client for tests that is as rude as they need it.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::net {

/// A blocking client that sends and reads bytes as a test wants them.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed: what it answered tells why
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void half_close() const { ::shutdown(fd_, SHUT_WR); }

  [[nodiscard]] int descriptor() const { return fd_; }

  /// Gone without a word, as a killed process is: the server sees a reset.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(fd_, -1));
  }

  /// Everything up to and with `mark`; what there is when the server closes before.
  std::string read_until(std::string_view mark) {
    std::size_t at = buffer_.find(mark);
    while (at == std::string::npos && read_more()) at = buffer_.find(mark);
    if (at == std::string::npos) return std::exchange(buffer_, {});
    std::string out = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, out.size());
    return out;
  }
  /// What is there, waiting for it; nothing when the server has closed.
  std::string read_some() {
    if (buffer_.empty()) read_more();
    return std::exchange(buffer_, {});
  }
  /// Everything until the server closes.
  std::string read_all() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
  }
  /// One whole response (head and body by Content-Length).
  std::string read_response() {
    while (true) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = buffer_.find("Content-Length: ");
        const std::size_t size = at < end ? std::stoul(buffer_.substr(at + 16)) : 0;
        while (buffer_.size() < end + 4 + size && read_more()) {
        }
        std::string out = buffer_.substr(0, end + 4 + size);
        buffer_.erase(0, end + 4 + size);
        return out;
      }
      if (!read_more()) return std::exchange(buffer_, {});
    }
  }

 private:
  bool read_more() {
    char chunk[65536];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }
  int fd_;
  std::string buffer_;
};

}  // namespace penstock::net
