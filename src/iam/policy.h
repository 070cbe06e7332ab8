#pragma once
/// The policy language: parse, check, evaluate. Pure; shared by IAM, STS, resource policies and IoT policies.
/// Guarantee: what compiles is understood whole. An element, operator or variable that is not known is refused when
///            the policy is made, never skipped when it is evaluated.
/// Threads:   a compiled policy is immutable: any.
/// Errors:    invalid; the message is AWS's for MalformedPolicyDocument.
/// Bounds:    kPolicyBytesMax; JSON depth kPolicyDepthMax. (IAM's own quotas are the operations' business.)
/// Source:    IAM User Guide, "IAM JSON policy elements reference", "Grammar of the IAM JSON policy language",
///            "Policy evaluation logic"; AWS IoT Developer Guide, "AWS IoT Core policies".

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "iam/authorizer.h"

namespace penstock::iam {

inline constexpr std::size_t kPolicyBytesMax = 131'072;
inline constexpr int kPolicyDepthMax = 16;

enum class PolicyKind : std::uint8_t {
  identity,  ///< of users, groups, roles; boundaries; session policies: no Principal, Resource required
  resource,  ///< of a stream, a function: Principal required
  trust,     ///< of a role: Principal required, Resource forbidden
  iot,       ///< of certificates and things: as identity, with ${iot:...} variables
};

class Policy;  // policy_model.h
using CompiledPolicy = std::shared_ptr<const Policy>;

/// Which versions of the language will do. Managed policies must be of the current one.
enum class PolicyVersions : std::uint8_t { all, current };

[[nodiscard]] Result<CompiledPolicy> compile(std::string_view json, PolicyKind kind,
                                             PolicyVersions versions = PolicyVersions::all);

/// The values of condition keys and policy variables during one evaluation.
class Facts {
 public:
  virtual ~Facts() = default;
  /// `key` is in lower case ("aws:sourceip", "iot:clientid"). nullptr: the request has no such key. The values must
  /// live as long as the Facts.
  [[nodiscard]] virtual const std::vector<std::string>* find(std::string_view key) const = 0;
};

/// Facts over a plain map whose keys may be in any case.
class MapFacts final : public Facts {
 public:
  explicit MapFacts(const Conditions& conditions);
  [[nodiscard]] const std::vector<std::string>* find(std::string_view key) const override;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct PolicyRequest {
  std::string_view action;    ///< "iot:Publish"; compared without case
  std::string_view resource;  ///< an ARN, or "*" for actions without one
  const Facts& facts;
  const Principal* who = nullptr;  ///< for policies with Principal
};

enum class Verdict : std::uint8_t { silent, allow, deny };

/// Deny if any statement denies, else allow if any allows, else silent.
[[nodiscard]] Verdict evaluate(const Policy& policy, const PolicyRequest& request);

/// How closely a policy's Principal names the caller; the closest of the allowing statements is what counts.
enum class NamedAs : std::uint8_t {
  nobody,
  account,    ///< by the account: it delegates to the account's own policies, and does not allow by itself
  anyone,     ///< "*"
  role,       ///< by the role of an assumed-role session
  principal,  ///< exactly: the user, session or service
};
struct Finding {
  Verdict verdict = Verdict::silent;
  NamedAs named_as = NamedAs::nobody;
};
/// The same for a policy with Principal elements.
[[nodiscard]] Finding evaluate_with_principal(const Policy& policy, const PolicyRequest& request);

}  // namespace penstock::iam
