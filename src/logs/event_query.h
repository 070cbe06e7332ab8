#pragma once
/// What is read of a group: events in the order of (time, place in the log), page by page.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "logs/event_frame.h"

namespace penstock::logs {

/// Names an event within its group, and orders them. Its text is the event's id.
struct EventKey {
  std::int64_t time_ms = 0;    ///< >= 0
  std::uint64_t position = 0;  ///< of its frame
  std::uint32_t index = 0;     ///< within the frame
  auto operator<=>(const EventKey&) const = default;
};
inline constexpr EventKey kFirstKey{};
inline constexpr EventKey kLastKey{
    .time_ms = (std::int64_t{1} << 44U) - 1, .position = std::numeric_limits<std::uint64_t>::max(), .index = 0xffff};

/// 56 decimal digits whose order is that of the keys.
[[nodiscard]] std::string to_text(const EventKey& key);
[[nodiscard]] std::optional<EventKey> parse_key(std::string_view text);
/// The next one that there could be.
[[nodiscard]] EventKey successor(EventKey key);

struct StoredEvent {
  EventKey key;
  StreamId stream = 0;
  Timestamp taken{};  ///< when it came in
  std::string message;
};

struct EventQuery {
  std::vector<std::string> streams{};  ///< names; empty: all
  Timestamp first{};                   ///< both included
  Timestamp last = from_unix_ms(kLastKey.time_ms);
  EventKey from = kFirstKey;   ///< included
  EventKey before = kLastKey;  ///< not included
  bool newest = false;         ///< the page holds the newest of them, not the oldest
  std::size_t events_max = 10'000;
  std::size_t bytes_max = 1U << 20U;                        ///< of messages and 26 for each event; one event fits
  std::function<bool(std::string_view message)> matches{};  ///< empty: all
  std::uint64_t scan_bytes_max = 64U << 20U;                ///< about so many bytes are looked at for one page
};

struct EventPage {
  std::vector<StoredEvent> events;        ///< in ascending order of keys
  std::vector<std::string> stream_names;  ///< parallel to events
  /// Where the page behind this one begins; nothing: there was no more.
  std::optional<EventKey> next;
};

}  // namespace penstock::logs
