#pragma once
/// The texts that are signed. Pure.
/// Source: IAM User Guide, "Create a signed AWS API request", steps 1 to 3; path normalisation as the AWS SDKs do it.

#include <string>
#include <string_view>
#include <vector>

#include "sigv4/crypto.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

struct Target {
  std::string_view path;
  std::string_view query;  ///< without '?'
};
[[nodiscard]] Target split_target(std::string_view target);

/// Query parameters, decoded, in the order of the wire. '+' is a space.
using Parameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Parameters parse_parameters(std::string_view query);

/// Dot segments and empty segments are resolved and what is on the wire is percent-encoded once more ("%3A" becomes
/// "%253A"); S3 alone takes the path as it is.
[[nodiscard]] std::string canonical_path(std::string_view path, std::string_view service);
/// Encoded, sorted by name and then value; parameters named in `without` are left out.
[[nodiscard]] std::string canonical_query(const Parameters& parameters, std::span<const std::string_view> without);

/// Name comparison ignores ASCII case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);
/// The first value of a header, or nullptr.
[[nodiscard]] const std::string* find_header(const Request& request, std::string_view name);

/// "name:value\n" for each of `signed_headers` ("content-type;host;x-amz-date"): values trimmed, runs of spaces
/// folded, repeated headers joined with ','. host and :authority stand for each other.
void append_canonical_headers(const Request& request, std::string_view signed_headers, std::string& out);

struct Canonical {
  std::string_view signed_headers;
  std::string_view payload_hash;
  std::string_view service;
  std::span<const std::string_view> parameters_without = {};
};
[[nodiscard]] std::string canonical_request(const Request& request, const Parameters& parameters,
                                            const Canonical& parts);

[[nodiscard]] std::string string_to_sign(std::string_view amz_date, const Scope& scope, std::string_view canonical);
[[nodiscard]] Digest signing_key(std::string_view secret_access_key, const Scope& scope);

}  // namespace penstock::sigv4
