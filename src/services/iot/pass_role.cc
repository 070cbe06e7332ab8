#include "services/iot/pass_role.h"

#include <fmt/format.h>

#include "iam/identity_store.h"
#include "services/house.h"
#include "services/iot/errors.h"

namespace penstock::services::iot {

ApiResult<void> check_pass_role(const CallContext& call, std::string_view role_arn, std::string_view service) {
  const iam::Conditions conditions{{"iam:PassedToService", {std::string(service)}},
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
  if (!call.house.iam.assume_as_service(role_arn, service, "iot-check").has_value()) {
    return std::unexpected(
        invalid_request(fmt::format("{} is unable to perform: sts:AssumeRole on resource: {}", service, role_arn)));
  }
  return {};
}

}  // namespace penstock::services::iot
