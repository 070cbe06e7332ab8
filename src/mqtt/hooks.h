#pragma once
/// What the broker asks of the house: who a client is, what it may do, and where published messages go.
/// Implemented by services/iot; the mqtt room knows no AWS.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "core/task.h"

namespace penstock::mqtt {

/// How a client came in.
struct ConnectAttempt {
  std::string client_id;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> peer_certificate_pem;  ///< verified against nothing yet but that the client has its key
  std::string remote_address;
  bool secure = false;
};

/// An authenticated client, as the house sees it; the broker only carries it.
class ClientIdentity {
 public:
  virtual ~ClientIdentity() = default;
  [[nodiscard]] virtual std::string_view principal() const = 0;  ///< for logs: certificate id or "anonymous"
};
using IdentityPtr = std::shared_ptr<const ClientIdentity>;

/// Decides. Threads: any; answers from memory, never blocks. A policy change holds from the next question on.
class Gatekeeper {
 public:
  virtual ~Gatekeeper() = default;
  /// Errors: denied (CONNACK 5), invalid (CONNACK 2 for the client id).
  [[nodiscard]] virtual Result<IdentityPtr> connect(const ConnectAttempt& attempt) = 0;
  [[nodiscard]] virtual bool may_publish(const ClientIdentity& who, std::string_view topic, bool retain) = 0;
  [[nodiscard]] virtual bool may_subscribe(const ClientIdentity& who, std::string_view filter) = 0;
  [[nodiscard]] virtual bool may_receive(const ClientIdentity& who, std::string_view topic) = 0;
};

/// Shared and immutable once published.
struct Message {
  std::string topic;
  std::string payload;
  std::uint8_t qos = 0;
  bool retain = false;
  std::string client_id;  ///< of the publisher; empty for messages the house publishes itself
  IdentityPtr publisher;  ///< null likewise
  Timestamp received{};
};
using MessagePtr = std::shared_ptr<const Message>;

/// Where every accepted message goes besides its subscribers (the rules). Completes when all that its acknowledgement
/// promises is durable. An error means: do not acknowledge (the broker closes the connection, the device sends again).
class PublishSink {
 public:
  virtual ~PublishSink() = default;
  virtual Task<Result<void>> on_publish(MessagePtr message) = 0;
};

/// The way back: the house publishes into the broker (republish actions, HTTPS publish). Threads: any.
class Publisher {
 public:
  virtual ~Publisher() = default;
  /// Gives the message to its subscribers. Does not call the PublishSink.
  virtual void deliver(MessagePtr message) = 0;
};

}  // namespace penstock::mqtt
