#pragma once
/// A connection's bytes, whatever carries them: plain TCP, or TLS over it.
/// Threads: everything on the loop that the stream was made for. One read (or wait) and one write at the same time.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "core/result.h"
#include "core/task.h"

namespace penstock::net {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// At least one byte, or 0 when the peer has closed its side. Errors: unavailable (broken or cancelled).
  virtual Task<Result<std::size_t>> read_some(std::span<char> out) = 0;
  /// Waits until a read would not wait long. For idle connections, which then need no buffer.
  virtual Task<Result<void>> wait_readable() = 0;
  /// A read or wait that is under way ends with an error; nothing is lost, and the stream can be read again.
  virtual void interrupt_read() = 0;
  /// Writes at least one byte of the parts, one after the other; gives how many. Errors: unavailable.
  virtual Task<Result<std::size_t>> write_some(std::span<const std::string_view> parts) = 0;
  /// Tells the peer that nothing more will come. Not while a write is under way.
  virtual Task<void> close_write() = 0;
  /// Whoever waits on this stream now or later gets an error.
  virtual void cancel() = 0;
};

}  // namespace penstock::net
