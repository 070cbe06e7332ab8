#pragma once
/// What EventQueue writes: events, and notes about what became of them. JSON, "format": 1. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/shape.h"
#include "functions/invoker.h"

namespace penstock::functions {

struct QueuedEvent {
  std::int32_t format = 1;
  std::string function{};
  std::string qualifier{};
  std::string payload{};
  std::string request_id{};
  std::string client_context{};
  std::string trace_header{};
};

struct QueueNote {
  std::int32_t format = 1;
  std::int64_t position = 0;  ///< of the event
  bool done = false;          ///< no attempt will follow
  std::int32_t attempts = 0;  ///< that the function has answered with an error
  std::int64_t due_ms = 0;    ///< when the next one is due
};

const codec::Shape& describe(const QueuedEvent*);
const codec::Shape& describe(const QueueNote*);

[[nodiscard]] std::string encode(const QueuedEvent& event);
[[nodiscard]] std::string encode(const QueueNote& note);
[[nodiscard]] std::optional<QueuedEvent> decode_event(std::string_view bytes);
[[nodiscard]] std::optional<QueueNote> decode_note(std::string_view bytes);

}  // namespace penstock::functions
