#pragma once
/// Who an MQTT client is and what it may do: IoT policies for certificates, IAM for access keys, a setting for clients
/// that show nothing.
///
///   client shows                          it is                       governed by
///   a certificate                         the registered certificate  its IoT policies and those of its things' groups
///   user name and password                the owner of the access key its IAM policies (iot:Connect, iot:Publish ...)
///   nothing                               anonymous                   GatekeeperOptions::anonymous
///
/// Guarantee: a policy change, a detached policy and a deactivated certificate hold from the next question on.
/// Threads:   any; answers from memory.
/// Source:    AWS IoT Developer Guide, "Authorization", "AWS IoT Core policy actions", "AWS IoT Core policy variables",
///            "Thing policy variables", "Using wildcard characters in MQTT and AWS IoT Core policies".

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/mutex.h"
#include "iam/identity_store.h"
#include "iam/policy.h"
#include "mqtt/hooks.h"
#include "services/iot/iot_core.h"

namespace penstock::services::iot {

inline constexpr std::size_t kClientIdBytesMax = 128;  ///< AWS IoT Core quotas, "Client ID size"

/// What a client without certificate and password may do.
inline constexpr std::string_view kAnonymousLoopback = "loopback";  ///< everything, when plain and from this machine
inline constexpr std::string_view kAnonymousDeny = "deny";          ///< nothing

struct GatekeeperOptions {
  /// kAnonymousLoopback, kAnonymousDeny, or the name of an IoT policy that governs every anonymous client.
  std::string anonymous{kAnonymousLoopback};
};

class DeviceGatekeeper final : public mqtt::Gatekeeper {
 public:
  DeviceGatekeeper(const IotCore& core, const iam::IdentityStore& identities, const Clock& clock,
                   GatekeeperOptions options);
  ~DeviceGatekeeper() override;

  [[nodiscard]] Result<mqtt::IdentityPtr> connect(const mqtt::ConnectAttempt& attempt) override;
  [[nodiscard]] bool may_publish(const mqtt::ClientIdentity& who, std::string_view topic, bool retain) override;
  [[nodiscard]] bool may_subscribe(const mqtt::ClientIdentity& who, std::string_view filter) override;
  [[nodiscard]] bool may_receive(const mqtt::ClientIdentity& who, std::string_view topic) override;

 private:
  class Identity;
  struct Grants;

  [[nodiscard]] Result<std::shared_ptr<Identity>> identify(const mqtt::ConnectAttempt& attempt) const;
  [[nodiscard]] std::unexpected<Error> refuse(const mqtt::ConnectAttempt& attempt, std::string_view principal,
                                              std::string_view reason) const;
  [[nodiscard]] bool allowed(const Identity& who, std::string_view action, std::string_view kind,
                             std::string_view name) const EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const Grants> grants_of(const Identity& who) const EXCLUDES(mutex_);
  [[nodiscard]] iam::CompiledPolicy compiled(const std::shared_ptr<const Policy>& policy) const EXCLUDES(mutex_);

  const IotCore& core_;
  const iam::IdentityStore& identities_;
  const Clock& clock_;
  const GatekeeperOptions options_;
  const std::string arn_prefix_;  ///< "arn:aws:iot:<region>:<account>:"

  struct Compiled {
    std::shared_ptr<const Policy> source;
    iam::CompiledPolicy policy;
  };
  mutable Mutex mutex_;
  mutable std::map<std::string, Compiled, std::less<>> compiled_ GUARDED_BY(mutex_);  // bounded by kCompiledMax
};

/// "127.0.0.1", "::1", "::ffff:127.0.0.1" ...
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace penstock::services::iot
