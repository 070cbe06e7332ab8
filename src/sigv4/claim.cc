#include "sigv4/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/encoding/base64.h"
#include "core/result.h"
#include "sigv4/amz_date.h"

/// The wording of the refusals is AWS's, as its services answer.
namespace penstock::sigv4 {
namespace {

constexpr std::chrono::seconds kLifetimeMax{604'800};      // IAM User Guide: presigned requests, seven days
constexpr std::chrono::seconds kLifetimeDefault{15 * 60};  // without X-Amz-Expires the usual skew holds

std::unexpected<Refusal> incomplete(std::string message) {
  return std::unexpected(Refusal{"IncompleteSignature", std::move(message), 400});
}

struct AuthorizationParts {
  std::optional<std::string_view> credential;
  std::optional<std::string_view> signed_headers;
  std::optional<std::string_view> signature;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// AWS does not echo the header (it may be a bearer token): it prints its hash.
std::string hashed(std::string_view header) { return base64_encode(as_text(sha256(header))); }

std::expected<AuthorizationParts, Refusal> split_authorization(std::string_view header) {
  std::string_view rest = trimmed(header);
  const std::size_t space = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view algorithm = rest.substr(0, space);
  rest.remove_prefix(space);
  if (algorithm != kAlgorithm && algorithm.starts_with("AWS4-")) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm.substr(0, 64)));
  }
  AuthorizationParts parts;
  while (algorithm == kAlgorithm && !rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pair = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return incomplete(
          fmt::format("Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and "
                      "encoded with Base64): '{}'.",
                      hashed(header)));
    }
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(equals + 1);
    if (key == "Credential") parts.credential = value;
    if (key == "SignedHeaders") parts.signed_headers = value;
    if (key == "Signature") parts.signature = value;
  }
  return parts;
}

std::string missing_parts(const AuthorizationParts& parts, bool has_date, std::string_view header) {
  std::string out;
  const auto need = [&](std::string_view name) {
    out += fmt::format("Authorization header requires '{}' parameter. ", name);
  };
  const auto absent = [](const std::optional<std::string_view>& part) { return !part || part->empty(); };
  if (absent(parts.credential)) need("Credential");
  if (absent(parts.signature)) need("Signature");
  if (absent(parts.signed_headers)) need("SignedHeaders");
  if (!has_date) out += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (out.empty()) return out;
  return fmt::format("{}(Hashed with SHA-256 and encoded with Base64) Authorization={}", out, hashed(header));
}

std::expected<Scope, Refusal> scope_of(std::string_view credential) {
  const auto scope = parse_credential(credential);
  if (scope) return *scope;
  return incomplete(
      fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                  "'{}'",
                  credential.substr(0, 256)));
}

std::expected<void, Refusal> set_date(Claim& claim, std::string_view text, bool http_date_too) {
  auto time = parse_amz_date(text);
  if (!time && http_date_too) time = parse_http_date(text);
  if (!time) {
    return incomplete(
        fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                    text.substr(0, 64)));
  }
  claim.signed_at = *time;
  claim.amz_date = amz_date(*time);
  return {};
}

std::expected<Claim, Refusal> read_header_claim(const Request& request, std::string_view header) {
  PENSTOCK_TRY(const AuthorizationParts parts, split_authorization(header));
  const std::string* amz = find_header(request, "x-amz-date");
  const std::string* plain = find_header(request, "date");
  if (auto text = missing_parts(parts, amz != nullptr || plain != nullptr, header); !text.empty()) {
    return incomplete(std::move(text));
  }
  Claim claim;
  PENSTOCK_TRY(claim.scope, scope_of(*parts.credential));
  PENSTOCK_TRY_VOID(set_date(claim, trimmed(amz != nullptr ? *amz : *plain), amz == nullptr));
  claim.signed_headers = *parts.signed_headers;
  claim.signature = *parts.signature;
  if (const std::string* token = find_header(request, "x-amz-security-token")) claim.session_token = *token;
  return claim;
}

