#pragma once
/// AWS Signature Version 4, both ways: verify what clients sent, sign what our own tools send. Pure.
/// Source: IAM User Guide, "AWS Signature Version 4 for API requests" (create a signed request; elements of a request).
/// Threads: any (the verifier's cache of signing keys is guarded inside).

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"

namespace penstock::sigv4 {

/// What is signed. `target` is the path and query as on the wire.
struct Request {
  std::string_view method;
  std::string_view target;
  std::span<const std::pair<std::string, std::string>> headers;
  std::string_view body;
};

/// "AKID/20260101/us-east-1/kinesis/aws4_request"
struct Scope {
  std::string access_key_id;
  std::string date;
  std::string region;
  std::string service;
};

struct Refusal {
  std::string
      code;  ///< AWS's: IncompleteSignature, MissingAuthenticationToken, SignatureDoesNotMatch, RequestExpired ...
  std::string message;  ///< never holds a secret
  int http_status = 403;
};

/// The scope that the request claims, before anything is checked: for picking the service. nullopt when unsigned.
[[nodiscard]] std::optional<Scope> claimed_scope(const Request& request);

struct Secret {
  std::string secret_access_key;
  std::optional<std::string> session_token;  ///< when set, the request must carry exactly this token
};

struct Verified {
  Scope scope;
  bool presigned = false;
};

/// Checks header or presigned-query authentication: form, clock skew (15 minutes; X-Amz-Expires), signed-header rules
/// (host or :authority and every x-amz-* header present must be signed), payload hash, signature (constant time).
/// `find_secret` gives the secret of an access key id, or nullopt (InvalidClientTokenId / UnrecognizedClientException).
[[nodiscard]] std::expected<Verified, Refusal> verify(
    const Request& request, Timestamp now,
    const std::function<std::optional<Secret>(std::string_view access_key_id)>& find_secret);

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::optional<std::string> session_token;
};

/// Headers to add: authorization, x-amz-date, x-amz-security-token. `request.headers` must hold host.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sign(const Request& request, const Credentials& who,
                                                                    std::string_view region, std::string_view service,
                                                                    Timestamp now);

}  // namespace penstock::sigv4
