#pragma once
/// From an HTTP request to an operation and back: picks the operation, verifies the signature, decodes, validates,
/// authorises every resource that the call touches, calls, renders.
/// Guarantee: no handler runs before its caller is verified and every touched resource is allowed. Every answer, also
///            of a refused request, carries x-amzn-RequestId.
/// Threads:   handle may run on any number of loops at the same time; each call stays on the loop that began it.

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/request_metrics.h"
#include "gateway/router.h"
#include "iam/authorizer.h"
#include "iam/identity_store.h"
#include "net/http.h"
#include "services/house.h"
#include "services/operation.h"

namespace penstock::gateway {

/// What the gateway asks of the identity store.
struct Identities {
  const iam::Authorizer& authorizer;
  std::function<std::expected<iam::Credential, iam::CredentialFault>(
      std::string_view access_key_id, std::optional<std::string_view> session_token, Timestamp now)>
      find_credential;
  std::function<void(std::string_view access_key_id, std::string_view service, std::string_view region, Timestamp at)>
      note_key_use;
};

class Gateway {
 public:
  /// All that is referred to outlives the gateway and its calls.
  Gateway(services::House& house, Identities identities, std::span<const services::Service* const> services);

  /// For the HTTP server.
  Task<net::HttpResponse> handle(net::HttpRequest request);
  /// For what the HTTP server itself refuses; see net::RefusalRenderer.
  [[nodiscard]] net::HttpResponse refuse(int status, std::string_view message, const net::HttpRequest* head);

  /// Who signed a request for `service` that is none of its operations (a function URL). Errors: as for operations.
  [[nodiscard]] std::expected<iam::Principal, services::ApiError> authenticate_for(
      const net::HttpRequest& request, const services::Service& service) const;

  [[nodiscard]] const RequestMetrics& metrics() const { return metrics_; }

 private:
  template <class T>
  using ApiResult = services::ApiResult<T>;

  [[nodiscard]] ApiResult<sigv4::Verified> authenticate(const net::HttpRequest& request, const Route& route,
                                                        iam::Principal& who) const;
  [[nodiscard]] ApiResult<services::Erased> decode(const net::HttpRequest& request, const Route& route) const;
  [[nodiscard]] ApiResult<void> authorise(const net::HttpRequest& request, const Route& route,
                                          const services::CallContext& call, const void* input) const;
  /// `route` must outlive the task: who was called is read from it afterwards.
  Task<net::HttpResponse> answer(net::HttpRequest request, Route& route);
  Task<ApiResult<net::HttpResponse>> call_operation(net::HttpRequest request, const Route& route,
                                                    std::string request_id);

  services::House& house_;
  Identities identities_;
  Router router_;
  RequestMetrics metrics_;
};

}  // namespace penstock::gateway
