#pragma once
/// Which operation of which service a request asks for. Pure: looks at the request only, checks no signature.
/// Source: AWS General Reference and the service models' traits, as seen on the wire: the credential scope names the
/// service, X-Amz-Target the JSON operation, Action the Query operation, method and path the REST operation.
/// Bounds:  the server's; a form has no more pairs than its body has bytes.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "net/http.h"
#include "services/operation.h"
#include "sigv4/sigv4.h"

namespace penstock::gateway {

/// The code of everything that AWS has and Penstock does not. With 400, because SDKs and Terraform retry 5xx.
inline constexpr std::string_view kNotImplementedCode = "NotImplementedException";

/// The service that a credential scope means. SDKs sign some services under a second name.
[[nodiscard]] std::string_view service_of_scope(std::string_view scope);

struct Route {
  const services::Service* service = nullptr;                   ///< null: none of ours
  const services::Operation* operation = nullptr;               ///< null: `problem` says why
  services::Protocol protocol = services::Protocol::rest_json;  ///< the form of the answer, also of an error
  codec::FormValues path{};                                     ///< REST: decoded path parameters
  codec::FormValues form{};                                     ///< Query: all parameters
  std::optional<services::ApiError> problem{};
  bool is_aws = true;  ///< false: nothing says that an AWS client sent it (browsers, probes)
};

class Router {
 public:
  explicit Router(std::span<const services::Service* const> services);

  [[nodiscard]] Route route(const net::HttpRequest& request, const std::optional<sigv4::Scope>& scope) const;

  /// The form in which to answer a request whose body was never read.
  [[nodiscard]] static services::Protocol protocol_of(const net::HttpRequest& head);

 private:
  struct Pattern {
    const services::Service* service;
    const services::Operation* operation;  ///< null for an operation that is not built
    std::string_view name;
    std::string_view method;
    std::vector<std::string_view> segments;
    std::string_view query;  ///< "List=ALL": a parameter that tells operations with one path apart; mostly empty
  };
  [[nodiscard]] const services::Service* by_name(std::string_view name) const;
  [[nodiscard]] Route route_json(std::string_view target) const;
  [[nodiscard]] Route route_query(const net::HttpRequest& request, const services::Service* service) const;
  [[nodiscard]] Route route_rest(const net::HttpRequest& request, const services::Service* service) const;
  [[nodiscard]] Route unknown_service(const net::HttpRequest& request, std::string_view name) const;

  std::vector<const services::Service*> services_;
  std::vector<Pattern> patterns_;
};

}  // namespace penstock::gateway
