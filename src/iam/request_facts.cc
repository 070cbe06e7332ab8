#include "iam/request_facts.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "iam/pattern.h"

namespace penstock::iam {
namespace {

bool same_without_case(std::string_view any, std::string_view lower) {
  return any.size() == lower.size() && lower_case(any) == lower;
}

std::string_view principal_type(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::root: return "Account";
    case PrincipalKind::user: return "User";
    case PrincipalKind::assumed_role: return "AssumedRole";
    case PrincipalKind::service: return "Service";
    case PrincipalKind::anonymous: return "Anonymous";
  }
  return "Anonymous";
}

}  // namespace

const std::vector<std::string>* RequestFacts::find(std::string_view key) const {
  if (conditions_) {
    for (const auto& [name, values] : *conditions_) {
      if (same_without_case(name, key)) return &values;
    }
  }
  for (const auto& [name, values] : made_) {
    if (name == key) return &values;
  }
  auto value = own_value(key);
  if (!value) return nullptr;
  return &made_.emplace_back(std::string(key), std::vector<std::string>{std::move(*value)}).second;
}

std::optional<std::string> RequestFacts::principal_tag(std::string_view name) const {
  // Session tags stand before the role's own tags of the same key.
  for (const auto& [key, value] : who_.session_tags) {
    if (same_without_case(key, name)) return value;
  }
  for (const Tag& tag : tags_) {
    if (same_without_case(tag.key, name)) return tag.value;
  }
  return std::nullopt;
}

std::optional<std::string> RequestFacts::own_value(std::string_view key) const {
  if (!key.starts_with("aws:")) return std::nullopt;
  key.remove_prefix(4);
  const bool known = who_.kind != PrincipalKind::anonymous;
  if (key == "currenttime") {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", std::chrono::floor<std::chrono::seconds>(now_));
  }
  if (key == "epochtime") return std::to_string(to_unix_ms(now_) / 1000);
  if (key == "principaltype") return std::string(principal_type(who_.kind));
  if (key == "principalisawsservice") return who_.kind == PrincipalKind::service ? "true" : "false";
  if (who_.kind == PrincipalKind::service) {
    if (key == "principalservicename") return who_.arn;
    return std::nullopt;
  }
  if (!known) return std::nullopt;
  if (key == "principalaccount") return who_.account;
  // For a session this is the role's ARN, not the session's.
  if (key == "principalarn") return who_.kind == PrincipalKind::assumed_role ? who_.role_arn : who_.arn;
  if (key == "userid") return who_.user_id;
  if (key == "username" && who_.kind == PrincipalKind::user) return who_.name;
  if (key == "multifactorauthpresent" && who_.kind == PrincipalKind::assumed_role) return "false";
  constexpr std::string_view kTag = "principaltag/";
  if (key.starts_with(kTag)) return principal_tag(key.substr(kTag.size()));
  return std::nullopt;
}

}  // namespace penstock::iam
