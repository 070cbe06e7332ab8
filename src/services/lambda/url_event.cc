#include "services/lambda/url_event.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "codec/json.h"
#include "core/encoding/base64.h"
#include "core/encoding/percent.h"

namespace penstock::services::lambda {

namespace {

namespace json = boost::json;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// Values of one name are joined with commas.
using Joined = std::map<std::string, std::string>;

void join(Joined& all, std::string name, std::string_view value) {
  const auto [at, is_new] = all.try_emplace(std::move(name), value);
  if (!is_new) at->second.append(",").append(value);
}

json::object to_object(const Joined& all) {
  json::object out;
  for (const auto& [name, value] : all) out.emplace(name, value);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string decoded(std::string_view text) { return percent_decode(text, true).value_or(std::string(text)); }

Joined query_of(std::string_view query) {
  Joined out;
  for (const std::string_view pair : split(query, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    join(out, decoded(pair.substr(0, equals)), decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return out;
}

/// What is text reaches the function as text; everything else as base64.
bool is_text(std::string_view type) {
  const std::string name = lower(type.substr(0, type.find(';')));
  return name.starts_with("text/") || name == "application/json" || name == "application/javascript" ||
         name == "application/xml" || name.ends_with("+json") || name.ends_with("+xml");
}

json::object authorizer_of(const iam::Principal& who, std::string_view access_key) {
  return {{"iam", json::object{{"accessKey", access_key},
                               {"accountId", who.account},
                               {"callerId", who.user_id},
                               {"userArn", who.arn},
                               {"userId", who.user_id},
                               {"cognitoIdentity", nullptr},
                               {"principalOrgId", nullptr}}}};
}

/// Of the connection to whoever stands before the function, not of the request.
bool is_of_connection(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {"connection", "keep-alive",        "proxy-connection", "te",
                                                      "trailer",    "transfer-encoding", "upgrade"};
  return name.starts_with(':') || std::ranges::find(kNames, name) != kNames.end();
}

/// What the function is told of the connection, whatever the client said of it (as recorded from AWS, 2025-11).
void add_forwarded(const UrlRequest& request, Joined& headers) {
  headers["x-forwarded-for"] = request.source_ip;
  headers["x-forwarded-port"] = request.port;
  headers["x-forwarded-proto"] = request.secure ? "https" : "http";
  headers.try_emplace("x-amzn-trace-id", request.trace);
}

json::object context_of(const UrlRequest& request, const Joined& headers) {
  const auto agent = headers.find("user-agent");
  json::object out{
      {"accountId", request.caller == nullptr ? std::string("anonymous") : request.caller->account},
      {"apiId", request.domain.substr(0, request.domain.find('.'))},
      {"domainName", request.domain},
      {"domainPrefix", request.domain.substr(0, request.domain.find('.'))},
      {"http", json::object{{"method", request.method},
                            {"path", request.path},
                            {"protocol", "HTTP/1.1"},
                            {"sourceIp", request.source_ip},
                            {"userAgent", agent == headers.end() ? std::string() : agent->second}}},
      {"requestId", request.request_id},
      {"routeKey", "$default"},
      {"stage", "$default"},
      {"time", fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000", std::chrono::floor<std::chrono::seconds>(request.time))},
      {"timeEpoch", to_unix_ms(request.time)}};
  if (request.caller != nullptr) out.emplace("authorizer", authorizer_of(*request.caller, request.access_key));
  return out;
}

/// Headers that frame a message are the server's own.
bool may_be_set(std::string_view name) {
  constexpr std::array<std::string_view, 6> kFraming = {"connection", "content-length",    "date",
                                                        "keep-alive", "transfer-encoding", "upgrade"};
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const bool is_token = !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
  return is_token && std::ranges::find(kFraming, name) == kFraming.end();
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : codec::serialize(value);
}

void take_headers(const json::object& answer, UrlAnswer& out) {
  if (const auto* headers = answer.if_contains("headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->as_object()) {
      const std::string lower_name = lower(std::string_view(name));
      if (may_be_set(lower_name)) out.headers.emplace_back(lower_name, text_of(value));
    }
  }
  if (const auto* cookies = answer.if_contains("cookies"); cookies != nullptr && cookies->is_array()) {
    for (const json::value& cookie : cookies->as_array()) out.headers.emplace_back("set-cookie", text_of(cookie));
  }
}

/// JSON without the space between its tokens; numbers stay as they were written.
std::string compact(std::string_view json_text) {
  std::string out;
  out.reserve(json_text.size());
  bool is_inside = false;  // of a string
  for (std::size_t i = 0; i < json_text.size(); ++i) {
    const char c = json_text[i];
    if (is_inside && c == '\\' && i + 1 < json_text.size()) {
      out += c;
      out += json_text[++i];
      continue;
    }
    if (c == '"') is_inside = !is_inside;
    if (is_inside || !std::string_view(" \t\r\n").contains(c)) out += c;
  }
  return out;
}

/// An answer that is no response document: a string is the body itself, everything else its JSON.
std::string body_of(const Result<json::value>& answer, std::string_view payload) {
  if (!answer.has_value()) return std::string(payload);
  return answer->is_string() ? std::string(answer->as_string()) : compact(payload);
}

void add_type(UrlAnswer& out) {
  const bool has_type = std::ranges::any_of(out.headers, [](const auto& pair) { return pair.first == "content-type"; });
  if (!has_type) out.headers.emplace_back("content-type", "application/json");
}

}  // namespace

std::string url_event(const UrlRequest& request) {
  Joined headers;
  json::array cookies;
  std::string_view type;
  for (const auto& [name, value] : request.headers) {
    const std::string lower_name = lower(name);
    if (is_of_connection(lower_name)) continue;
    if (lower_name == "cookie") {
      for (std::string_view cookie : split(value, ';')) {
        cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
        if (!cookie.empty()) cookies.emplace_back(cookie);
      }
      continue;
    }
    if (lower_name == "content-type") type = value;
    join(headers, lower_name, value);
  }
  add_forwarded(request, headers);
  json::object event{
      {"version", "2.0"}, {"routeKey", "$default"}, {"rawPath", request.path}, {"rawQueryString", request.query}};
  if (!cookies.empty()) event.emplace("cookies", std::move(cookies));
  event.emplace("headers", to_object(headers));
  if (!request.query.empty()) event.emplace("queryStringParameters", to_object(query_of(request.query)));
  event.emplace("requestContext", context_of(request, headers));
  const bool is_base64 = !request.body.empty() && !is_text(type);
  if (!request.body.empty()) {
    event.emplace("body", is_base64 ? base64_encode(request.body) : std::string(request.body));
  }
  event.emplace("isBase64Encoded", is_base64);
  return codec::serialize(event);
}

Result<UrlAnswer> url_answer(std::string_view payload) {
  UrlAnswer out;
  const auto value = codec::parse_json(payload);
  const json::object* answer = value.has_value() && value->is_object() ? &value->as_object() : nullptr;
  const json::value* status = answer == nullptr ? nullptr : answer->if_contains("statusCode");
  if (status == nullptr) {
    out.body = body_of(value, payload);
    add_type(out);
    return out;
  }
  const std::string digits = text_of(*status);
  const bool is_status = digits.size() == 3 && digits[0] >= '2' && digits[0] <= '5' &&
                         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_status) return fail(ErrorKind::invalid, "the function's statusCode is not one");
  out.status = std::stoi(digits);
  take_headers(*answer, out);
  add_type(out);
  const json::value* body = answer->if_contains("body");
  if (body == nullptr || body->is_null()) return out;
  out.body = text_of(*body);
  if (const auto* encoded = answer->if_contains("isBase64Encoded");
      encoded != nullptr && encoded->is_bool() && encoded->as_bool()) {
    auto bytes = base64_decode(out.body);
    if (!bytes.has_value()) return fail(ErrorKind::invalid, "the function's body is not base64");
    out.body = *std::move(bytes);
  }
  return out;
}

}  // namespace penstock::services::lambda
