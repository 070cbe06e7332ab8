#include "gateway/event_body.h"

#include <array>

#include "codec/codec.h"
#include "codec/event_stream.h"
#include "gateway/render.h"
#include "telemetry/log.h"

namespace penstock::gateway {

namespace {

using services::ApiError;
using services::ApiResult;
using services::Event;
using services::Protocol;

std::string message(std::string_view kind, std::string_view type, Protocol protocol, std::string_view payload) {
  const bool is_exception = kind == "exception";
  const std::array<codec::EventHeaderText, 3> headers = {{{":message-type", kind},
                                                          {is_exception ? ":exception-type" : ":event-type", type},
                                                          {":content-type", content_type(protocol)}}};
  std::string out;
  codec::append_event_message(headers, payload, out);
  return out;
}

class EventBody final : public net::BodyStream {
 public:
  EventBody(std::unique_ptr<services::EventSource> events, Protocol protocol, std::string output,
            std::string request_id)
      : events_(std::move(events)),
        protocol_(protocol),
        output_(std::move(output)),
        request_id_(std::move(request_id)) {}

  Task<std::optional<std::string>> next() override {
    if (!started_) {
      started_ = true;
      co_return message("event", "initial-response", protocol_, std::exchange(output_, {}));
    }
    if (ended_) co_return std::nullopt;
    std::optional<ApiResult<Event>> event = co_await events_->next();
    if (!event.has_value()) {
      ended_ = true;
      co_return std::nullopt;
    }
    if (!event->has_value()) co_return exception(event->error());
    const Event& value = **event;
    const std::string payload = protocol_ == Protocol::cbor11 ? codec::encode_cbor(*value.shape, value.value.get())
                                                              : codec::encode_json(*value.shape, value.value.get());
    if (payload.size() > codec::kEventPayloadBytesMax) {
      co_return exception({"InternalFailureException", "An event is larger than an event stream can carry.", 500});
    }
    co_return message("event", value.type, protocol_, payload);
  }

  void cancel() override { events_->cancel(); }

 private:
  std::string exception(const ApiError& error) {
    ended_ = true;
    if (error.http_status >= 500) {
      telemetry::log(telemetry::Level::warn, "event stream failed",
                     {{"code", std::string_view(error.code)},
                      {"message", std::string_view(error.message)},
                      {"request_id", std::string_view(request_id_)}});
    }
    return message("exception", error.code, protocol_, error_text(protocol_, error));
  }

  std::unique_ptr<services::EventSource> events_;
  Protocol protocol_;
  std::string output_;
  std::string request_id_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<net::BodyStream> make_event_body(std::unique_ptr<services::EventSource> events, Protocol protocol,
                                                 std::string output, std::string request_id) {
  PENSTOCK_ASSERT(events != nullptr);
  return std::make_unique<EventBody>(std::move(events), protocol, std::move(output), std::move(request_id));
}

}  // namespace penstock::gateway
