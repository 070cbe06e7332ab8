#include "services/iot/gatekeeper.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "pki/pki.h"
#include "services/iot/certificate_facts.h"
#include "services/iot/operations/account_settings.h"
#include "telemetry/log.h"

namespace penstock::services::iot {

namespace {

constexpr std::size_t kCompiledMax = 4096;

/// Compares in a time that does not depend on where the texts differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    differs =
        static_cast<unsigned char>(differs | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return differs == 0;
}

/// The facts of a connection and, made only when a policy asks, the time.
class PacketFacts final : public iam::Facts {
 public:
  PacketFacts(const iam::MapFacts& connection, Timestamp now) : connection_(connection), now_(now) {}
  [[nodiscard]] const std::vector<std::string>* find(std::string_view key) const override {
    if (key == "aws:currenttime") {
      if (current_time_.empty())
        current_time_ = {fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(now_))};
      return &current_time_;
    }
    if (key == "aws:epochtime") {
      if (epoch_time_.empty()) epoch_time_ = {fmt::to_string(to_unix_ms(now_) / 1000)};
      return &epoch_time_;
    }
    return connection_.find(key);
  }

 private:
  const iam::MapFacts& connection_;
  Timestamp now_;
  mutable std::vector<std::string> current_time_;
  mutable std::vector<std::string> epoch_time_;
};

}  // namespace

bool is_loopback(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
  return address == "::1" || address.starts_with("127.");
}

/// What a client was when it came; what it may do is Grants, which follow the registry.
class DeviceGatekeeper::Identity final : public mqtt::ClientIdentity {
 public:
  enum class Kind : std::uint8_t {
    certificate,
    access_key,
    local,      ///< anonymous, from this machine: may do everything
    anonymous,  ///< governed by the policy that the options name
  };

  Identity(Kind of, std::string name, const mqtt::ConnectAttempt& attempt)
      : kind(of), principal_(std::move(name)), client_id(attempt.client_id) {
    facts["iot:ClientId"] = {attempt.client_id};
    facts["aws:SourceIp"] = {attempt.remote_address};
    facts["aws:SecureTransport"] = {attempt.secure ? "true" : "false"};
  }
  [[nodiscard]] std::string_view principal() const override { return principal_; }

  const Kind kind;

 private:
  const std::string principal_;

 public:
  const std::string client_id;
  iam::Conditions facts;  ///< of the connection; never changed once connect() gave the identity away
  std::string certificate_id;
  std::string access_key_id;

  mutable Mutex mutex;
  mutable std::shared_ptr<const Grants> grants GUARDED_BY(mutex);
};

/// What an identity may do, as of one epoch of the registry.
struct DeviceGatekeeper::Grants {
  std::uint64_t epoch = 0;
  bool alive = false;  ///< false: may do nothing at all
  std::vector<iam::CompiledPolicy> policies{};
  iam::MapFacts facts;
};

DeviceGatekeeper::DeviceGatekeeper(const IotCore& core, const iam::IdentityStore& identities, const Clock& clock,
                                   GatekeeperOptions options)
    : core_(core),
      identities_(identities),
      clock_(clock),
      options_(std::move(options)),
      arn_prefix_(fmt::format("arn:aws:iot:{}:{}:", core.region(), core.account())) {}

DeviceGatekeeper::~DeviceGatekeeper() = default;

Result<std::shared_ptr<DeviceGatekeeper::Identity>> DeviceGatekeeper::identify(
    const mqtt::ConnectAttempt& attempt) const {
  using Kind = Identity::Kind;
  if (attempt.peer_certificate_pem.has_value()) {
    PENSTOCK_TRY(const pki::CertificateFacts facts, pki::read_certificate(*attempt.peer_certificate_pem));
    const Timestamp now = clock_.now();
    if (now < facts.not_before || now > facts.not_after) return fail(ErrorKind::denied, "the certificate has expired");
    auto identity = std::make_shared<Identity>(Kind::certificate, facts.fingerprint, attempt);
    identity->certificate_id = facts.fingerprint;
    identity->facts.merge(certificate_facts(facts));
    return identity;
  }
  const bool local = is_loopback(attempt.remote_address);
  if (attempt.username.has_value() && attempt.password.has_value()) {
    // A secret that crosses a network in the clear is no secret.
    if (!attempt.secure && !local) return fail(ErrorKind::denied, "access keys need TLS, or this machine");
    const auto credential = identities_.find_credential(*attempt.username, std::nullopt, clock_.now());
    if (!credential.has_value() || !same_secret(credential->secret_access_key, *attempt.password)) {
      return fail(ErrorKind::denied, "unknown access key, or the password is not its secret");
    }
    auto identity = std::make_shared<Identity>(Kind::access_key, credential->principal.arn, attempt);
    identity->access_key_id = *attempt.username;
    return identity;
  }
  if (options_.anonymous == kAnonymousDeny) return fail(ErrorKind::denied, "anonymous clients are not allowed");
  if (options_.anonymous != kAnonymousLoopback)
    return std::make_shared<Identity>(Kind::anonymous, "anonymous", attempt);
  if (!local || attempt.secure) {
    return fail(ErrorKind::denied, "anonymous clients are allowed from this machine only, without TLS");
  }
  return std::make_shared<Identity>(Kind::local, "anonymous", attempt);
}

