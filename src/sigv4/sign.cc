#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/encoding/hex.h"
#include "sigv4/amz_date.h"
#include "sigv4/canonical.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {
namespace {

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

/// What must be signed and no more: proxies may change other headers.
bool must_sign(std::string_view lower_name) {
  return lower_name == "host" || lower_name == ":authority" || lower_name == "content-type" ||
         lower_name.starts_with("x-amz-");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sign(const Request& request, const Credentials& who,
                                                      std::string_view region, std::string_view service,
                                                      Timestamp now) {
  const std::string date = amz_date(now);
  std::vector<std::pair<std::string, std::string>> added = {{"x-amz-date", date}};
  if (who.session_token) added.emplace_back("x-amz-security-token", *who.session_token);

  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [name, value] : request.headers) {
    const bool replaced =
        std::any_of(added.begin(), added.end(), [&](const auto& h) { return same_name(h.first, name); });
    if (!replaced) all.emplace_back(name, value);
  }
  all.insert(all.end(), added.begin(), added.end());
  std::set<std::string> names;
  for (const auto& [name, value] : all) {
    if (std::string low = lower(name); must_sign(low)) names.insert(std::move(low));
  }
  const std::string signed_headers = fmt::format("{}", fmt::join(names, ";"));

  const Request whole{request.method, request.target, all, request.body};
  const std::string* given = find_header(whole, "x-amz-content-sha256");
  const std::string hash = given != nullptr ? *given : sha256_hex(request.body);
  const Scope scope{who.access_key_id, date.substr(0, 8), std::string(region), std::string(service)};
  const Parameters parameters = parse_parameters(split_target(request.target).query);
  const std::string canonical = canonical_request(
      whole, parameters, {.signed_headers = signed_headers, .payload_hash = hash, .service = service});
  const Digest signature =
      hmac_sha256(as_text(signing_key(who.secret_access_key, scope)), string_to_sign(date, scope, canonical));
  added.emplace_back("authorization", fmt::format("{} Credential={}/{}/{}/{}/{}, SignedHeaders={}, Signature={}",
                                                  kAlgorithm, scope.access_key_id, scope.date, region, service,
                                                  kTerminator, signed_headers, hex_encode(as_text(signature))));
  return added;
}

}  // namespace penstock::sigv4
