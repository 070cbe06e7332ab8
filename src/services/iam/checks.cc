#include "services/iam/checks.h"

#include <algorithm>

#include "iam/pattern.h"
#include "iam/policy_model.h"

namespace penstock::services::iam_api {
namespace {

constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool is_alphanumeric(char c) { return kAlphanumeric.find(c) != std::string_view::npos; }

/// Source: IAM API Reference, "Invalid principal in policy" is MalformedPolicyDocument.
ApiResult<void> check_principal_exists(const iam::IdentityStore& store, const iam::PrincipalName& principal,
                                       std::string_view itself) {
  const auto arn = iam::split_arn(principal.value);
  if (!arn || (*arn)[4] != store.account()) return {};
  const std::string_view resource = (*arn)[5];
  const std::string_view name = resource.substr(resource.rfind('/') + 1);
  bool exists = true;
  if ((*arn)[2] == "iam" && resource.starts_with("user/")) {
    const auto user = store.find<iam::User>(name);
    exists = user && user->arn == principal.value;
  } else if ((*arn)[2] == "iam" && resource.starts_with("role/") && principal.value != itself) {
    const auto role = store.find<iam::Role>(name);
    exists = role && role->arn == principal.value;
  }
  if (exists) return {};
  return malformed_policy(fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", principal.value));
}

}  // namespace

ApiResult<void> check_name(std::string_view argument, std::string_view name) {
  for (const char c : name) {
    if (!is_alphanumeric(c) && std::string_view("+=,.@_-").find(c) == std::string_view::npos) {
      return validation_error(
          fmt::format("The specified value for {} is invalid. It must contain only alphanumeric characters and/or the "
                      "following: +=,.@_-",
                      argument));
    }
  }
  return {};
}

ApiResult<void> check_path(std::string_view path) {
  const bool good = path.starts_with('/') && path.ends_with('/') &&
                    std::ranges::all_of(path, [](char c) { return c >= '!' && c <= '~'; });
  if (good) return {};
  return validation_error(
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters "
      "and/or / characters.");
}

ApiResult<std::vector<iam::Tag>> merged_tags(std::vector<iam::Tag> tags, const std::vector<TagData>& added,
                                             std::string_view what, TagKeys keys) {
  const auto folded = [keys](const std::string& key) {
    return keys == TagKeys::case_sensitive ? key : iam::lower_case(key);
  };
  for (std::size_t i = 0; i < added.size(); ++i) {
    const std::string key = folded(added[i].key);
    if (iam::lower_case(key).starts_with("aws:")) return invalid_input("System tags cannot be added or modified.");
    for (std::size_t other = 0; other < i; ++other) {
      if (folded(added[other].key) != key) continue;
      if (keys == TagKeys::case_sensitive) return invalid_input("Duplicate tag keys found.");
      return invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    const auto same = std::ranges::find_if(tags, [&](const iam::Tag& tag) { return folded(tag.key) == key; });
    if (same != tags.end()) {
      *same = {.key = added[i].key, .value = added[i].value};
    } else {
      tags.push_back({.key = added[i].key, .value = added[i].value});
    }
  }
  if (tags.size() > kTagsMax) return limit_exceeded(fmt::format("Cannot exceed quota for {}: {}", what, kTagsMax));
  return tags;
}

std::vector<iam::Tag> without_tags(std::vector<iam::Tag> tags, const std::vector<std::string>& gone, TagKeys keys) {
  std::erase_if(tags, [&](const iam::Tag& tag) {
    return std::ranges::any_of(gone, [&](const std::string& key) {
      return keys == TagKeys::case_sensitive ? key == tag.key : iam::lower_case(key) == iam::lower_case(tag.key);
    });
  });
  return tags;
}

std::size_t characters_without_space(std::string_view document) {
  return static_cast<std::size_t>(
      std::ranges::count_if(document, [](char c) { return c != ' ' && c != '\t' && c != '\n' && c != '\r'; }));
}

ApiResult<void> check_identity_policy(std::string_view document) {
  const auto compiled = iam::compile(document, iam::PolicyKind::identity);
  if (!compiled.has_value()) return malformed_policy(compiled.error().message);
  return {};
}

ApiResult<void> check_managed_policy(std::string_view document) {
  const auto compiled = iam::compile(document, iam::PolicyKind::identity, iam::PolicyVersions::current);
  if (!compiled.has_value()) return malformed_policy(compiled.error().message);
  if (characters_without_space(document) > kManagedPolicyCharactersMax) {
    return limit_exceeded(fmt::format("Cannot exceed quota for PolicySize: {}", kManagedPolicyCharactersMax));
  }
  return {};
}

ApiResult<void> check_trust_policy(const iam::IdentityStore& store, std::string_view document,
                                   std::string_view itself) {
  const auto compiled = iam::compile(document, iam::PolicyKind::trust);
  if (!compiled.has_value()) return malformed_policy(compiled.error().message);
  if (characters_without_space(document) > kTrustPolicyCharactersMax) {
    return limit_exceeded(fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustPolicyCharactersMax));
  }
  for (const iam::Statement& statement : (*compiled)->statements) {
    for (const iam::PrincipalName& principal : statement.principals) {
      PENSTOCK_TRY_VOID(check_principal_exists(store, principal, itself));
    }
  }
  return {};
}

ApiResult<void> check_arn(std::string_view arn) {
  const auto parts = iam::split_arn(arn);
  if (!parts || (*parts)[0] != "arn") return validation_error(fmt::format("ARN {} is not valid.", arn));
  if ((*parts)[2] == "iam" && (*parts)[5].starts_with("policy/")) return {};
  return invalid_input(fmt::format("ARN {} is not valid.", arn));
}

ApiResult<void> check_boundary(const iam::IdentityStore& store, std::string_view arn) {
  PENSTOCK_TRY_VOID(check_arn(arn));
  if (store.find_policy(arn)) return {};
  return no_such_entity(fmt::format("Scope ARN: {} does not exist or is not attachable.", arn));
}

void add_tag_conditions(iam::Conditions& conditions, const std::vector<TagData>& tags) {
  if (tags.empty()) return;
  std::vector<std::string>& keys = conditions["aws:TagKeys"];
  for (const TagData& tag : tags) {
    conditions["aws:RequestTag/" + tag.key] = {tag.value};
    keys.push_back(tag.key);
  }
}

}  // namespace penstock::services::iam_api
