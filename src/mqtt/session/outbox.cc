#include "mqtt/session/outbox.h"

#include <algorithm>
#include <utility>

#include "mqtt/packet/v3.h"

namespace penstock::mqtt::session {
namespace {

std::size_t cost(const Message& message) { return message.topic.size() + message.payload.size(); }

}  // namespace

bool Outbox::offer(MessagePtr message, std::uint8_t qos, bool retained) {
  const std::size_t bytes = cost(*message);
  if (waiting_.size() >= limits_.outbound_waiting_max) return false;
  if (waiting_bytes_ + bytes > limits_.outbound_waiting_bytes_max) return false;
  if (limits_.memory->outbound > limits_.all_outbound_bytes_max) return false;
  waiting_bytes_ += bytes;
  qos = std::min(qos, message->qos);
  waiting_.push_back({std::move(message), qos, retained});
  return true;
}

std::size_t Outbox::pump(std::string& out, std::size_t out_bytes_max,
                         const std::function<bool(const Message&)>& may_receive) {
  for (auto& sent : in_flight_) {
    if (send_again_ == 0 || out.size() >= out_bytes_max) break;
    if (!sent.send_again) continue;
    append(out, sent.what, sent.id, true);
    sent.send_again = false;
    --send_again_;
  }
  std::size_t count = 0;
  while (!waiting_.empty() && out.size() < out_bytes_max && send_again_ == 0) {
    if (waiting_.front().qos > 0 && in_flight_.size() >= limits_.outbound_in_flight_max) break;
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= cost(*next.message);
    if (!may_receive(*next.message)) continue;
    const packet::PacketId id = next.qos > 0 ? take_id() : packet::PacketId{0};
    append(out, next, id, false);
    if (id != 0) in_flight_.push_back({id, false, next});
    ++count;
  }
  return count;
}

bool Outbox::acknowledge(packet::PacketId id) {
  const auto at = std::find_if(in_flight_.begin(), in_flight_.end(), [id](const InFlight& f) { return f.id == id; });
  if (at == in_flight_.end()) return false;
  if (at->send_again) --send_again_;
  in_flight_.erase(at);
  return true;
}

void Outbox::interrupted() {
  std::erase_if(waiting_, [this](const Waiting& waiting) {
    if (waiting.qos > 0) return false;
    waiting_bytes_ -= cost(*waiting.message);
    return true;
  });
  for (auto& sent : in_flight_) sent.send_again = true;
  send_again_ = in_flight_.size();
}

void Outbox::clear() {
  waiting_.clear();
  in_flight_.clear();
  waiting_bytes_ = 0;
  send_again_ = 0;
}

bool Outbox::ready() const {
  if (send_again_ > 0) return true;
  if (waiting_.empty()) return false;
  return waiting_.front().qos == 0 || in_flight_.size() < limits_.outbound_in_flight_max;
}

packet::PacketId Outbox::take_id() {
  const auto taken = [this](packet::PacketId id) {
    return std::any_of(in_flight_.begin(), in_flight_.end(), [id](const InFlight& f) { return f.id == id; });
  };
  do {
    ++last_id_;
    if (last_id_ == 0) last_id_ = 1;
  } while (taken(last_id_));
  return last_id_;
}

void Outbox::append(std::string& out, const Waiting& what, packet::PacketId id, bool duplicate) const {
  packet::v3::append_publish(out, {.topic = what.message->topic,
                                   .payload = what.message->payload,
                                   .id = id,
                                   .qos = what.qos,
                                   .retain = what.retained,
                                   .duplicate = duplicate});
}

}  // namespace penstock::mqtt::session
