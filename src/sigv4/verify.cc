#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/encoding/hex.h"
#include "core/result.h"
#include "sigv4/amz_date.h"
#include "sigv4/canonical.h"
#include "sigv4/claim.h"
#include "sigv4/crypto.h"
#include "sigv4/key_cache.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {
namespace {

constexpr std::chrono::minutes kSkewMax{15};
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";

std::unexpected<Refusal> refuse(std::string_view code, std::string message, int http_status = 403) {
  return std::unexpected(Refusal{std::string(code), std::move(message), http_status});
}

using Checked = std::expected<void, Refusal>;

Checked check_dates(const Claim& claim, Timestamp now) {
  const std::string_view day = std::string_view(claim.amz_date).substr(0, 8);
  if (claim.scope.date != day) {
    return refuse("SignatureDoesNotMatch",
                  fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                              "HTTP: '{}' != '{}', from '{}'.",
                              claim.scope.date.substr(0, 16), day, claim.amz_date));
  }
  const std::chrono::seconds back = claim.presigned ? claim.lifetime : std::chrono::seconds(kSkewMax);
  if (claim.signed_at + back < now) {
    const std::string ago =
        back.count() % 60 == 0 ? fmt::format("{} min", back.count() / 60) : fmt::format("{} sec", back.count());
    return refuse("SignatureDoesNotMatch", fmt::format("Signature expired: {} is now earlier than {} ({} - {}.)",
                                                       claim.amz_date, amz_date(now - back), amz_date(now), ago));
  }
  if (claim.signed_at > now + kSkewMax) {
    return refuse("SignatureDoesNotMatch",
                  fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)", claim.amz_date,
                              amz_date(now + kSkewMax), amz_date(now)));
  }
  return {};
}

bool names_header(std::string_view signed_headers, std::string_view name) {
  while (!signed_headers.empty()) {
    const std::size_t end = std::min(signed_headers.find(';'), signed_headers.size());
    if (same_name(signed_headers.substr(0, end), name)) return true;
    signed_headers.remove_prefix(std::min(end + 1, signed_headers.size()));
  }
  return false;
}

/// IAM User Guide: the host header (HTTP/1.1) or :authority (HTTP/2) and every x-amz-* header must be signed.
Checked check_signed_headers(const Request& request, const Claim& claim) {
  if (!names_header(claim.signed_headers, "host") && !names_header(claim.signed_headers, ":authority")) {
    return refuse("SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& [name, value] : request.headers) {
    if (name.size() < 6 || !same_name(std::string_view(name).substr(0, 6), "x-amz-")) continue;
    if (names_header(claim.signed_headers, name)) continue;
    return refuse("SignatureDoesNotMatch",
                  fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name.substr(0, 128)));
  }
  return {};
}

const std::string* claimed_payload_hash(const Request& request, const Parameters& parameters) {
  if (const std::string* header = find_header(request, "x-amz-content-sha256")) return header;
  for (const auto& [name, value] : parameters) {
    if (name == "X-Amz-Content-Sha256") return &value;
  }
  return nullptr;
}

std::expected<std::string, Refusal> payload_hash(const Request& request, const Parameters& parameters) {
  const std::string* claimed = claimed_payload_hash(request, parameters);
  if (claimed == nullptr) return sha256_hex(request.body);
  if (*claimed == kUnsignedPayload) return std::string(kUnsignedPayload);
  if (claimed->starts_with("STREAMING-")) {
    return refuse(
        "NotImplemented",
        fmt::format("x-amz-content-sha256 {}: payloads signed chunk by chunk are not supported; send the hash "
                    "of the whole payload or UNSIGNED-PAYLOAD.",
                    claimed->substr(0, 64)),
        400);
  }
  if (claimed->size() != 64 || !hex_decode(*claimed)) {
    return refuse("IncompleteSignature", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.",
                  400);
  }
  if (hex_decode(*claimed) != as_text(sha256(request.body))) {
    return refuse("SignatureDoesNotMatch",
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return *claimed;
}

/// A permanent key comes without a token, a temporary one with exactly its own.
bool token_matches(const Claim& claim, const Secret& secret) {
  if (!claim.session_token || !secret.session_token) return !claim.session_token && !secret.session_token;
  return equal_in_constant_time(*claim.session_token, *secret.session_token);
}

/// Shared by all threads; guarded inside.
KeyCache& key_cache() {
  static auto& cache = *new KeyCache;
  return cache;
}

std::string signature_of(const Claim& claim, const Digest& key, std::string_view canonical) {
  return hex_encode(as_text(hmac_sha256(as_text(key), string_to_sign(claim.amz_date, claim.scope, canonical))));
}

bool signature_matches(const Request& request, const Parameters& parameters, const Claim& claim, std::string_view hash,
                       const Digest& key) {
  static constexpr std::array<std::string_view, 2> kWithout = {"X-Amz-Signature", "X-Amz-Security-Token"};
  const std::span<const std::string_view> all(kWithout);
  Canonical parts{.signed_headers = claim.signed_headers,
                  .payload_hash = hash,
                  .service = claim.scope.service,
                  .parameters_without = claim.presigned ? all.first(1) : all.first(0)};
  if (equal_in_constant_time(signature_of(claim, key, canonical_request(request, parameters, parts)),
                             claim.signature)) {
    return true;
  }
  // AWS IoT Core Developer Guide, "MQTT over the WebSocket protocol": the session token is added after signing.
  if (!claim.presigned || !claim.session_token || claim.scope.service != "iotdevicegateway") return false;
  parts.parameters_without = all;
  return equal_in_constant_time(signature_of(claim, key, canonical_request(request, parameters, parts)),
                                claim.signature);
}

}  // namespace

std::expected<Verified, Refusal> verify(
    const Request& request, Timestamp now,
    const std::function<std::optional<Secret>(std::string_view access_key_id)>& find_secret) {
  const Parameters parameters = parse_parameters(split_target(request.target).query);
  PENSTOCK_TRY(const Claim claim, read_claim(request, parameters));
  PENSTOCK_TRY_VOID(check_dates(claim, now));
  PENSTOCK_TRY_VOID(check_signed_headers(request, claim));
  const std::optional<Secret> secret = find_secret(claim.scope.access_key_id);
  if (!secret || !token_matches(claim, *secret)) {
    return refuse("InvalidClientTokenId", "The security token included in the request is invalid.");
  }
  PENSTOCK_TRY(const std::string hash, payload_hash(request, parameters));
  const std::optional<Digest> cached = key_cache().find(claim.scope, secret->secret_access_key);
  const Digest key = cached ? *cached : signing_key(secret->secret_access_key, claim.scope);
  if (!signature_matches(request, parameters, claim, hash, key)) {
    return refuse("SignatureDoesNotMatch", std::string(kMismatch));
  }
  if (!cached) key_cache().add(claim.scope, secret->secret_access_key, key);
  return Verified{claim.scope, claim.presigned};
}

}  // namespace penstock::sigv4
