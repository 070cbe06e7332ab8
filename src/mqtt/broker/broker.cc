#include "mqtt/broker/broker.h"

#include <utility>

#include "mqtt/broker/message_memory.h"
#include "mqtt/packet/topic.h"
#include "telemetry/log.h"

namespace penstock::mqtt {

using broker::LinkPtr;
using broker::Session;
using broker::SessionPtr;
using packet::ConnectCode;
using session::CloseReason;

namespace {

/// Sleeping sessions are looked over this often; AWS says that a session may live somewhat longer than promised.
constexpr std::chrono::seconds kExpiryEvery{30};

}  // namespace

Broker::Broker(const Clock& clock, Random& random, catalog::Catalog* catalog, Gatekeeper& gatekeeper, PublishSink& sink,
               BrokerOptions options)
    : clock_(clock),
      random_(random),
      gatekeeper_(gatekeeper),
      sink_(sink),
      options_(options),
      retained_(catalog, options.retained) {}

Broker::~Broker() = default;

Result<void> Broker::load() { return retained_.load(); }

std::expected<Broker::Connected, ConnectCode> Broker::connect(const packet::Connect& connect, ConnectAttempt attempt,
                                                              LinkPtr link, Executor& executor) {
  // MQTT-3.1.3-6: a client without an id gets one of its own.
  attempt.client_id = connect.client_id.empty() ? "auto-" + random_.uuid() : connect.client_id;
  attempt.username = connect.username;
  attempt.password = connect.password;
  auto identity = gatekeeper_.connect(attempt);
  if (identity.has_value() && connect.will &&
      !gatekeeper_.may_publish(**identity, connect.will->topic, connect.will->retain)) {
    identity = fail(ErrorKind::denied, "the Will may not be published");
  }
  if (!identity.has_value()) {
    denied_.fetch_add(1, std::memory_order_relaxed);
    telemetry::log(telemetry::Level::info, "mqtt connect refused",
                   {{"client_id", attempt.client_id}, {"reason", identity.error().message}});
    switch (identity.error().kind) {
      case ErrorKind::invalid: return std::unexpected(ConnectCode::identifier_rejected);
      case ErrorKind::denied: return std::unexpected(ConnectCode::not_authorized);
      default: return std::unexpected(ConnectCode::server_unavailable);
    }
  }
  Replaced replaced;
  auto found = find_session(connect, attempt.client_id, std::move(link), *identity, replaced);
  if (!found.has_value()) return std::unexpected(ConnectCode::server_unavailable);
  if (replaced.link) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    replaced.link->close(CloseReason::taken_over);
  }
  if (replaced.will) run_will(std::move(*replaced.will), attempt.client_id, std::move(replaced.identity), executor);
  connections_.fetch_add(1, std::memory_order_relaxed);
  return *std::move(found);
}

Result<Broker::Connected> Broker::find_session(const packet::Connect& connect, const std::string& client_id,
                                               LinkPtr link, IdentityPtr identity, Replaced& replaced) {
  const MutexLock lock(mutex_);
  const auto at = sessions_.find(client_id);
  if (at != sessions_.end() && !connect.clean_session && at->second->persistent()) {
    if (auto attached = at->second->attach(link, identity, true, connect.will)) {
      replaced = {std::move(attached->replaced), std::move(attached->will), std::move(attached->replaced_identity)};
      return Connected{at->second, attached->epoch, attached->resumed, std::move(identity)};
    }
  }
  if (at != sessions_.end()) {  // MQTT-3.1.2-6: a clean session discards what was there
    auto ended = at->second->end(subscriptions_);
    replaced = {std::move(ended.link), std::move(ended.will), std::move(ended.identity)};
    sessions_.erase(at);
  }
  if (sessions_.size() >= options_.sessions_max) return fail(ErrorKind::throttled, "too many sessions");
  auto session = std::make_shared<Session>(client_id, options_.limits);
  auto attached = session->attach(std::move(link), identity, !connect.clean_session, connect.will);
  sessions_.emplace(client_id, session);
  return Connected{std::move(session), attached->epoch, false, std::move(identity)};
}

void Broker::disconnect(const Connected& connection, bool discard_will, Executor& executor) {
  auto detached = connection.session->detach(connection.epoch, clock_.now());
  if (!detached.current) return;
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (detached.ended) {
    connection.session->end(subscriptions_);
    forget(connection.session);
  }
  if (detached.will && !discard_will) {
    run_will(std::move(*detached.will), connection.session->client_id(), connection.identity, executor);
  }
}

void Broker::forget(const SessionPtr& session) {
  const MutexLock lock(mutex_);
  const auto at = sessions_.find(session->client_id());
  if (at != sessions_.end() && at->second == session) sessions_.erase(at);
}

