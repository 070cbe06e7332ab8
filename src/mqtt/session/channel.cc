#include "mqtt/session/channel.h"

#include <algorithm>
#include <utility>

#include "mqtt/packet/topic.h"
#include "mqtt/packet/v3.h"

namespace penstock::mqtt::session {

using packet::Frame;
using packet::Type;

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::client_disconnect: return "client disconnect";
    case CloseReason::connection_lost: return "connection lost";
    case CloseReason::refused: return "refused";
    case CloseReason::protocol_error: return "protocol error";
    case CloseReason::limit: return "limit";
    case CloseReason::not_permitted: return "not permitted";
    case CloseReason::keep_alive: return "keep-alive timeout";
    case CloseReason::connect_timeout: return "no CONNECT in time";
    case CloseReason::taken_over: return "duplicate client id";
    case CloseReason::not_stored: return "message not stored";
    case CloseReason::slow_consumer: return "slow consumer";
    case CloseReason::shutdown: return "shutdown";
  }
  return "";
}

std::size_t Channel::on_bytes(std::string_view in, SteadyTime now, Effects& out) {
  std::size_t taken = 0;
  while ((state_ == State::waiting_for_connect || state_ == State::connected) && has_room()) {
    const auto frame = packet::cut_frame(in.substr(taken));
    if (!frame.has_value()) {
      end(CloseReason::protocol_error, frame.error().message, out);
      break;
    }
    if (!frame->has_value()) break;
    taken += (*frame)->size;
    last_heard_ = now;
    ++packets_;
    on_frame(**frame, out);
  }
  return taken;
}

void Channel::on_frame(const Frame& frame, Effects& out) {
  if (state_ == State::waiting_for_connect) {
    if (frame.type != Type::connect) return end(CloseReason::protocol_error, "first packet is no CONNECT", out);
    return on_connect(frame, out);
  }
  switch (frame.type) {
    case Type::publish: return on_publish(frame, out);
    case Type::puback: {
      const auto id = packet::v3::decode_id_only(frame);
      if (!id.has_value()) return end(CloseReason::protocol_error, id.error().message, out);
      out.acknowledged.push_back(*id);
      return;
    }
    case Type::subscribe: return on_subscribe(frame, out);
    case Type::unsubscribe: return on_unsubscribe(frame, out);
    case Type::pingreq:
    case Type::disconnect: {
      const auto empty = packet::v3::decode_empty(frame);
      if (!empty.has_value()) return end(CloseReason::protocol_error, empty.error().message, out);
      if (frame.type == Type::disconnect) return end(CloseReason::client_disconnect, {}, out);
      return packet::v3::append_pingresp(out.send);
    }
    case Type::pubrec:
    case Type::pubrel:
    case Type::pubcomp: return end(CloseReason::limit, "QoS 2 is not supported", out);
    default:  // a second CONNECT (MQTT-3.1.0-2), or a packet that only servers send
      return end(CloseReason::protocol_error, "unexpected packet", out);
  }
}

void Channel::on_connect(const Frame& frame, Effects& out) {
  auto connect = packet::v3::decode_connect(frame);
  if (!connect.has_value()) return end(CloseReason::protocol_error, connect.error().message, out);
  state_ = State::deciding;
  if (connect->protocol_level != packet::kProtocolLevel311) {
    return refused(packet::ConnectCode::unacceptable_protocol_version, out);
  }
  // MQTT-3.1.3-8: an empty client id asks for one of our own making, which cannot have a session to come back to.
  const bool nameless = connect->client_id.empty() && !connect->clean_session;
  if (nameless || connect->client_id.size() > limits_.client_id_bytes_max) {
    return refused(packet::ConnectCode::identifier_rejected, out);
  }
  if (connect->will) {
    const auto fault = packet::check_topic_name(connect->will->topic);
    if (fault != packet::TopicFault::none) {
      return end(CloseReason::limit, "Will: " + std::string(packet::to_string(fault)), out);
    }
    if (connect->will->qos == 2) return end(CloseReason::limit, "Will with QoS 2", out);
  }
  const std::chrono::seconds asked(connect->keep_alive_s);
  keep_alive_ =
      asked.count() == 0 ? limits_.keep_alive_max : std::clamp(asked, limits_.keep_alive_min, limits_.keep_alive_max);
  out.connect = std::move(*connect);
}

void Channel::accepted(bool session_present, SteadyTime now, Effects& out) {
  if (state_ != State::deciding) return;
  state_ = State::connected;
  last_heard_ = now;
  packet::v3::append_connack(out.send, {.session_present = session_present, .code = packet::ConnectCode::accepted});
}

void Channel::refused(packet::ConnectCode code, Effects& out) {
  if (state_ != State::deciding) return;
  packet::v3::append_connack(out.send, {.session_present = false, .code = code});  // MQTT-3.2.2-4
  end(CloseReason::refused, "CONNACK " + std::to_string(static_cast<int>(code)), out);
}

