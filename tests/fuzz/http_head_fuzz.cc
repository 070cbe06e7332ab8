// rooms: net
// Heads and chunked bodies from any client.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_chunks.h"
#include "net/http_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace net = penstock::net;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0;
  if (const auto end = net::find_head_end(bytes, scanned)) {
    if (const auto head = net::parse_request_head(bytes.substr(0, *end))) {
      if (head->chunked && head->content_length.has_value()) __builtin_trap();
      if (head->request.target.empty()) __builtin_trap();
    }
    (void)net::parse_response_head(bytes.substr(0, *end));
  }
  // The same bytes as a chunked body, whole and cut in two, must read the same.
  net::ChunkReader whole(4096);
  std::string body;
  std::string_view in = bytes;
  const auto status = whole.feed(in, body);
  net::ChunkReader halves(4096);
  std::string other;
  std::string_view first = bytes.substr(0, size / 2);
  auto other_status = halves.feed(first, other);
  if (other_status == net::ChunkReader::Status::more) {
    std::string_view second = bytes.substr(size / 2);
    other_status = halves.feed(second, other);
  }
  if (status != other_status || body != other || body.size() > 4096) __builtin_trap();
  return 0;
}
