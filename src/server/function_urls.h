#pragma once
/// Serves function URLs: http://ID.lambda-url.REGION.<anything>/ on the API port. Whoever the URL's AuthType and the
/// policies let may call; the function gets the request as an event, and its answer is the response.
/// Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", "Control access to Lambda function URLs".
/// Threads: any.

#include <optional>
#include <string>

#include "functions/function_store.h"
#include "functions/invoker.h"
#include "gateway/gateway.h"
#include "iam/authorizer.h"
#include "net/http.h"

namespace penstock::server {

/// All outlive it.
struct FunctionUrlParts {
  const functions::FunctionStore& functions;
  functions::Invoker& invoker;
  const gateway::Gateway& gateway;
  const iam::Authorizer& authorizer;
  const Clock& clock;
  Random& random;
};

class FunctionUrls {
 public:
  explicit FunctionUrls(FunctionUrlParts parts) : parts_(parts) {}

  /// The id in the request's host name, if it is a function URL's.
  [[nodiscard]] static std::optional<std::string> id_of(const net::HttpRequest& request);
  Task<net::HttpResponse> answer(net::HttpRequest request, std::string id);

 private:
  /// Errors: the response that refuses it.
  [[nodiscard]] std::expected<std::optional<iam::Principal>, net::HttpResponse> admit(
      const net::HttpRequest& request, const functions::UrlTarget& target) const;
  Task<net::HttpResponse> run(net::HttpRequest request, functions::UrlTarget target,
                              std::optional<iam::Principal> caller);

  FunctionUrlParts parts_;
};

}  // namespace penstock::server
