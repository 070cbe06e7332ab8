#pragma once
/// One client's session: its subscriptions and what waits for it. With a connection it is attached to a Link; a
/// persistent one (clean session 0) lives on without. Any loop may put messages in; the connection's loop takes them
/// out.
/// Threads: any; guarded by its own mutex. Lock order: Registry, Session, Subscriptions.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "mqtt/hooks.h"
#include "mqtt/session/effects.h"
#include "mqtt/session/outbox.h"

namespace penstock::mqtt::broker {

/// A connection, as the broker sees it. Threads: any; both only post to the connection's loop.
class Link {
 public:
  virtual ~Link() = default;
  /// Messages wait: pump when you can. Called again only after a pump.
  virtual void wake() = 0;
  virtual void close(session::CloseReason reason) = 0;
};
using LinkPtr = std::shared_ptr<Link>;

class Subscriptions;

class Session : public std::enable_shared_from_this<Session> {
 public:
  /// Grows with every connection; a call with an old number finds itself replaced and does nothing.
  using Epoch = std::uint64_t;

  Session(std::string client_id, const session::Limits& limits)
      : client_id_(std::move(client_id)), limits_(limits), outbox_(limits) {}

  [[nodiscard]] const std::string& client_id() const { return client_id_; }

  struct Attachment {
    Epoch epoch = 0;
    bool resumed = false;              ///< there was a session to come back to
    LinkPtr replaced;                  ///< to be closed: taken over
    std::optional<packet::Will> will;  ///< of the replaced connection
    IdentityPtr replaced_identity;
  };
  /// nullopt: this session has ended meanwhile; look it up again.
  std::optional<Attachment> attach(LinkPtr link, IdentityPtr identity, bool persistent,
                                   std::optional<packet::Will> will) EXCLUDES(mutex_);

  [[nodiscard]] bool persistent() const EXCLUDES(mutex_);

  struct Detachment {
    bool current = false;  ///< false: another connection has taken over
    bool ended = false;    ///< not persistent: the session is to be forgotten
    std::optional<packet::Will> will;
  };
  Detachment detach(Epoch epoch, Timestamp now) EXCLUDES(mutex_);

  /// Ends the session whatever it does, and its subscriptions. Gives the link to close, if any.
  struct Ended {
    LinkPtr link;
    std::optional<packet::Will> will;
    IdentityPtr identity;
  };
  Ended end(Subscriptions& subscriptions) EXCLUDES(mutex_);
  /// True (and ended) when it has had no connection since before `deadline`.
  bool end_if_idle_since(Timestamp deadline, Subscriptions& subscriptions) EXCLUDES(mutex_);

  enum class Offer : std::uint8_t { taken, dropped };
  Offer offer(MessagePtr message, std::uint8_t qos, bool retained = false) EXCLUDES(mutex_);

  struct Pumped {
    std::size_t count = 0;  ///< messages sent for the first time
    bool more = false;      ///< `out` is full: pump again when it has been written; there will be no wake before
  };
  /// Moves what may be sent to `out` (see Outbox::pump).
  Pumped pump(Epoch epoch, std::string& out, std::size_t out_bytes_max,
              const std::function<bool(const Message&)>& may_receive) EXCLUDES(mutex_);
  void acknowledge(Epoch epoch, const std::vector<packet::PacketId>& ids) EXCLUDES(mutex_);

  enum class Added : std::uint8_t { added, too_many, replaced };
  Added subscribe(Epoch epoch, const std::string& filter, std::uint8_t qos, Subscriptions& subscriptions)
      EXCLUDES(mutex_);
  void unsubscribe(Epoch epoch, const std::string& filter, Subscriptions& subscriptions) EXCLUDES(mutex_);

 private:
  void drop_subscriptions(Subscriptions& subscriptions) REQUIRES(mutex_);

  const std::string client_id_;
  const session::Limits& limits_;
  mutable Mutex mutex_;
  session::Outbox outbox_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::uint8_t> filters_ GUARDED_BY(mutex_);  // bounded by subscriptions_max
  LinkPtr link_ GUARDED_BY(mutex_);
  IdentityPtr identity_ GUARDED_BY(mutex_);
  std::optional<packet::Will> will_ GUARDED_BY(mutex_);
  Epoch epoch_ GUARDED_BY(mutex_) = 0;
  bool persistent_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  Timestamp idle_since_ GUARDED_BY(mutex_){};
};

}  // namespace penstock::mqtt::broker
