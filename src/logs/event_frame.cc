#include "logs/event_frame.h"

#include <type_traits>

namespace penstock::logs {
namespace {

constexpr std::uint8_t kEventFrame = 1;
constexpr std::uint8_t kIndexFrame = 2;
constexpr std::size_t kEventHeadBytes = 12;
constexpr std::size_t kSpanBytes = 28;

/// Little-endian, whatever the machine.
template <class T>
void append(std::string& out, T value) {
  using Bits = std::make_unsigned_t<T>;
  auto bits = static_cast<Bits>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<char>(bits & 0xffU));
    bits = static_cast<Bits>(bits >> 8U);
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T take() {
    using Bits = std::make_unsigned_t<T>;
    if (rest_.size() < sizeof(T)) {
      good_ = false;
      rest_ = {};
      return {};
    }
    Bits bits = 0;
    for (std::size_t i = sizeof(T); i > 0; --i) {
      bits = static_cast<Bits>(static_cast<Bits>(bits << 8U) | static_cast<unsigned char>(rest_[i - 1]));
    }
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(bits);
  }
  Timestamp take_time() { return from_unix_ms(take<std::int64_t>()); }
  std::string_view take_bytes(std::size_t count) {
    if (rest_.size() < count) {
      good_ = false;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string encode_events(StreamId stream, const std::vector<LogEvent>& events) {
  std::size_t bytes = 9;
  for (const LogEvent& event : events) bytes += kEventHeadBytes + event.message.size();
  std::string out;
  out.reserve(bytes);
  append(out, kEventFrame);
  append(out, stream);
  append(out, static_cast<std::uint32_t>(events.size()));
  for (const LogEvent& event : events) {
    append(out, to_unix_ms(event.time));
    append(out, static_cast<std::uint32_t>(event.message.size()));
    out += event.message;
  }
  return out;
}

std::optional<EventFrame> decode_events(std::string_view frame) {
  Reader reader(frame);
  if (reader.take<std::uint8_t>() != kEventFrame) return std::nullopt;
  EventFrame out{.stream = reader.take<StreamId>(), .events = {}};
  const auto count = reader.take<std::uint32_t>();
  if (!reader.good() || count > kFrameEventsMax || count > reader.left() / kEventHeadBytes) return std::nullopt;
  out.events.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Timestamp time = reader.take_time();
    const std::string_view message = reader.take_bytes(reader.take<std::uint32_t>());
    if (!reader.good()) return std::nullopt;
    out.events.push_back({.time = time, .message = message});
  }
  if (!reader.at_end()) return std::nullopt;
  return out;
}

std::string encode_block(const Block& block) {
  std::string out;
  out.reserve(64 + (block.streams.size() * kSpanBytes));
  append(out, kIndexFrame);
  append(out, block.after);
  append(out, block.first_position);
  append(out, block.last_position);
  append(out, to_unix_ms(block.first));
  append(out, to_unix_ms(block.last));
  append(out, to_unix_ms(block.taken));
  append(out, block.bytes);
  append(out, static_cast<std::uint32_t>(block.streams.size()));
  for (const StreamSpan& span : block.streams) {
    append(out, span.stream);
    append(out, to_unix_ms(span.first));
    append(out, to_unix_ms(span.last));
    append(out, to_unix_ms(span.taken));
  }
  return out;
}

std::optional<Block> decode_block(std::string_view frame) {
  Reader reader(frame);
  if (reader.take<std::uint8_t>() != kIndexFrame) return std::nullopt;
  Block block;
  block.after = reader.take<std::uint64_t>();
  block.first_position = reader.take<std::uint64_t>();
  block.last_position = reader.take<std::uint64_t>();
  block.first = reader.take_time();
  block.last = reader.take_time();
  block.taken = reader.take_time();
  block.bytes = reader.take<std::uint64_t>();
  const auto count = reader.take<std::uint32_t>();
  if (!reader.good() || count != reader.left() / kSpanBytes) return std::nullopt;
  block.streams.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    StreamSpan span;
    span.stream = reader.take<StreamId>();
    span.first = reader.take_time();
    span.last = reader.take_time();
    span.taken = reader.take_time();
    block.streams.push_back(span);
  }
  if (!reader.at_end() || block.first_position > block.last_position || block.first > block.last) return std::nullopt;
  return block;
}

}  // namespace penstock::logs
