#pragma once
/// Messages of application/vnd.amazon.eventstream, both ways. Pure.
/// Source: Smithy specification, "Amazon Event Stream Specification"; Amazon Lex V2 Developer Guide, "Event stream
///         encoding":
///
///     total length (4)  headers length (4)  CRC-32 of these eight bytes (4)
///     headers: name length (1) name  type (1)  value; a string's value is length (2) and bytes
///     payload
///     CRC-32 of everything before (4)                                   integers are big-endian
///
/// Threads: any; a reader is one connection's.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"

namespace penstock::codec {

/// Bounds: the specification's.
inline constexpr std::size_t kEventHeadersBytesMax = std::size_t{128} << 10U;
inline constexpr std::size_t kEventPayloadBytesMax = std::size_t{16} << 20U;
inline constexpr std::size_t kEventOverheadBytes = 16;

/// The numbers on the wire.
enum class EventHeaderType : std::uint8_t {
  yes = 0,
  no = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  bytes = 6,
  string = 7,
  timestamp = 8,
  uuid = 9,
};

struct EventHeader {
  std::string name;
  std::string value;  ///< as on the wire (big-endian numbers), without a length; empty for booleans
  EventHeaderType type = EventHeaderType::string;
  bool operator==(const EventHeader&) const = default;
};

struct EventMessage {
  std::vector<EventHeader> headers;
  std::string payload;
  /// The first string header of that name, or "".
  [[nodiscard]] std::string_view find(std::string_view name) const;
  bool operator==(const EventMessage&) const = default;
};

/// A string header to write.
struct EventHeaderText {
  std::string_view name;   ///< 1 to 255 bytes
  std::string_view value;  ///< at most 32,767 bytes
};

/// One whole message, appended. Names and values that do not fit are a bug and end the process.
void append_event_message(std::span<const EventHeaderText> headers, std::string_view payload, std::string& out);

/// Puts messages together from pieces as they arrive.
/// Errors: DecodeError: a bad checksum, length or header; the stream can not be read any further then.
/// Bounds: one message with kEventHeadersBytesMax and kEventPayloadBytesMax is kept, no more than append() brought.
class EventStreamReader {
 public:
  void append(std::string_view bytes);
  /// The next whole message; nullopt when more bytes are needed.
  [[nodiscard]] Decoded<std::optional<EventMessage>> next();
  /// Whether the stream may end here.
  [[nodiscard]] bool at_boundary() const { return buffer_.size() == taken_; }

 private:
  std::string buffer_;
  std::size_t taken_ = 0;  ///< bytes of buffer_ that are done with
};

}  // namespace penstock::codec