void Channel::on_publish(const Frame& frame, Effects& out) {
  const auto publish = packet::v3::decode_publish(frame);
  if (!publish.has_value()) return end(CloseReason::protocol_error, publish.error().message, out);
  // IoT Developer Guide, "AWS IoT differences from MQTT": QoS 2 is not supported, no PUBREC is sent.
  if (publish->qos == 2) return end(CloseReason::limit, "PUBLISH with QoS 2", out);
  const auto fault = packet::check_topic_name(publish->topic);
  if (fault != packet::TopicFault::none) return end(CloseReason::limit, std::string(packet::to_string(fault)), out);
  if (publish->payload.size() > packet::kPayloadBytesMax) return end(CloseReason::limit, "payload too large", out);
  if (publish->retain && packet::is_reserved(publish->topic)) {
    return end(CloseReason::limit, "RETAIN on a reserved topic", out);  // same guide, "Using MQTT retained messages"
  }
  auto message = std::make_shared<Message>();
  message->topic = publish->topic;
  message->payload = publish->payload;
  message->qos = publish->qos;
  message->retain = publish->retain;
  Ticket ticket{.number = 0, .qos = publish->qos, .bytes = static_cast<std::uint32_t>(frame.size)};
  if (publish->qos == 1) {
    ticket.number = first_number_ + unacknowledged_.size();
    unacknowledged_.push_back({publish->id, false});
  }
  ++open_count_;
  open_bytes_ += ticket.bytes;
  limits_.memory->inbound += ticket.bytes;
  out.requests.emplace_back(Incoming{ticket, std::move(message)});
}

void Channel::settled(const Ticket& ticket, bool stored, Effects& out) {
  PENSTOCK_ASSERT(open_count_ > 0 && open_bytes_ >= ticket.bytes);
  --open_count_;
  open_bytes_ -= ticket.bytes;
  limits_.memory->inbound -= ticket.bytes;
  if (ticket.qos == 0) return;
  if (state_ == State::closed) return;
  if (!stored) return end(CloseReason::not_stored, {}, out);
  unacknowledged_[ticket.number - first_number_].settled = true;
  while (!unacknowledged_.empty() && unacknowledged_.front().settled) {
    packet::v3::append_puback(out.send, unacknowledged_.front().id);
    unacknowledged_.pop_front();
    ++first_number_;
  }
}

void Channel::on_subscribe(const Frame& frame, Effects& out) {
  auto subscribe = packet::v3::decode_subscribe(frame);
  if (!subscribe.has_value()) return end(CloseReason::protocol_error, subscribe.error().message, out);
  if (subscribe->subscriptions.size() > limits_.subscriptions_per_request_max) {
    return end(CloseReason::limit, "too many subscriptions in one SUBSCRIBE", out);
  }
  for (const auto& subscription : subscribe->subscriptions) {
    const auto fault = packet::check_topic_filter(subscription.filter);
    if (fault != packet::TopicFault::none) return end(CloseReason::limit, std::string(packet::to_string(fault)), out);
    // IoT Developer Guide, "AWS IoT differences from MQTT": no SUBACK is sent when QoS 2 is requested. Granting less,
    // as other brokers do, would only hide it until the device meets AWS.
    if (subscription.qos == 2) return end(CloseReason::limit, "SUBSCRIBE with QoS 2", out);
  }
  out.requests.emplace_back(std::move(*subscribe));
}

void Channel::on_unsubscribe(const Frame& frame, Effects& out) {
  auto unsubscribe = packet::v3::decode_unsubscribe(frame);
  if (!unsubscribe.has_value()) return end(CloseReason::protocol_error, unsubscribe.error().message, out);
  for (const auto& filter : unsubscribe->filters) {
    const auto fault = packet::check_topic_filter(filter);
    if (fault != packet::TopicFault::none) return end(CloseReason::limit, std::string(packet::to_string(fault)), out);
  }
  out.requests.emplace_back(std::move(*unsubscribe));
}

void Channel::subscribed(const packet::Suback& answer, Effects& out) {
  if (state_ == State::connected) packet::v3::append_suback(out.send, answer);
}

void Channel::unsubscribed(packet::PacketId id, Effects& out) {
  if (state_ == State::connected) packet::v3::append_unsuback(out.send, id);
}

void Channel::on_tick(SteadyTime now, bool reading, Effects& out) {
  if (state_ == State::closed) return;
  if (state_ != State::connected) {
    if (now - last_heard_ > limits_.connect_timeout) end(CloseReason::connect_timeout, {}, out);
    return;
  }
  if (!reading) last_heard_ = now;
  if ((now - last_heard_) * 2 > keep_alive_ * 3) end(CloseReason::keep_alive, {}, out);  // MQTT-3.1.2-24
}

void Channel::end(CloseReason reason, std::string detail, Effects& out) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  out.close = Close{reason, std::move(detail)};
}

}  // namespace penstock::mqtt::session
