#include <algorithm>

#include "iam/policy_model.h"

namespace penstock::iam {
namespace {

bool any_matches(const std::vector<Pattern>& patterns, std::string_view text, const Facts& facts) {
  return std::ranges::any_of(patterns, [&](const Pattern& one) { return one.matches(text, facts); });
}

NamedAs named_as(const PrincipalName& name, const Principal& who) {
  using Type = PrincipalName::Type;
  if (name.type == Type::service) {
    return who.kind == PrincipalKind::service && who.arn == name.value ? NamedAs::principal : NamedAs::nobody;
  }
  if (name.type != Type::aws) return NamedAs::nobody;
  if (name.value == "*") return NamedAs::anyone;
  if (who.kind == PrincipalKind::anonymous || who.kind == PrincipalKind::service) return NamedAs::nobody;
  if (name.value == who.arn) return NamedAs::principal;
  if (name.value == who.user_id && who.kind == PrincipalKind::user) return NamedAs::principal;
  if (who.kind == PrincipalKind::assumed_role) {
    if (name.value == who.role_arn) return NamedAs::role;
    if (who.user_id.starts_with(name.value) && who.user_id.substr(name.value.size()).starts_with(':')) {
      return NamedAs::role;
    }
  }
  const auto arn = split_arn(name.value);
  const bool is_account = name.value == who.account || (arn && (*arn)[4] == who.account && (*arn)[5] == "root");
  if (!is_account) return NamedAs::nobody;
  return who.kind == PrincipalKind::root ? NamedAs::principal : NamedAs::account;
}

/// How the statement's Principal or NotPrincipal element names the caller.
NamedAs named_by(const Statement& statement, const Principal& who) {
  NamedAs closest = NamedAs::nobody;
  for (const PrincipalName& name : statement.principals) closest = std::max(closest, named_as(name, who));
  if (!statement.not_principal) return closest;
  return closest == NamedAs::nobody ? NamedAs::anyone : NamedAs::nobody;
}

bool applies(const Statement& statement, std::string_view lower_action, const PolicyRequest& request) {
  if (any_matches(statement.actions, lower_action, request.facts) == statement.not_action) return false;
  if (statement.has_resources &&
      any_matches(statement.resources, request.resource, request.facts) == statement.not_resource) {
    return false;
  }
  return std::ranges::all_of(statement.conditions, [&](const Condition& one) { return one.holds(request.facts); });
}

}  // namespace

MapFacts::MapFacts(const Conditions& conditions) {
  for (const auto& [key, values] : conditions) values_.insert_or_assign(lower_case(key), values);
}

const std::vector<std::string>* MapFacts::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

Verdict evaluate(const Policy& policy, const PolicyRequest& request) {
  const std::string action = lower_case(request.action);
  Verdict verdict = Verdict::silent;
  for (const Statement& statement : policy.statements) {
    if (statement.allows && verdict == Verdict::allow) continue;
    if (!applies(statement, action, request)) continue;
    if (!statement.allows) return Verdict::deny;
    verdict = Verdict::allow;
  }
  return verdict;
}

Finding evaluate_with_principal(const Policy& policy, const PolicyRequest& request) {
  PENSTOCK_ASSERT(request.who != nullptr);
  const std::string action = lower_case(request.action);
  Finding finding;
  for (const Statement& statement : policy.statements) {
    const NamedAs named = named_by(statement, *request.who);
    if (named == NamedAs::nobody || !applies(statement, action, request)) continue;
    if (!statement.allows) return Finding{.verdict = Verdict::deny, .named_as = named};
    finding.verdict = Verdict::allow;
    finding.named_as = std::max(finding.named_as, named);
  }
  return finding;
}

}  // namespace penstock::iam
