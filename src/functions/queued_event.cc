#include "functions/queued_event.h"

#include "codec/codec.h"

namespace penstock::functions {
namespace {

template <class T>
std::optional<T> decode(std::string_view bytes) {
  T value;
  if (!codec::decode_json(bytes, codec::shape_of<T>(), &value).has_value() || value.format != 1) return std::nullopt;
  return value;
}

}  // namespace

const codec::Shape& describe(const QueuedEvent*) {
  static const codec::Shape shape = codec::ShapeBuilder<QueuedEvent>("QueuedEvent")
                                        .field("format", &QueuedEvent::format)
                                        .field("function", &QueuedEvent::function, {.required = true})
                                        .field("qualifier", &QueuedEvent::qualifier)
                                        .field("payload", &QueuedEvent::payload)
                                        .field("request_id", &QueuedEvent::request_id)
                                        .field("client_context", &QueuedEvent::client_context)
                                        .field("trace_header", &QueuedEvent::trace_header)
                                        .build();
  return shape;
}

const codec::Shape& describe(const QueueNote*) {
  static const codec::Shape shape = codec::ShapeBuilder<QueueNote>("QueueNote")
                                        .field("format", &QueueNote::format)
                                        .field("position", &QueueNote::position, {.required = true})
                                        .field("done", &QueueNote::done)
                                        .field("attempts", &QueueNote::attempts)
                                        .field("due_ms", &QueueNote::due_ms)
                                        .build();
  return shape;
}

std::string encode(const QueuedEvent& event) { return codec::encode_json(codec::shape_of<QueuedEvent>(), &event); }
std::string encode(const QueueNote& note) { return codec::encode_json(codec::shape_of<QueueNote>(), &note); }
std::optional<QueuedEvent> decode_event(std::string_view bytes) { return decode<QueuedEvent>(bytes); }
std::optional<QueueNote> decode_note(std::string_view bytes) { return decode<QueueNote>(bytes); }

}  // namespace penstock::functions
