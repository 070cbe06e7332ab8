#include "services/lambda/roles.h"

#include <fmt/format.h>

#include "iam/identity_store.h"
#include "services/house.h"
#include "services/lambda/errors.h"

namespace penstock::services::lambda {

ApiResult<void> check_role(const CallContext& call, std::string_view role_arn) {
  const iam::Conditions conditions{{"iam:PassedToService", {std::string(kLambdaService)}},
                                   {"aws:SourceIp", {call.source_ip}},
                                   {"aws:SecureTransport", {call.secure ? "true" : "false"}}};
  const iam::Decision decision = call.house.iam.authorize(
      call.principal,
      {.action = "iam:PassRole", .resource = role_arn, .conditions = &conditions, .resource_policy = std::nullopt});
  if (!decision.allowed) {
    return api_fail("AccessDeniedException",
                    fmt::format("User: {} is not authorized to perform: iam:PassRole on resource: {} {}",
                                call.principal.arn, role_arn, decision.reason),
                    403);
  }
  if (!call.house.iam.assume_as_service(role_arn, kLambdaService, "lambda-check").has_value()) {
    return std::unexpected(invalid_parameter("The role defined for the function cannot be assumed by Lambda."));
  }
  return {};
}

}  // namespace penstock::services::lambda
