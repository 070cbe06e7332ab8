#include "iam/policy_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace penstock::iam {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t found = text.find(at);
    parts.push_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + 1);
  }
}

bool known_partition(std::string_view partition) {
  static constexpr std::array<std::string_view, 8> kPartitions = {"aws",       "aws-cn",    "aws-us-gov", "aws-iso",
                                                                  "aws-iso-b", "aws-iso-e", "aws-iso-f",  "*"};
  return std::ranges::find(kPartitions, partition) != kPartitions.end();
}

std::string check_iam_resource(std::string_view resource, const std::vector<std::string_view>& parts) {
  static constexpr std::array<std::string_view, 13> kPaths = {"user/",
                                                              "federated-user/",
                                                              "role/",
                                                              "group/",
                                                              "instance-profile/",
                                                              "mfa/",
                                                              "server-certificate/",
                                                              "policy/",
                                                              "sms-mfa/",
                                                              "saml-provider/",
                                                              "oidc-provider/",
                                                              "report/",
                                                              "access-report/"};
  if (parts.size() > 3 && !parts[3].empty() && parts[3] != "*") {
    return fmt::format("IAM resource {} cannot contain region information.", resource);
  }
  if (parts.size() < 6) return {};
  const std::string_view path = parts[5];
  // "root" is how trust and resource policies name an account; a pattern may stand for any of the paths.
  if (path == "root" || path.starts_with('*') || path.starts_with('?') || path.find('$') != std::string_view::npos) {
    return {};
  }
  const std::string_view head = path.substr(0, path.find_first_of("*?"));
  for (const std::string_view known : kPaths) {
    if (head.starts_with(known) || (head.size() < path.size() && known.starts_with(head))) return {};
  }
  return fmt::format(
      "IAM resource path must either be \"*\", root, or start with user/, federated-user/, role/, group/, "
      "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, "
      "access-report/.");
}

/// Whether STS has an action of this name in lower case. Any name with a wildcard is taken.
bool sts_action(std::string_view action) {
  static constexpr std::array<std::string_view, 14> kActions = {"assumerole",
                                                                "assumerolewithsaml",
                                                                "assumerolewithwebidentity",
                                                                "assumeroot",
                                                                "tagsession",
                                                                "setsourceidentity",
                                                                "setcontext",
                                                                "decodeauthorizationmessage",
                                                                "getaccesskeyinfo",
                                                                "getcalleridentity",
                                                                "getfederationtoken",
                                                                "getservicebearertoken",
                                                                "getsessiontoken",
                                                                "getwebidentitytoken"};
  if (!action.starts_with("sts:")) return false;
  action.remove_prefix(4);
  return action.find_first_of("*?") != std::string_view::npos || std::ranges::find(kActions, action) != kActions.end();
}

/// Buckets and objects have neither region nor account; access points have both.
std::string check_s3_resource(std::string_view resource, const std::vector<std::string_view>& parts) {
  if (parts.size() < 6) return parts.back() == "*" ? std::string() : std::string(kLegacyParsing);
  if (parts[3].empty() || parts[3] == "*" || !parts[4].empty()) return {};
  return fmt::format("Resource {} can not contain region information.", resource);
}

}  // namespace

std::string check_action(std::string_view action, PolicyKind kind) {
  if (kind == PolicyKind::trust) {
    if (action == "*" || sts_action(lower_case(action))) return {};
    return "AssumeRole policy may only specify STS AssumeRole actions.";
  }
  if (action == "*") return {};
  const std::vector<std::string_view> parts = split(action, ':');
  if (parts.size() < 2 || parts[0].empty()) {
    return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  }
  if (parts.size() > 2) return "Actions/Condition can contain only one colon.";
  const bool good_vendor =
      parts[0].find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*?") ==
      std::string_view::npos;
  if (!good_vendor) return fmt::format("Vendor {} is not valid", parts[0]);
  return {};
}

std::string check_resource(std::string_view resource) {
  if (resource == "*") return {};
  // A pattern such as "arn:*" or "*:topic/x" is accepted by IAM as it stands.
  if (resource.find_first_not_of('*') == std::string_view::npos && !resource.empty()) return {};
  std::vector<std::string_view> parts = split(resource, ':');
  if (parts.size() < 2) return fmt::format("Resource {} must be in ARN format or \"*\".", resource);
  if (!known_partition(parts[1])) {
    std::string whole = "arn";
    for (std::size_t i = 1; i < std::max<std::size_t>(parts.size(), 6); ++i) {
      whole += ':';
      whole += i < parts.size() ? parts[i] : "*";
    }
    return fmt::format("Partition \"{}\" is not valid for resource \"{}\".", parts[1], whole);
  }
  if (parts[0] != "arn") return fmt::format("Resource {} must be in ARN format or \"*\".", resource);
  if (parts[1] == "*" && parts.size() == 2) return {};
  if (parts.size() < 3) return "Resource vendor must be fully qualified and cannot contain regexes.";
  if (parts[2].empty()) return std::string(kLegacyParsing);
  if (parts[2] == "s3") return check_s3_resource(resource, parts);
  if (parts[2] == "iam") return check_iam_resource(resource, parts);
  return {};
}

std::string check_principal(const PrincipalName& principal) {
  using Type = PrincipalName::Type;
  const std::string_view value = principal.value;
  switch (principal.type) {
    case Type::aws: {
      if (value == "*" || (is_digits(value) && value.size() == 12)) return {};
      const bool unique_id = value.size() >= 16 && value.starts_with('A') && value.find(':') == std::string_view::npos;
      if (unique_id) return {};
      const auto arn = split_arn(value);
      const bool good = arn && (*arn)[0] == "arn" && known_partition((*arn)[1]) && (*arn)[1] != "*" &&
                        ((*arn)[2] == "iam" || (*arn)[2] == "sts") && (*arn)[3].empty() && is_digits((*arn)[4]) &&
                        (*arn)[4].size() == 12 && !(*arn)[5].empty() &&
                        value.find_first_of("*?") == std::string_view::npos;
      return good ? "" : fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", value);
    }
    case Type::service: {
      const bool good =
          value.find('.') != std::string_view::npos && value.find_first_of(" *?/:") == std::string_view::npos;
      return good ? "" : fmt::format("Invalid principal in policy: \"SERVICE\":\"{}\"", value);
    }
    case Type::federated:
      return value.empty() ? fmt::format("Invalid principal in policy: \"FEDERATED\":\"{}\"", value) : "";
    case Type::canonical_user: return value.empty() ? std::string("Invalid principal in policy") : "";
  }
  return {};
}

}  // namespace penstock::iam
