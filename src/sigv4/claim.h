#pragma once
/// What a request claims about itself: the parts of its Authorization header or presigned query, in their form only.

#include <expected>
#include <optional>
#include <string>

#include "sigv4/canonical.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {

struct Claim {
  Scope scope;
  std::string amz_date;  ///< basic ISO 8601, as it goes into the string to sign
  Timestamp signed_at;
  std::string signed_headers;
  std::string signature;
  std::optional<std::string> session_token;
  std::chrono::seconds lifetime{};  ///< of a presigned request
  bool presigned = false;
};

[[nodiscard]] std::expected<Claim, Refusal> read_claim(const Request& request, const Parameters& parameters);

/// nullopt unless there are five parts that end in aws4_request and none is empty.
[[nodiscard]] std::optional<Scope> parse_credential(std::string_view credential);

}  // namespace penstock::sigv4
