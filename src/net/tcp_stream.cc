#include "net/tcp_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace penstock::net {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kPartsMax = 8;

/// Awaits readiness; the coroutine goes on inside Asio's handler, on the same thread.
struct WaitReady {
  tcp::socket& socket;
  tcp::socket::wait_type type;
  error_code problem{};
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    socket.async_wait(type, [this, self](const error_code& result) {
      problem = result;
      self.resume();
    });
  }
  [[nodiscard]] error_code await_resume() const noexcept { return problem; }
};

std::unexpected<Error> broken(int number) {
  return fail(ErrorKind::unavailable, std::generic_category().message(number));
}
std::unexpected<Error> broken(const error_code& problem) { return fail(ErrorKind::unavailable, problem.message()); }

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  Task<Result<std::size_t>> read_some(std::span<char> out) override {
    while (!cancelled_) {
      const ssize_t got = ::recv(socket_.native_handle(), out.data(), out.size(), 0);
      if (got >= 0) co_return static_cast<std::size_t>(got);
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) co_return broken(errno);
      PENSTOCK_CO_TRY_VOID(co_await wait_readable());
    }
    co_return broken(ECANCELED);
  }

  Task<Result<void>> wait_readable() override {
    if (cancelled_) co_return broken(ECANCELED);
    reading_ = true;
    WaitReady ready{socket_, tcp::socket::wait_read};
    const error_code problem = co_await ready;
    reading_ = false;
    // The socket may have become ready just before it was interrupted.
    if (std::exchange(interrupted_, false)) co_return broken(ECANCELED);
    if (problem) co_return broken(problem);
    co_return Result<void>{};
  }

  Task<Result<std::size_t>> write_some(std::span<const std::string_view> parts) override {
    std::array<iovec, kPartsMax> vectors{};
    const std::size_t count = std::min(parts.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()), .iov_len = parts[i].size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    while (!cancelled_) {
      const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
      if (sent >= 0) co_return static_cast<std::size_t>(sent);
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) co_return broken(errno);
      PENSTOCK_CO_TRY_VOID(co_await wait_writable());
    }
    co_return broken(ECANCELED);
  }

  void interrupt_read() override {
    if (!reading_) return;
    interrupted_ = true;
    error_code ignored;
    socket_.cancel(ignored);  // wakes a writer too, which then goes on
  }

  Task<void> close_write() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }

  void cancel() override {
    cancelled_ = true;
    error_code ignored;
    socket_.cancel(ignored);
  }

 private:
  Task<Result<void>> wait_writable() {
    WaitReady ready{socket_, tcp::socket::wait_write};
    const error_code problem = co_await ready;
    if (problem && (cancelled_ || problem != boost::asio::error::operation_aborted)) co_return broken(problem);
    co_return Result<void>{};
  }

  tcp::socket socket_;
  bool cancelled_ = false;
  bool reading_ = false;
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace penstock::net
