#include "services/sts/service.h"

#include <algorithm>

#include "services/sts/operations.h"

namespace penstock::services::sts_api {
namespace {

Touched touch_all(const CallContext&, const void*) {
  return {.resources = {"*"}, .conditions = {}, .resource_policies = {}};
}

/// An empty action: AWS lets every caller do these, or (AssumeRole) the handler asks both sides itself.
constexpr Operation kOperations[] = {
    operation<&assume_role>("AssumeRole", "", &touch_all),
    operation<&get_access_key_info>("GetAccessKeyInfo", "sts:GetAccessKeyInfo", &touch_all),
    operation<&get_caller_identity>("GetCallerIdentity", "", &touch_all),
    operation<&get_session_token>("GetSessionToken", "", &touch_all),
};
static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

constexpr std::string_view kKnownOperations[] = {
    "AssumeRoleWithSAML",      "AssumeRoleWithWebIdentity", "AssumeRoot",          "DecodeAuthorizationMessage",
    "GetDelegatedAccessToken", "GetFederationToken",        "GetWebIdentityToken",
};
static_assert(std::ranges::is_sorted(kKnownOperations));

}  // namespace

const Service& service() {
  static const Service service = [] {
    Service made{.name = "sts",
                 .protocol = Protocol::query,
                 .target_prefix = {},
                 .api_version = "2011-06-15",
                 .xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/",
                 .operations = kOperations,
                 .known_operations = kKnownOperations,
                 .malformed_code = "MalformedInput",
                 .validation_code = "ValidationError",
                 .denied_code = "AccessDenied",
                 .denied_status = 403};
    made.global = true;
    return made;
  }();
  return service;
}

}  // namespace penstock::services::sts_api
