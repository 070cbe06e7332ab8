#pragma once
/// The broker: sessions by client id, who gets which message, retained messages and Wills. It knows no socket; a
/// connection is a Link and calls in from its own loop.
///
/// Guarantee: a client's sink work, retained store and deliveries are asked of the Gatekeeper for every packet.
/// Order:     messages of one publisher reach a subscriber in the order published (specification 4.6).
/// Threads:   any.
/// Bounds:    sessions_max sessions; session::Limits for each; RetainedLimits.
/// Life:      the clock, random, catalog, gatekeeper and sink outlive it; it outlives every connection.
/// Durability: retained messages are in the catalog. Persistent sessions (clean session 0) live in memory: they survive
///            a client's reconnect for session_expiry, not a restart of Penstock.

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"
#include "mqtt/broker/retained.h"
#include "mqtt/broker/session.h"
#include "mqtt/broker/subscriptions.h"
#include "mqtt/hooks.h"
#include "mqtt/session/limits.h"

namespace penstock::mqtt {

struct BrokerOptions {
  session::Limits limits;
  std::size_t sessions_max = 100'000;
  std::chrono::minutes session_expiry{60};  ///< IoT Developer Guide, "MQTT persistent sessions": one hour
  broker::RetainedLimits retained;
};

/// Counts since the start, except where it says "now".
struct BrokerStats {
  std::uint64_t connections_now = 0;
  std::uint64_t sessions_now = 0;  ///< with the sleeping ones
  std::uint64_t subscriptions_now = 0;
  std::uint64_t messages_in = 0;         ///< PUBLISHes accepted from clients
  std::uint64_t messages_out = 0;        ///< PUBLISHes sent to subscribers
  std::uint64_t messages_dropped = 0;    ///< for want of room at a subscriber
  std::uint64_t inbound_bytes_now = 0;   ///< of PUBLISHes that are not settled
  std::uint64_t outbound_bytes_now = 0;  ///< of messages that subscribers have yet to take
  std::uint64_t denied = 0;              ///< connects, publishes and subscriptions that the Gatekeeper refused
};

class Broker final : public Publisher {
 public:
  /// `catalog` may be null: then retained messages are kept in memory only.
  Broker(const Clock& clock, Random& random, catalog::Catalog* catalog, Gatekeeper& gatekeeper, PublishSink& sink,
         BrokerOptions options = {});
  ~Broker() override;

  /// Reads the retained messages. Once, before the first connection.
  Result<void> load();

  // For the house.

  /// To its subscribers; neither the sink nor the retained messages see it.
  void deliver(MessagePtr message) override;
  /// Keeps a message as its topic's retained one (empty payload: removes it).
  Task<Result<void>> retain(MessagePtr message) { return retained_.store(std::move(message)); }
  [[nodiscard]] const broker::Retained& retained() const { return retained_; }
  [[nodiscard]] BrokerStats stats() const;

  // For connections.

  struct Connected {
    broker::SessionPtr session;
    broker::Session::Epoch epoch = 0;
    bool session_present = false;
    IdentityPtr identity;
  };
  /// Asks the Gatekeeper, finds or makes the session, and closes the connection that had this client id before. The
  /// Will of that connection runs on `executor`, whose thread must be the caller's.
  std::expected<Connected, packet::ConnectCode> connect(const packet::Connect& connect, ConnectAttempt attempt,
                                                        broker::LinkPtr link, Executor& executor);

  /// The end of a connection; the Will is published unless `discard_will`.
  void disconnect(const Connected& connection, bool discard_will, Executor& executor);

  /// Whether the client may publish this; if so the message is on its way to its subscribers, and the caller must run
  /// admit() and acknowledge as it ends.
  [[nodiscard]] bool publish(const Connected& connection, const MessagePtr& message);
  /// The sink, and the retained store where asked for.
  Task<Result<void>> admit(MessagePtr message);

  /// The SUBACK codes, in order; nullopt: more than subscriptions_max, close the connection. Retained messages are on
  /// their way afterwards.
  std::optional<packet::Suback> subscribe(const Connected& connection, const packet::Subscribe& request);
  void unsubscribe(const Connected& connection, const packet::Unsubscribe& request);

  void acknowledge(const Connected& connection, const std::vector<packet::PacketId>& ids) {
    connection.session->acknowledge(connection.epoch, ids);
  }
  /// Appends what waits for the client to `out`, as far as `out_bytes_max`. True: there is more, pump again when `out`
  /// has been written. Otherwise pump after a wake and after an acknowledgement.
  bool pump(const Connected& connection, std::string& out, std::size_t out_bytes_max);

  /// To be called now and then: ends sessions that slept longer than session_expiry.
  void expire_sessions();

  [[nodiscard]] const BrokerOptions& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  struct Replaced {
    broker::LinkPtr link;
    std::optional<packet::Will> will;
    IdentityPtr identity;
  };
  Result<Connected> find_session(const packet::Connect& connect, const std::string& client_id, broker::LinkPtr link,
                                 IdentityPtr identity, Replaced& replaced) EXCLUDES(mutex_);
  void forget(const broker::SessionPtr& session) EXCLUDES(mutex_);
  void run_will(packet::Will will, const std::string& client_id, IdentityPtr identity, Executor& executor);

  const Clock& clock_;
  Random& random_;
  Gatekeeper& gatekeeper_;
  PublishSink& sink_;
  const BrokerOptions options_;
  broker::Subscriptions subscriptions_;
  broker::Retained retained_;

  mutable Mutex mutex_;
  std::unordered_map<std::string, broker::SessionPtr> sessions_ GUARDED_BY(mutex_);  // bounded by sessions_max
  Timestamp next_expiry_ GUARDED_BY(mutex_){};

  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> messages_in_ = 0;
  std::atomic<std::uint64_t> messages_out_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> denied_ = 0;
};

}  // namespace penstock::mqtt
