#pragma once
/// Users, groups, roles, policies and keys, kept in the catalog and compiled in memory; and the Authorizer over them.
/// Guarantee: an entity that a commit acknowledged is what every later find, all and authorize sees.
/// Threads:   any.
/// Errors:    open: as the catalog's, and corrupt when a stored document cannot be read.
///            commit: conflict = something that the edit stands on changed: read again, plan again.
/// Keys:      iam/<noun>/<name in lower case>, iam/seal-key; JSON with "format": 1 (README.md).

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/task.h"
#include "iam/authorizer.h"
#include "iam/entities.h"

namespace penstock::iam {

inline constexpr std::string_view kPartition = "aws";

struct IdentityOptions {
  std::string account;
  /// 32 bytes that seal secrets and session tokens. Empty: a key is made and kept in the catalog itself, which then
  /// holds all that is needed to open the secrets.
  std::string seal_key;
};

struct KeyPair {
  std::string access_key_id;
  std::string secret_access_key;
};

/// What a signature is checked against, and who it then proves.
struct Credential {
  std::string secret_access_key;
  std::optional<std::string> session_token;  ///< the request must carry exactly this
  Principal principal;
};
enum class CredentialFault : std::uint8_t {
  unknown,  ///< InvalidClientTokenId, UnrecognizedClientException: "The security token included in the request is
            ///< invalid."
  expired,  ///< ExpiredToken, ExpiredTokenException: "The security token included in the request is expired"
};

struct SessionRequest {
  Principal principal;
  Timestamp expires{};
};
struct SessionCredential {
  KeyPair key;
  std::string session_token;
  Timestamp expires{};
};

/// Puts and removals that take place together or not at all, each only if what was read is still so.
class Edit {
 public:
  template <class T>
  void put(const T& entity);  ///< entity.version: 0 creates
  template <class T>
  void remove(const T& entity);
  /// The edit stands only if this entity is still as it was read.
  template <class T>
  void hold(const T& entity);

 private:
  friend class IdentityStore;
  std::vector<catalog::Change> changes_;
};

class IdentityStore final : public Authorizer {
 public:
  static Task<Result<std::unique_ptr<IdentityStore>>> open(catalog::Catalog& catalog, const Clock& clock,
                                                           Random& random, IdentityOptions options);
  ~IdentityStore() override;

  // ---- Entities. T: Role, User, Group, ManagedPolicy, InstanceProfile, AccessKey (by access key id).
  /// Names are told apart without case, as IAM does. nullptr: there is none.
  template <class T>
  [[nodiscard]] std::shared_ptr<const T> find(std::string_view name) const;
  /// Sorted by name without case.
  template <class T>
  [[nodiscard]] std::vector<std::shared_ptr<const T>> all() const;
  /// A customer's policy of this account, or an AWS managed policy that Penstock knows.
  [[nodiscard]] std::shared_ptr<const ManagedPolicy> find_policy(std::string_view arn) const;
  [[nodiscard]] std::vector<std::shared_ptr<const AccessKey>> access_keys_of(std::string_view user) const;
  Task<Result<void>> commit(Edit edit);

  [[nodiscard]] const std::string& account() const;
  /// "AROA" and 17 more characters.
  [[nodiscard]] std::string new_id(std::string_view prefix) const;

  // ---- Credentials
  /// `session_token`: what the request carries in X-Amz-Security-Token, if anything.
  [[nodiscard]] std::expected<Credential, CredentialFault> find_credential(
      std::string_view access_key_id, std::optional<std::string_view> session_token, Timestamp now) const;
  /// A new key pair; the caller commits the AccessKey whose sealed_secret is `seal(secret)`.
  [[nodiscard]] KeyPair new_key_pair(std::string_view id_prefix) const;
  [[nodiscard]] std::string seal_secret(std::string_view access_key_id, std::string_view secret) const;
  /// Temporary credentials. Nothing is stored: the token holds it all, sealed.
  [[nodiscard]] SessionCredential new_session(const SessionRequest& request) const;
  /// When and for which service and region a key was last used, since this process started.
  struct KeyUse {
    Timestamp at{};
    std::string service;
    std::string region;
  };
  void note_key_use(std::string_view access_key_id, std::string_view service, std::string_view region, Timestamp at);
  [[nodiscard]] std::optional<KeyUse> last_key_use(std::string_view access_key_id) const;

  /// The root key of a new data directory: `wanted` or, without it, a random one. When there is a root key already it
  /// stays, and is given back.
  Task<Result<KeyPair>> ensure_root_key(std::optional<KeyPair> wanted);

  // ---- Authorizer
  [[nodiscard]] Decision authorize(const Principal& who, const Question& question) const override;
  [[nodiscard]] Result<Principal> assume_as_service(std::string_view role_arn, std::string_view service,
                                                    std::string_view session_name) const override;
  /// May `who` take this role? Both sides count: the trust policy, and the caller's own policies unless the trust
  /// policy names the caller itself.
  [[nodiscard]] Decision authorize_assume_role(const Principal& who, const Role& role, std::string_view action,
                                               const Conditions& conditions) const;
  /// The principal of a role's session.
  [[nodiscard]] Principal session_of(const Role& role, std::string_view session_name) const;

 private:
  struct State;
  explicit IdentityStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace penstock::iam
