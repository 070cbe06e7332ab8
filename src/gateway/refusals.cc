#include "gateway/refusals.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace penstock::gateway {

namespace {

using services::ApiError;
using services::Protocol;

struct Names {
  std::string_view query;  ///< sigv4's names are these
  std::string_view json;
};
constexpr std::array kNames = {
    Names{"InvalidClientTokenId", "UnrecognizedClientException"},
    Names{"SignatureDoesNotMatch", "InvalidSignatureException"},
    // The services answer an old signature as a wrong one, with a message that says "Signature expired".
    Names{"RequestExpired", "InvalidSignatureException"},
    Names{"MissingAuthenticationToken", "MissingAuthenticationTokenException"},
    Names{"IncompleteSignature", "IncompleteSignatureException"},
    Names{"ExpiredToken", "ExpiredTokenException"},
};

std::string json_name(std::string_view code) {
  for (const Names& names : kNames) {
    if (names.query == code) return std::string(names.json);
  }
  return code.ends_with("Exception") ? std::string(code) : fmt::format("{}Exception", code);
}

}  // namespace

ApiError signature_error(Protocol protocol, const sigv4::Refusal& refusal) {
  if (protocol == Protocol::query) {
    return {refusal.code == "RequestExpired" ? "SignatureDoesNotMatch" : refusal.code, refusal.message,
            refusal.http_status};
  }
  const bool is_json = protocol == Protocol::json11 || protocol == Protocol::cbor11;
  return {json_name(refusal.code), refusal.message, is_json ? 400 : refusal.http_status};
}

ApiError expired_token_error(Protocol protocol) {
  return signature_error(protocol, {"ExpiredToken", "The security token included in the request is expired", 403});
}

ApiError scope_error(Protocol protocol, std::string_view message) {
  return signature_error(protocol, {"SignatureDoesNotMatch", std::string(message), 403});
}

ApiError denied_error(const services::Service& service, const iam::Principal& who, std::string_view action,
                      std::string_view resource, const iam::Decision& decision) {
  return {std::string(service.denied_code),
          fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", who.arn, action, resource,
                      decision.reason),
          service.denied_status};
}

ApiError http_error(int status, std::string_view message) {
  std::string code = "BadRequestException";
  if (status == 413) code = "RequestEntityTooLargeException";
  if (status == 503) code = "ServiceUnavailableException";
  return {std::move(code), std::string(message), status};
}

}  // namespace penstock::gateway
