#pragma once
/// The chunked transfer coding, bytes to body (RFC 9112 section 7.1). Pure; no sockets.
/// Chunk extensions and trailers are read past and forgotten.
/// Bounds: a line kChunkLineBytesMax, all trailers kTrailerBytesMax, the body what the caller says.

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::net {

inline constexpr std::size_t kChunkLineBytesMax = 1024;
inline constexpr std::size_t kTrailerBytesMax = 8192;

class ChunkReader {
 public:
  enum class Status : std::uint8_t { more, done, malformed, too_large };

  explicit ChunkReader(std::uint64_t body_bytes_max) : room_(body_bytes_max) {}

  /// Takes bytes from the front of `in` (and removes them from it), appends the body's to `out`. After `done` the rest
  /// of `in` belongs to the next message. After malformed or too_large it must not be called again.
  Status feed(std::string_view& in, std::string& out);

 private:
  enum class State : std::uint8_t { size_line, data, data_end, trailers };

  Status on_line(std::string_view line);

  State state_ = State::size_line;
  std::string line_;  ///< what has come of a line so far
  std::uint64_t room_;
  std::uint64_t left_ = 0;  ///< of the present chunk
  std::size_t trailer_bytes_ = 0;
};

}  // namespace penstock::net
