#pragma once
/// Plain TCP over Asio. Threads: everything on the socket's loop.

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/byte_stream.h"

namespace penstock::net {

/// Takes an open socket; makes it non-blocking and sets TCP_NODELAY.
[[nodiscard]] std::unique_ptr<ByteStream> make_tcp_stream(boost::asio::ip::tcp::socket socket);

}  // namespace penstock::net
