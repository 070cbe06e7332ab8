#include "sigv4/canonical.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding/hex.h"
#include "core/encoding/percent.h"

namespace penstock::sigv4 {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

/// Trims, and folds each run of white space into one space.
void append_folded(std::string_view value, std::string& out) {
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (is_space(c)) {
      pending = any;
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    any = true;
    out += c;
  }
}

/// False when no header has that name.
bool append_values(const Request& request, std::string_view name, std::string& out) {
  bool found = false;
  for (const auto& [header, value] : request.headers) {
    if (!same_name(header, name)) continue;
    if (found) out += ',';
    found = true;
    append_folded(value, out);
  }
  return found;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find_header(const Request& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (same_name(header, name)) return &value;
  }
  return nullptr;
}

Target split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

Parameters parse_parameters(std::string_view query) {
  Parameters out;
  const auto decoded = [](std::string_view text) {
    auto plain = percent_decode(text, true);
    return plain ? std::move(*plain) : std::string(text);
  };
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out.emplace_back(decoded(pair.substr(0, equals)), decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return out;
}

std::string canonical_path(std::string_view path, std::string_view service) {
  if (path.empty()) return "/";
  if (service == "s3") return std::string(path);
  std::vector<std::string_view> segments;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : segments) out.append("/").append(percent_encode(segment));
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_query(const Parameters& parameters, std::span<const std::string_view> without) {
  if (parameters.empty()) return {};
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(parameters.size());
  for (const auto& [name, value] : parameters) {
    if (std::find(without.begin(), without.end(), name) != without.end()) continue;
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

void append_canonical_headers(const Request& request, std::string_view signed_headers, std::string& out) {
  while (!signed_headers.empty()) {
    const std::size_t end = std::min(signed_headers.find(';'), signed_headers.size());
    const std::string_view name = signed_headers.substr(0, end);
    signed_headers.remove_prefix(std::min(end + 1, signed_headers.size()));
    std::transform(name.begin(), name.end(), std::back_inserter(out), lower);
    out += ':';
    if (!append_values(request, name, out)) {
      if (same_name(name, "host")) append_values(request, ":authority", out);
      if (same_name(name, ":authority")) append_values(request, "host", out);
    }
    out += '\n';
  }
}

std::string canonical_request(const Request& request, const Parameters& parameters, const Canonical& parts) {
  std::string out;
  out.reserve(1024);
  out.append(request.method).append("\n");
  out.append(canonical_path(split_target(request.target).path, parts.service)).append("\n");
  out.append(canonical_query(parameters, parts.parameters_without)).append("\n");
  append_canonical_headers(request, parts.signed_headers, out);
  out.append("\n").append(parts.signed_headers).append("\n").append(parts.payload_hash);
  return out;
}

std::string string_to_sign(std::string_view amz_date, const Scope& scope, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}/{}/{}/{}\n{}", kAlgorithm, amz_date, scope.date, scope.region, scope.service,
                     kTerminator, sha256_hex(canonical));
}

Digest signing_key(std::string_view secret_access_key, const Scope& scope) {
  const Digest date = hmac_sha256(fmt::format("AWS4{}", secret_access_key), scope.date);
  const Digest region = hmac_sha256(as_text(date), scope.region);
  const Digest service = hmac_sha256(as_text(region), scope.service);
  return hmac_sha256(as_text(service), kTerminator);
}

}  // namespace penstock::sigv4
