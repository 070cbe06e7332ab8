#pragma once
/// A compiled policy. Immutable.

#include <optional>
#include <string>
#include <vector>

#include "iam/condition.h"
#include "iam/pattern.h"
#include "iam/policy.h"

namespace penstock::iam {

struct PrincipalName {
  enum class Type : std::uint8_t { aws, service, federated, canonical_user } type;
  std::string value;  ///< "*", an account id, an ARN, a unique id, a host name
};

struct Statement {
  std::string sid;
  bool allows = false;
  bool not_action = false;
  std::vector<Pattern> actions;  ///< in lower case
  bool not_resource = false;
  std::vector<Pattern> resources;  ///< trust policies have none: every resource
  bool has_resources = false;
  bool not_principal = false;
  std::vector<PrincipalName> principals;
  std::vector<Condition> conditions;
};

class Policy {
 public:
  PolicyKind kind = PolicyKind::identity;
  bool current_version = false;  ///< "2012-10-17": variables are read
  std::vector<Statement> statements;
};

}  // namespace penstock::iam