const std::string* find_parameter(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::expected<std::chrono::seconds, Refusal> lifetime_of(const Parameters& parameters) {
  const std::string* text = find_parameter(parameters, "X-Amz-Expires");
  if (text == nullptr) return kLifetimeDefault;
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (code == std::errc::invalid_argument || end != text->data() + text->size()) {
    return incomplete("X-Amz-Expires should be a number");
  }
  if (code == std::errc{} && count < 0) return incomplete("X-Amz-Expires must be non-negative");
  if (code != std::errc{} || std::chrono::seconds{count} > kLifetimeMax) {
    return incomplete(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
        "604800 seconds");
  }
  return std::chrono::seconds{count};
}

std::expected<Claim, Refusal> read_query_claim(const Parameters& parameters) {
  static constexpr std::array<std::string_view, 5> kRequired = {"X-Amz-Algorithm", "X-Amz-Credential",
                                                                "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"};
  std::string missing;
  for (const std::string_view name : kRequired) {
    const std::string* value = find_parameter(parameters, name);
    if (value == nullptr || value->empty()) {
      missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    }
    if (std::count_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; }) > 1) {
      return incomplete(fmt::format("AWS query-string parameter '{}' is given twice.", name));
    }
  }
  if (!missing.empty()) return incomplete(missing + "Re-examine the query-string parameters.");
  const std::string& algorithm = *find_parameter(parameters, "X-Amz-Algorithm");
  if (algorithm != kAlgorithm) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm.substr(0, 64)));
  }
  Claim claim;
  claim.presigned = true;
  PENSTOCK_TRY(claim.scope, scope_of(*find_parameter(parameters, "X-Amz-Credential")));
  PENSTOCK_TRY_VOID(set_date(claim, *find_parameter(parameters, "X-Amz-Date"), false));
  PENSTOCK_TRY(claim.lifetime, lifetime_of(parameters));
  claim.signed_headers = *find_parameter(parameters, "X-Amz-SignedHeaders");
  claim.signature = *find_parameter(parameters, "X-Amz-Signature");
  if (const std::string* token = find_parameter(parameters, "X-Amz-Security-Token")) claim.session_token = *token;
  return claim;
}

bool is_presigned(const Parameters& parameters) {
  return std::any_of(parameters.begin(), parameters.end(), [](const auto& parameter) {
    return parameter.first == "X-Amz-Algorithm" || parameter.first == "X-Amz-Credential" ||
           parameter.first == "X-Amz-Signature";
  });
}

}  // namespace

std::optional<Scope> parse_credential(std::string_view credential) {
  std::array<std::string_view, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = credential.find('/');
    const bool last = i + 1 == parts.size();
    if (last != (slash == std::string_view::npos)) return std::nullopt;
    parts[i] = credential.substr(0, slash);
    if (parts[i].empty()) return std::nullopt;
    if (!last) credential.remove_prefix(slash + 1);
  }
  if (parts[4] != kTerminator) return std::nullopt;
  return Scope{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
}

std::expected<Claim, Refusal> read_claim(const Request& request, const Parameters& parameters) {
  const std::string* authorization = find_header(request, "authorization");
  const bool presigned = is_presigned(parameters);
  if (authorization != nullptr && presigned) {
    return incomplete(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
        "or the Authorization header should be specified");
  }
  if (authorization != nullptr) return read_header_claim(request, *authorization);
  if (presigned) return read_query_claim(parameters);
  return std::unexpected(Refusal{"MissingAuthenticationToken", "Missing Authentication Token", 403});
}

std::optional<Scope> claimed_scope(const Request& request) {
  if (const std::string* header = find_header(request, "authorization")) {
    const auto parts = split_authorization(*header);
    if (!parts || !parts->credential) return std::nullopt;
    return parse_credential(*parts->credential);
  }
  const Parameters parameters = parse_parameters(split_target(request.target).query);
  const std::string* credential = find_parameter(parameters, "X-Amz-Credential");
  return credential != nullptr ? parse_credential(*credential) : std::nullopt;
}

}  // namespace penstock::sigv4
