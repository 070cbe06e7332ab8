#pragma once
/// Log events as bytes: an event frame holds events of one log stream as they came in together; an index frame tells
/// what lies in a stretch of event frames. docs/formats/logs.md describes both. Pure.
/// Bounds: kFrameEventsMax events a frame; every length is checked against the bytes that are there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "logs/log_sink.h"

namespace penstock::logs {

/// Of a stream, within its group.
using StreamId = std::uint32_t;

inline constexpr std::size_t kFrameEventsMax = 10'000;

[[nodiscard]] std::string encode_events(StreamId stream, const std::vector<LogEvent>& events);

struct EventView {
  Timestamp time{};
  std::string_view message;  ///< into the frame
};
struct EventFrame {
  StreamId stream = 0;
  std::vector<EventView> events;
};
/// nullopt: not an event frame.
[[nodiscard]] std::optional<EventFrame> decode_events(std::string_view frame);

/// What a stretch of event frames holds of one stream.
struct StreamSpan {
  StreamId stream = 0;
  Timestamp first{};  ///< the oldest event's time
  Timestamp last{};   ///< the newest event's
  Timestamp taken{};  ///< when the last of them came in
};

/// A stretch of a group's event frames.
struct Block {
  std::uint64_t after = 0;           ///< position of the last frame before it
  std::uint64_t first_position = 0;  ///< of its frames
  std::uint64_t last_position = 0;
  Timestamp first{};  ///< the oldest event's time
  Timestamp last{};
  Timestamp taken{};        ///< when its last frame came in
  std::uint64_t bytes = 0;  ///< of its frames
  std::vector<StreamSpan> streams;
};
[[nodiscard]] std::string encode_block(const Block& block);
[[nodiscard]] std::optional<Block> decode_block(std::string_view frame);

}  // namespace penstock::logs
