#include "mqtt/transport/connection.h"

#include <cstring>
#include <utility>

#include "telemetry/log.h"

namespace penstock::mqtt::transport {

using session::CloseReason;

namespace {

constexpr std::size_t kFirstBufferBytes = 2 * 1024;
constexpr std::size_t kUsualBufferBytesMax = 64 * 1024;
constexpr std::size_t kBufferBytesMax = packet::kRemainingLengthMax + packet::kFixedHeaderBytesMax;

}  // namespace

Connection::Connection(net::EventLoop& loop, Broker& broker, std::shared_ptr<Home> home,
                       const ConnectionSettings& settings, ConnectAttempt attempt)
    : loop_(loop),
      broker_(broker),
      home_(std::move(home)),
      settings_(settings),
      attempt_(std::move(attempt)),
      channel_(broker.options().limits, broker.clock().steady()) {}

void Connection::opened(std::optional<std::string> peer_certificate_pem) {
  opened_ = true;
  attempt_.peer_certificate_pem = std::move(peer_certificate_pem);
  if (draining_) return drop();
  maybe_read();
}

void Connection::wake() {
  loop_.post([self = shared_from_this()] {
    self->pump_wanted_ = true;
    self->flush();
  });
}

void Connection::close(CloseReason reason) {
  loop_.post([self = shared_from_this(), reason] { self->end(reason, {}); });
}

void Connection::on_read(bool good, std::size_t count) {
  reading_ = false;
  if (ended_) {
    if (!good) return drop();
    if (lingering_) return maybe_read();
    return;
  }
  if (!good) return end(CloseReason::connection_lost, {});
  in_end_ += count;
  if (!draining_) process();
}

void Connection::process() {
  if (processing_ || ended_ || draining_) return;
  processing_ = true;
  while (in_begin_ < in_end_) {
    const std::string_view waiting(in_.data() + in_begin_, in_end_ - in_begin_);
    const std::size_t taken = channel_.on_bytes(waiting, broker_.clock().steady(), effects_);
    in_begin_ += taken;
    carry_out();
    if (taken == 0) break;
  }
  processing_ = false;
  finish_if_ended();
  flush();
  maybe_read();
}

void Connection::carry_out() {
  if (effects_.connect) {
    decide(*std::exchange(effects_.connect, std::nullopt));
  }
  if (!effects_.acknowledged.empty()) {
    broker_.acknowledge(*as_, effects_.acknowledged);
    effects_.acknowledged.clear();
    pump_wanted_ = true;
  }
  for (auto& request : effects_.requests) {
    if (auto* incoming = std::get_if<session::Incoming>(&request)) {
      take(std::move(*incoming));
    } else if (const auto* subscribe = std::get_if<packet::Subscribe>(&request)) {
      answer(*subscribe);
    } else {
      const auto& unsubscribe = std::get<packet::Unsubscribe>(request);
      broker_.unsubscribe(*as_, unsubscribe);
      channel_.unsubscribed(unsubscribe.id, effects_);
    }
  }
  effects_.requests.clear();
}

void Connection::decide(const packet::Connect& connect) {
  auto connected = broker_.connect(connect, attempt_, shared_from_this(), loop_);
  if (!connected.has_value()) return channel_.refused(connected.error(), effects_);
  as_ = *std::move(connected);
  attempt_ = {};
  channel_.accepted(as_->session_present, broker_.clock().steady(), effects_);
  pump_wanted_ = true;
  telemetry::log(telemetry::Level::debug, "mqtt connected",
                 {{"client_id", as_->session->client_id()}, {"principal", as_->identity->principal()}});
}

void Connection::take(session::Incoming incoming) {
  // After one that is not permitted nothing counts, though it came in the same read.
  if (refused_) return channel_.settled(incoming.ticket, false, effects_);
  auto& message = *incoming.message;
  message.client_id = as_->session->client_id();
  message.publisher = as_->identity;
  message.received = broker_.clock().now();
  if (!broker_.publish(*as_, incoming.message)) {
    // AWS IoT ends the connection, as MQTT 3.1.1 has no refusal for a PUBLISH (MQTT-3.3.5-2).
    refused_ = true;
    channel_.end(CloseReason::not_permitted, message.topic, effects_);
    return channel_.settled(incoming.ticket, false, effects_);
  }
  spawn_here(loop_, broker_.admit(std::move(incoming.message)),
             [self = shared_from_this(), ticket = incoming.ticket](const Result<void>& result) {
               self->on_admitted(ticket, result);
             });
}

void Connection::on_admitted(const session::Ticket& ticket, const Result<void>& result) {
  if (!result.has_value()) {
    telemetry::log(telemetry::Level::warn, "mqtt message not stored", {{"reason", result.error().message}});
  }
  channel_.settled(ticket, result.has_value(), effects_);
  if (!processing_) schedule_turn();
}

void Connection::answer(const packet::Subscribe& request) {
  const auto suback = broker_.subscribe(*as_, request);
  // AWS General Reference, "AWS IoT Core endpoints and quotas", subscriptions per connection: it is closed.
  if (!suback) return channel_.end(CloseReason::limit, "too many subscriptions", effects_);
  channel_.subscribed(*suback, effects_);
  pump_wanted_ = true;
}

/// Acknowledgements arrive one by one; they leave together, after whatever else the loop has queued.
void Connection::schedule_turn() {
  if (turn_scheduled_) return;
  turn_scheduled_ = true;
  loop_.post([self = shared_from_this()] { self->turn(); });
}

void Connection::turn() {
  turn_scheduled_ = false;
  if (draining_ && channel_.open_count() == 0) return end(CloseReason::shutdown, {});
  finish_if_ended();
  flush();
  if (!ended_ && !reading_ && opened_) process();
  maybe_read();
}

void Connection::flush() {
  if (write_under_way_ || !opened_ || lingering_) return;
  if (pump_wanted_ && as_ && !ended_) pump_wanted_ = broker_.pump(*as_, effects_.send, settings_.out_bytes_max);
  if (effects_.send.empty()) {
    if (ended_) linger_or_drop();
    return;
  }
  std::swap(effects_.send, writing_);
  write_under_way_ = true;
  write_began_ = broker_.clock().steady();
  write_all(writing_);
}

void Connection::on_written(bool good) {
  write_under_way_ = false;
  writing_.clear();
  if (writing_.capacity() > 2 * settings_.out_bytes_max) writing_.shrink_to_fit();
  if (!good) {
    if (ended_) return drop();
    end(CloseReason::connection_lost, {});
    return;
  }
  flush();
  if (!ended_ && !reading_) process();
  maybe_read();
}

void Connection::maybe_read() {
  if (reading_ || !opened_ || draining_ || !home_) return;
  if (ended_ && !lingering_) return;
  if (!ended_ && (!channel_.has_room() || effects_.send.size() >= settings_.out_bytes_max)) return;
  make_space();
  reading_ = true;
  read_some(std::span(in_.data() + in_end_, in_.size() - in_end_));
}

void Connection::make_space() {
  if (ended_ || in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    if (in_.size() > kUsualBufferBytesMax) {
      in_.clear();
      in_.shrink_to_fit();
    }
    if (in_.empty()) in_.resize(kFirstBufferBytes);
    return;
  }
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  // A full buffer means a large packet or a busy client; it grows with what really arrived, never with what a header
  // promises.
  if (in_end_ * 2 > in_.size()) in_.resize(std::min(in_.size() * 2, kBufferBytesMax + kFirstBufferBytes));
}

void Connection::end(CloseReason reason, std::string detail) {
  channel_.end(reason, std::move(detail), effects_);
  finish_if_ended();
  flush();
}

void Connection::finish_if_ended() {
  if (ended_ || !effects_.close) return;
  ended_ = true;
  ended_at_ = broker_.clock().steady();
  const auto [reason, detail] = *std::exchange(effects_.close, std::nullopt);
  const bool quiet = reason == CloseReason::client_disconnect || reason == CloseReason::connection_lost ||
                     reason == CloseReason::shutdown || reason == CloseReason::refused;
  telemetry::log(quiet ? telemetry::Level::debug : telemetry::Level::info, "mqtt connection closed",
                 {{"client_id", as_ ? std::string_view(as_->session->client_id()) : std::string_view()},
                  {"reason", session::to_string(reason)},
                  {"detail", detail}});
  if (as_) {
    const bool discard_will = reason == CloseReason::client_disconnect || reason == CloseReason::shutdown;
    broker_.disconnect(*as_, discard_will, loop_);
  }
  if (reason == CloseReason::connection_lost || reason == CloseReason::slow_consumer || !opened_) drop();
}

/// Closing a socket that still has unread bytes makes TCP throw away what we sent last (a CONNACK with the reason), so
/// the client is given a moment to read it and close.
void Connection::linger_or_drop() {
  if (!home_ || lingering_) return;
  if (draining_) return drop();
  lingering_ = true;
  shut_down_sending();
  maybe_read();
}

void Connection::tick(SteadyTime now) {
  if (ended_) {
    if (now - ended_at_ > settings_.linger) drop();
    return;
  }
  channel_.on_tick(now, reading_ || !opened_, effects_);
  if (write_under_way_ && now - write_began_ > settings_.write_timeout) {
    channel_.end(CloseReason::slow_consumer, {}, effects_);
  }
  if (effects_.close) {
    finish_if_ended();
    flush();
  } else if (!reading_) {
    // Others may have held all the memory for messages.
    process();
    maybe_read();
  }
}

void Connection::drain() {
  if (ended_ || draining_) return;
  draining_ = true;
  if (!opened_) return drop();
  if (channel_.open_count() == 0) end(CloseReason::shutdown, {});
}

void Connection::drop() {
  if (!ended_) {
    opened_ = false;  // nothing more leaves
    channel_.end(CloseReason::shutdown, {}, effects_);
    finish_if_ended();
  }
  if (!home_) return;
  close_socket();
  const auto self = shared_from_this();  // the home may hold the last reference
  std::exchange(home_, nullptr)->forget(*this);
}

}  // namespace penstock::mqtt::transport
