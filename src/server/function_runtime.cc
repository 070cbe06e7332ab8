#include "server/function_runtime.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace penstock::server {

namespace {

using functions::runtime::RoleCredentials;

constexpr std::string_view kLambdaService = "lambda.amazonaws.com";
/// How long an environment's credentials are good for; it ends before they do.
constexpr std::chrono::hours kCredentialLife{12};
constexpr std::uint16_t kUsualApiPort = 4566;
constexpr std::size_t kSessionNameMin = 2;

/// The role is really assumed, so that its trust policy counts each time an environment starts.
Result<RoleCredentials> credentials_of(const iam::IdentityStore& identities, const Clock& clock,
                                       std::string_view role_arn, std::string_view session_name) {
  // A session's name has two characters at least; of a function with fewer AWS makes it so (recorded 2025-11).
  const std::string own_name = session_name.size() < kSessionNameMin ? fmt::format("{}@lambda_function", session_name)
                                                                     : std::string(session_name);
  auto principal = identities.assume_as_service(role_arn, kLambdaService, own_name);
  if (!principal.has_value()) {
    return fail(ErrorKind::denied, "The role defined for the function cannot be assumed by Lambda.");
  }
  iam::SessionRequest request;
  request.principal = std::move(*principal);
  request.expires = std::chrono::ceil<std::chrono::seconds>(clock.now()) + kCredentialLife;
  iam::SessionCredential session = identities.new_session(request);
  return RoleCredentials{.access_key_id = std::move(session.key.access_key_id),
                         .secret_access_key = std::move(session.key.secret_access_key),
                         .session_token = std::move(session.session_token),
                         .expires = session.expires};
}

}  // namespace

Result<std::unique_ptr<functions::runtime::LocalInvoker>> open_invoker(FunctionRuntimeParts parts) {
  using functions::runtime::Network;
  const LambdaSettings& lambda = parts.settings.lambda;
  const std::uint16_t port = parts.settings.api.port;
  functions::runtime::RuntimeOptions options;
  options.folder = std::move(parts.folder);
  options.sandboxed = lambda.sandboxed;
  options.interpreters = {.node = lambda.node, .python = lambda.python};
  options.network = lambda.shares_network ? Network::host : Network::api;
  options.concurrency_max = lambda.concurrency_max;
  options.idle_max = lambda.idle_max;
  options.init_max = lambda.init_max;
  options.processes_max = lambda.processes_max;
  options.output_bytes_max = lambda.output_bytes_max;
  options.region = std::move(parts.region);
  // In a network of its own any port will do; on the machine's it is the one that was asked for, if one was.
  options.api_port = port == 0 && !lambda.shares_network && lambda.sandboxed ? kUsualApiPort : port;
  return functions::runtime::LocalInvoker::open(
      {.directory = parts.functions,
       .logs = parts.logs,
       .clock = parts.clock,
       .random = parts.random,
       .options = std::move(options),
       .credentials =
           [&identities = parts.identities, &clock = parts.clock](std::string_view role_arn,
                                                                  std::string_view session_name) {
             return credentials_of(identities, clock, role_arn, session_name);
           },
       .may_log = std::move(parts.may_log),
       .provisioned = [&functions = parts.functions] { return functions.provisioned(); },
       .api = std::move(parts.api)});
}

}  // namespace penstock::server