void Broker::run_will(packet::Will will, const std::string& client_id, IdentityPtr identity, Executor& executor) {
  auto message = std::make_shared<Message>();
  message->topic = std::move(will.topic);
  message->payload = std::move(will.payload);
  message->qos = will.qos;
  message->retain = will.retain;
  message->client_id = client_id;
  message->publisher = identity;
  message->received = clock_.now();
  const Connected as{nullptr, 0, false, std::move(identity)};
  if (!publish(as, message)) return;
  spawn_here(executor, admit(message), [](const Result<void>& admitted) {
    if (!admitted.has_value()) {
      telemetry::log(telemetry::Level::warn, "mqtt will not stored", {{"reason", admitted.error().message}});
    }
  });
}

bool Broker::publish(const Connected& connection, const MessagePtr& message) {
  if (!gatekeeper_.may_publish(*connection.identity, message->topic, message->retain)) {
    denied_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  messages_in_.fetch_add(1, std::memory_order_relaxed);
  if (!packet::is_basic_ingest(message->topic)) deliver(message);
  return true;
}

Task<Result<void>> Broker::admit(MessagePtr message) {
  struct Both {
    static Task<Result<void>> run(PublishSink& sink, broker::Retained& retained, MessagePtr message) {
      PENSTOCK_CO_TRY_VOID(co_await sink.on_publish(message));
      co_return co_await retained.store(message);
    }
  };
  if (message->retain) return Both::run(sink_, retained_, std::move(message));
  return sink_.on_publish(std::move(message));
}

void Broker::deliver(MessagePtr message) {
  if (subscriptions_.count() == 0) return;
  thread_local std::vector<broker::Subscriber> subscribers;
  // Taken out for the while: waking a link must not find it in use.
  auto found = std::move(subscribers);
  subscriptions_.match(message->topic, found);
  if (!found.empty()) message = broker::counted(std::move(message), options_.limits.memory);
  for (const auto& subscriber : found) {
    if (subscriber.session->offer(message, subscriber.qos) == Session::Offer::dropped) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  found.clear();
  subscribers = std::move(found);
}

std::optional<packet::Suback> Broker::subscribe(const Connected& connection, const packet::Subscribe& request) {
  packet::Suback answer{.id = request.id, .codes = {}};
  for (const auto& [filter, qos] : request.subscriptions) {
    if (!gatekeeper_.may_subscribe(*connection.identity, filter)) {
      denied_.fetch_add(1, std::memory_order_relaxed);
      answer.codes.push_back(packet::kSubscriptionRefused);
      continue;
    }
    switch (connection.session->subscribe(connection.epoch, filter, qos, subscriptions_)) {
      case Session::Added::added: answer.codes.push_back(qos); break;
      case Session::Added::replaced: answer.codes.push_back(packet::kSubscriptionRefused); break;
      case Session::Added::too_many: return std::nullopt;
    }
    // IoT Developer Guide, "Using MQTT retained messages": only a filter that is the topic itself brings the retained
    // message.
    if (packet::has_wildcards(filter)) continue;
    if (auto message = retained_.find(filter)) connection.session->offer(std::move(message), qos, true);
  }
  return answer;
}

void Broker::unsubscribe(const Connected& connection, const packet::Unsubscribe& request) {
  for (const auto& filter : request.filters) connection.session->unsubscribe(connection.epoch, filter, subscriptions_);
}

bool Broker::pump(const Connected& connection, std::string& out, std::size_t out_bytes_max) {
  const auto may_receive = [&](const Message& message) {
    return gatekeeper_.may_receive(*connection.identity, message.topic);
  };
  const auto pumped = connection.session->pump(connection.epoch, out, out_bytes_max, may_receive);
  messages_out_.fetch_add(pumped.count, std::memory_order_relaxed);
  return pumped.more;
}

void Broker::expire_sessions() {
  const Timestamp now = clock_.now();
  std::vector<SessionPtr> all;
  {
    const MutexLock lock(mutex_);
    if (now < next_expiry_) return;
    next_expiry_ = now + kExpiryEvery;
    all.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) all.push_back(session);
  }
  for (const auto& session : all) {
    if (session->end_if_idle_since(now - options_.session_expiry, subscriptions_)) forget(session);
  }
}

BrokerStats Broker::stats() const {
  BrokerStats out;
  out.connections_now = connections_.load(std::memory_order_relaxed);
  out.subscriptions_now = subscriptions_.count();
  out.messages_in = messages_in_.load(std::memory_order_relaxed);
  out.messages_out = messages_out_.load(std::memory_order_relaxed);
  out.messages_dropped = dropped_.load(std::memory_order_relaxed);
  out.denied = denied_.load(std::memory_order_relaxed);
  out.inbound_bytes_now = options_.limits.memory->inbound;
  out.outbound_bytes_now = options_.limits.memory->outbound;
  const MutexLock lock(mutex_);
  out.sessions_now = sessions_.size();
  return out;
}

}  // namespace penstock::mqtt
