#include "server/code_downloads.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "core/encoding/hex.h"
#include "sigv4/crypto.h"

namespace penstock::server {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view kFolder = "/lambda-code/";
constexpr std::string_view kSuffix = ".zip";
constexpr std::chrono::milliseconds kPatience{2000};

HttpResponse refusal(int status, std::string_view code, std::string_view message) {
  HttpResponse out;
  out.status = status;
  out.headers.add("Content-Type", "application/xml");
  out.body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>", code, message);
  return out;
}

/// The value of a parameter whose name and value need no escaping; "" when it is not there.
std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

CodeDownloads::CodeDownloads(CodeDownloadParts parts) : parts_(std::move(parts)), key_(parts_.random.hex(64)) {}

std::string CodeDownloads::signature(std::string_view sha256_hex, std::string_view expires) const {
  const sigv4::Digest digest = sigv4::hmac_sha256(key_, fmt::format("lambda-code\n{}\n{}", sha256_hex, expires));
  return hex_encode(sigv4::as_text(digest));
}

std::string CodeDownloads::link(std::string_view sha256_hex) const {
  const auto expires = std::chrono::ceil<std::chrono::seconds>(parts_.clock.now() + kLinkLife);
  const std::string seconds = fmt::to_string(expires.time_since_epoch().count());
  return fmt::format("{}{}{}{}?expires={}&signature={}", parts_.api_url(), kFolder, sha256_hex, kSuffix, seconds,
                     signature(sha256_hex, seconds));
}

bool CodeDownloads::is_at(const HttpRequest& request) { return request.path().starts_with(kFolder); }

Task<HttpResponse> CodeDownloads::answer(HttpRequest request) {
  std::string_view name = request.path().substr(kFolder.size());
  const std::string_view expires = parameter(request.query(), "expires");
  const bool is_good = request.method == "GET" && name.ends_with(kSuffix);
  if (is_good) name.remove_suffix(kSuffix.size());
  if (!is_good || !sigv4::equal_in_constant_time(parameter(request.query(), "signature"), signature(name, expires))) {
    co_return refusal(403, "SignatureDoesNotMatch", "The signature of this link is not the one that was given.");
  }
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  if (parts_.clock.now() >= from_unix_ms(until * 1000)) co_return refusal(403, "AccessDenied", "Request has expired");
  co_return co_await give(std::string(name));
}

Task<HttpResponse> CodeDownloads::give(std::string sha256_hex) {
  functions::Code wanted;
  wanted.sha256_hex = std::move(sha256_hex);
  const auto code = parts_.code.hold(wanted);
  if (!code.has_value()) co_return refusal(404, "NoSuchKey", "The code was deleted.");
  auto memory = co_await parts_.answers.take((*code)->zip_bytes, kPatience);
  if (!memory.has_value()) co_return refusal(503, "SlowDown", "Please reduce your request rate.");
  auto zip = co_await parts_.code.read(*code);
  if (!zip.has_value()) {
    if (zip.error().kind == ErrorKind::throttled)
      co_return refusal(503, "SlowDown", "Please reduce your request rate.");
    co_return refusal(500, "InternalError", "The code cannot be read.");
  }
  HttpResponse out;
  out.headers.add("Content-Type", "application/zip");
  out.body = *std::move(zip);
  out.memory = *std::move(memory);
  co_return out;
}

}  // namespace penstock::server