Result<mqtt::IdentityPtr> DeviceGatekeeper::connect(const mqtt::ConnectAttempt& attempt) {
  if (attempt.client_id.size() > kClientIdBytesMax) return fail(ErrorKind::invalid, "the client id is too long");
  auto identity = identify(attempt);
  if (!identity.has_value()) return refuse(attempt, "", identity.error().message);
  if (!allowed(**identity, "iot:Connect", "client/", attempt.client_id)) {
    return refuse(attempt, (*identity)->principal(), "iot:Connect is not allowed");
  }
  return mqtt::IdentityPtr(std::move(*identity));
}

std::unexpected<Error> DeviceGatekeeper::refuse(const mqtt::ConnectAttempt& attempt, std::string_view principal,
                                                std::string_view reason) const {
  if (logs_refusals(core_)) {
    telemetry::log(telemetry::Level::info, "mqtt client refused",
                   {{"client_id", std::string_view(attempt.client_id)},
                    {"remote_address", std::string_view(attempt.remote_address)},
                    {"principal", principal},
                    {"reason", reason}});
  }
  return fail(ErrorKind::denied, std::string(reason));
}

bool DeviceGatekeeper::may_publish(const mqtt::ClientIdentity& who, std::string_view topic, bool retain) {
  const auto& identity = static_cast<const Identity&>(who);
  if (!allowed(identity, "iot:Publish", "topic/", topic)) return false;
  return !retain || allowed(identity, "iot:RetainPublish", "topic/", topic);
}

bool DeviceGatekeeper::may_subscribe(const mqtt::ClientIdentity& who, std::string_view filter) {
  return allowed(static_cast<const Identity&>(who), "iot:Subscribe", "topicfilter/", filter);
}

bool DeviceGatekeeper::may_receive(const mqtt::ClientIdentity& who, std::string_view topic) {
  return allowed(static_cast<const Identity&>(who), "iot:Receive", "topic/", topic);
}

bool DeviceGatekeeper::allowed(const Identity& who, std::string_view action, std::string_view kind,
                               std::string_view name) const {
  if (who.kind == Identity::Kind::local) return true;
  std::string resource;
  resource.reserve(arn_prefix_.size() + kind.size() + name.size());
  resource.append(arn_prefix_).append(kind).append(name);
  if (who.kind == Identity::Kind::access_key) {
    // The key is looked up again each time: a deactivated or deleted key, user or policy counts at once.
    const auto credential = identities_.find_credential(who.access_key_id, std::nullopt, clock_.now());
    if (!credential.has_value()) return false;
    return identities_
        .authorize(credential->principal,
                   {.action = action, .resource = resource, .conditions = &who.facts, .resource_policy = std::nullopt})
        .allowed;
  }
  const std::shared_ptr<const Grants> grants = grants_of(who);
  if (!grants->alive) return false;
  const PacketFacts facts(grants->facts, clock_.now());
  bool is_allowed = false;
  for (const iam::CompiledPolicy& policy : grants->policies) {
    const iam::Verdict verdict =
        iam::evaluate(*policy, {.action = action, .resource = resource, .facts = facts, .who = nullptr});
    if (verdict == iam::Verdict::deny) return false;
    is_allowed = is_allowed || verdict == iam::Verdict::allow;
  }
  return is_allowed;
}

