#include "mqtt/broker/session.h"

#include <utility>

#include "mqtt/broker/subscriptions.h"

namespace penstock::mqtt::broker {

std::optional<Session::Attachment> Session::attach(LinkPtr link, IdentityPtr identity, bool persistent,
                                                   std::optional<packet::Will> will) {
  const MutexLock lock(mutex_);
  if (ended_) return std::nullopt;
  Attachment out;
  out.epoch = ++epoch_;
  out.resumed = epoch_ > 1;
  out.replaced = std::exchange(link_, std::move(link));
  if (out.replaced) {
    out.will = std::move(will_);
    out.replaced_identity = std::move(identity_);
  }
  identity_ = std::move(identity);
  will_ = std::move(will);
  persistent_ = persistent;
  outbox_.interrupted();
  woken_ = true;  // the connection pumps once after CONNACK
  return out;
}

Session::Detachment Session::detach(Epoch epoch, Timestamp now) {
  const MutexLock lock(mutex_);
  if (epoch != epoch_ || ended_) return {};
  Detachment out{.current = true, .ended = !persistent_, .will = std::exchange(will_, std::nullopt)};
  link_.reset();
  outbox_.interrupted();
  idle_since_ = now;
  return out;
}

bool Session::persistent() const {
  const MutexLock lock(mutex_);
  return persistent_ && !ended_;
}

void Session::drop_subscriptions(Subscriptions& subscriptions) {
  for (const auto& [filter, qos] : filters_) subscriptions.remove(filter, this);
  filters_.clear();
}

Session::Ended Session::end(Subscriptions& subscriptions) {
  const MutexLock lock(mutex_);
  if (ended_) return {};
  ended_ = true;
  drop_subscriptions(subscriptions);
  outbox_.clear();
  return {std::exchange(link_, nullptr), std::exchange(will_, std::nullopt), std::move(identity_)};
}

bool Session::end_if_idle_since(Timestamp deadline, Subscriptions& subscriptions) {
  const MutexLock lock(mutex_);
  if (ended_ || link_ || idle_since_ > deadline) return false;
  ended_ = true;
  drop_subscriptions(subscriptions);
  outbox_.clear();
  return true;
}

Session::Offer Session::offer(MessagePtr message, std::uint8_t qos, bool retained) {
  LinkPtr to_wake;
  {
    const MutexLock lock(mutex_);
    if (ended_) return Offer::dropped;
    // A sleeping client keeps only what both sides wanted at QoS 1 (IoT Developer Guide, "MQTT persistent sessions").
    if (!link_ && (qos == 0 || message->qos == 0)) return Offer::dropped;
    if (!outbox_.offer(std::move(message), qos, retained)) return Offer::dropped;
    if (link_ && !woken_ && outbox_.ready()) {
      woken_ = true;
      to_wake = link_;
    }
  }
  if (to_wake) to_wake->wake();
  return Offer::taken;
}

Session::Pumped Session::pump(Epoch epoch, std::string& out, std::size_t out_bytes_max,
                              const std::function<bool(const Message&)>& may_receive) {
  const MutexLock lock(mutex_);
  if (epoch != epoch_ || ended_) return {};
  const std::size_t count = outbox_.pump(out, out_bytes_max, may_receive);
  woken_ = outbox_.ready();
  return {count, woken_};
}

void Session::acknowledge(Epoch epoch, const std::vector<packet::PacketId>& ids) {
  const MutexLock lock(mutex_);
  if (epoch != epoch_) return;
  for (const auto id : ids) outbox_.acknowledge(id);
}

Session::Added Session::subscribe(Epoch epoch, const std::string& filter, std::uint8_t qos,
                                  Subscriptions& subscriptions) {
  const MutexLock lock(mutex_);
  if (epoch != epoch_ || ended_) return Added::replaced;
  if (!filters_.contains(filter) && filters_.size() >= limits_.subscriptions_max) return Added::too_many;
  filters_[filter] = qos;
  subscriptions.add(filter, shared_from_this(), qos);
  return Added::added;
}

void Session::unsubscribe(Epoch epoch, const std::string& filter, Subscriptions& subscriptions) {
  const MutexLock lock(mutex_);
  if (epoch != epoch_ || ended_ || filters_.erase(filter) == 0) return;
  subscriptions.remove(filter, this);
}

}  // namespace penstock::mqtt::broker
