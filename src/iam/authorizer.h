#pragma once
/// Who is calling, and may they? Implemented over the identity store (users, roles, policies in the catalog).
/// Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
/// Threads: any.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace penstock::iam {

enum class PrincipalKind : std::uint8_t { root, user, assumed_role, service, anonymous };

/// A caller. Cheap to copy; holds no secret.
struct Principal {
  PrincipalKind kind = PrincipalKind::anonymous;
  std::string account;
  std::string arn;  ///< arn:aws:iam::..:root | user/.. | arn:aws:sts::..:assumed-role/Role/session | service host name
  std::string user_id;                              ///< aws:userid, e.g. AROA...:session
  std::string name;                                 ///< user name, or role name for assumed_role
  std::string role_arn;                             ///< assumed_role only: the role's IAM ARN
  std::vector<std::string> session_policies;        ///< JSON documents passed to AssumeRole; one must allow, none deny
  std::map<std::string, std::string> session_tags;  ///< aws:PrincipalTag/..
};

/// Condition keys of one request ("aws:SourceIp", "sts:ExternalId" ...); several values for multivalued keys.
/// Keys are compared without case. The evaluator adds what it knows of the principal and the time itself.
using Conditions = std::map<std::string, std::vector<std::string>>;

struct Decision {
  bool allowed = false;
  bool explicit_deny = false;
  /// AWS's tail of the message: "because no identity-based policy allows the kinesis:PutRecord action".
  std::string reason;
};

struct Question {
  std::string_view action;    ///< "kinesis:PutRecord"
  std::string_view resource;  ///< an ARN, or "*"
  const Conditions* conditions = nullptr;
  /// JSON of the resource's own policy, if the service has one for it.
  std::optional<std::string_view> resource_policy{};
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  [[nodiscard]] virtual Decision authorize(const Principal& who, const Question& question) const = 0;

  /// A service takes a role ("iot.amazonaws.com" running a rule's action): the role must exist and its trust policy
  /// must allow that service sts:AssumeRole. Errors: missing, denied.
  [[nodiscard]] virtual Result<Principal> assume_as_service(std::string_view role_arn, std::string_view service,
                                                            std::string_view session_name) const = 0;
};

}  // namespace penstock::iam