namespace {

/// What the registry says of a client, as of one moment.
struct Standing {
  bool alive = false;
  std::vector<std::shared_ptr<const Policy>> policies{};
  std::shared_ptr<const Thing> thing{};
};

/// The thing that a connection speaks for: the one that its principal belongs to exclusively, else the one whose name
/// is the client id, if the principal is attached to it.
std::shared_ptr<const Thing> thing_of(const Registry& registry, const std::string& target, std::string_view client_id) {
  const auto& things = registry.thing_principals().to(target);
  for (const auto& [name, row] : things) {
    if (row.link.exclusive) return registry.things().find(name);
  }
  return things.contains(client_id) ? registry.things().find(client_id) : nullptr;
}

void add_policies(const Registry& registry, const std::string& target, std::set<std::string>& names) {
  for (const auto& [policy, row] : registry.policy_targets().to(target)) names.insert(policy);
}

Standing standing_of(const Registry& registry, const std::string& certificate_id, std::string_view client_id) {
  Standing standing;
  const auto certificate = registry.certificates().find(certificate_id);
  if (certificate == nullptr || certificate->status != certificate_status::kActive) return standing;
  standing.alive = true;
  const std::string target = "cert/" + certificate_id;
  standing.thing = thing_of(registry, target, client_id);
  std::set<std::string> names;
  add_policies(registry, target, names);
  if (standing.thing != nullptr) {
    for (const auto& [group, row] : registry.group_things().to(standing.thing->name)) {
      add_policies(registry, "thinggroup/" + group, names);
      for (const std::string& above : registry.ancestors_of(group))
        add_policies(registry, "thinggroup/" + above, names);
    }
  }
  for (const std::string& name : names) {
    if (auto policy = registry.policies().find(name); policy != nullptr) standing.policies.push_back(std::move(policy));
  }
  return standing;
}

void add_thing_facts(iam::Conditions& facts, const Thing* thing) {
  facts["iot:Connection.Thing.IsAttached"] = {thing == nullptr ? "false" : "true"};
  if (thing == nullptr) return;
  facts["iot:Connection.Thing.ThingName"] = {thing->name};
  if (thing->type.has_value()) facts["iot:Connection.Thing.ThingTypeName"] = {*thing->type};
  for (const auto& [name, value] : thing->attributes) {
    facts[fmt::format("iot:Connection.Thing.Attributes[{}]", name)] = {value};
  }
}

}  // namespace

std::shared_ptr<const DeviceGatekeeper::Grants> DeviceGatekeeper::grants_of(const Identity& who) const {
  // The epoch is read before the registry: a change in between makes these grants look old, never new.
  const std::uint64_t epoch = core_.authorisation_epoch();
  {
    const MutexLock lock(who.mutex);
    if (who.grants != nullptr && who.grants->epoch == epoch) return who.grants;
  }
  const Standing standing = core_.read([&](const Registry& registry) {
    if (who.kind == Identity::Kind::certificate) return standing_of(registry, who.certificate_id, who.client_id);
    auto policy = registry.policies().find(options_.anonymous);
    Standing anonymous;
    anonymous.alive = policy != nullptr;
    if (policy != nullptr) anonymous.policies.push_back(std::move(policy));
    return anonymous;
  });
  iam::Conditions facts = who.facts;
  add_thing_facts(facts, standing.thing.get());
  auto grants =
      std::make_shared<Grants>(Grants{.epoch = epoch, .alive = standing.alive, .facts = iam::MapFacts(facts)});
  for (const auto& policy : standing.policies) {
    if (auto one = compiled(policy); one != nullptr) {
      grants->policies.push_back(std::move(one));
    } else {
      grants->alive = false;  // a policy that cannot be read might deny: nothing is allowed
    }
  }
  const MutexLock lock(who.mutex);
  who.grants = grants;
  return grants;
}

iam::CompiledPolicy DeviceGatekeeper::compiled(const std::shared_ptr<const Policy>& policy) const {
  {
    const MutexLock lock(mutex_);
    const auto found = compiled_.find(policy->name);
    if (found != compiled_.end() && found->second.source == policy) return found->second.policy;
  }
  auto made = iam::compile(policy->default_document().document, iam::PolicyKind::iot);
  if (!made.has_value()) {
    telemetry::log(telemetry::Level::error, "iot policy cannot be read",
                   {{"policy", policy->name}, {"reason", made.error().message}});
    return nullptr;
  }
  const MutexLock lock(mutex_);
  if (compiled_.size() >= kCompiledMax) compiled_.clear();
  compiled_[policy->name] = {.source = policy, .policy = *made};
  return std::move(*made);
}

}  // namespace penstock::services::iot
