#include "server/function_urls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/http_text.h"
#include "services/lambda/service.h"
#include "services/lambda/url_event.h"

namespace penstock::server {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view kLabel = ".lambda-url.";
constexpr std::size_t kIdLengthMax = 63;
constexpr std::string_view kForbidden =
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

HttpResponse plain(int status, std::string_view message, std::string_view error_type = {}) {
  HttpResponse out;
  out.status = status;
  out.headers.add("Content-Type", "application/json");
  if (!error_type.empty()) out.headers.add("x-amzn-ErrorType", std::string(error_type));
  out.body = fmt::format(R"({{"Message":"{}"}})", message);
  return out;
}

HttpResponse forbidden(std::string_view error_type = "AccessDeniedException") {
  return plain(403, kForbidden, error_type);
}

/// Nobody is told whether there is such a URL.
HttpResponse unknown() {
  HttpResponse out = forbidden();
  out.body = R"({"Message":null})";
  return out;
}

/// The function failed, or its answer is no response.
HttpResponse bad_gateway() {
  HttpResponse out = plain(502, "");
  out.body = "Internal Server Error";
  return out;
}

std::string_view port_of(const HttpRequest& request) {
  const std::string* host = request.headers.find("host");
  if (host == nullptr) host = request.headers.find(":authority");
  const std::size_t colon = host == nullptr ? std::string::npos : host->rfind(':');
  if (colon != std::string::npos) return std::string_view(*host).substr(colon + 1);
  return request.secure ? "443" : "80";
}

std::string_view host_of(const HttpRequest& request) {
  const std::string* host = request.headers.find("host");
  if (host == nullptr) host = request.headers.find(":authority");
  return host == nullptr ? std::string_view() : std::string_view(*host).substr(0, host->find(':'));
}

/// The id of the key in a signed request's credential: of its header, or of its query when it was presigned.
std::string access_key_of(const HttpRequest& request) {
  constexpr std::string_view kInHeader = "Credential=";
  constexpr std::string_view kInQuery = "X-Amz-Credential=";
  const std::string* header = request.headers.find("authorization");
  const std::string_view where = header != nullptr ? std::string_view(*header) : request.query();
  const std::string_view name = header != nullptr ? kInHeader : kInQuery;
  const std::size_t at = where.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view credential = where.substr(at + name.size());
  return std::string(credential.substr(0, credential.find_first_of("/%")));
}

bool listed(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::any_of(list,
                             [&](const std::string& one) { return one == "*" || net::same_ignoring_case(one, what); });
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "" : ",") + one;
  return out;
}

/// What browsers are told of an answer to this origin.
void add_cors(const functions::CorsRecord& cors, const HttpRequest& request, HttpResponse& response) {
  const std::string* origin = request.headers.find("origin");
  if (origin == nullptr || !listed(cors.allow_origins, *origin)) return;
  response.headers.set("Access-Control-Allow-Origin", *origin);
  response.headers.set("Vary", "Origin");
  if (cors.allow_credentials) response.headers.set("Access-Control-Allow-Credentials", "true");
  if (!cors.expose_headers.empty()) response.headers.set("Access-Control-Expose-Headers", joined(cors.expose_headers));
}

HttpResponse preflight(const functions::CorsRecord& cors, const HttpRequest& request) {
  HttpResponse out;
  add_cors(cors, request, out);
  if (out.headers.find("Access-Control-Allow-Origin") == nullptr) return out;
  const std::string* method = request.headers.find("access-control-request-method");
  if (method != nullptr && listed(cors.allow_methods, *method)) {
    out.headers.set("Access-Control-Allow-Methods", joined(cors.allow_methods));
  }
  if (!cors.allow_headers.empty()) out.headers.set("Access-Control-Allow-Headers", joined(cors.allow_headers));
  if (cors.age_seconds_max > 0) out.headers.set("Access-Control-Max-Age", std::to_string(cors.age_seconds_max));
  return out;
}

HttpResponse failure(const Error& error) {
  switch (error.kind) {
    case ErrorKind::throttled: return plain(429, "Rate Exceeded.", "TooManyRequestsException");
    case ErrorKind::missing:
    case ErrorKind::denied: return forbidden();
    default: return bad_gateway();
  }
}

}  // namespace

std::optional<std::string> FunctionUrls::id_of(const HttpRequest& request) {
  const std::string_view host = host_of(request);
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > kIdLengthMax) return std::nullopt;
  if (!host.substr(dot).starts_with(kLabel)) return std::nullopt;
  return net::lower_case(host.substr(0, dot));
}

std::expected<std::optional<iam::Principal>, HttpResponse> FunctionUrls::admit(
    const HttpRequest& request, const functions::UrlTarget& target) const {
  const bool is_signed = target.url->auth_type != "NONE";
  std::optional<iam::Principal> caller;
  if (is_signed) {
    auto known = parts_.gateway.authenticate_for(request, services::lambda::service());
    if (!known.has_value()) return std::unexpected(forbidden(known.error().code));
    caller = std::move(*known);
  }
  const iam::Conditions conditions{{"lambda:FunctionUrlAuthType", {target.url->auth_type}},
                                   {"aws:SourceIp", {request.remote_address}},
                                   {"aws:SecureTransport", {request.secure ? "true" : "false"}}};
  const std::string resource = parts_.functions.arn(target.function, target.qualifier);
  const std::string policy = parts_.functions.policy(target.function, target.qualifier);
  const iam::Decision decision =
      parts_.authorizer.authorize(caller.value_or(iam::Principal{}), {.action = "lambda:InvokeFunctionUrl",
                                                                      .resource = resource,
                                                                      .conditions = &conditions,
                                                                      .resource_policy = policy});
  if (!decision.allowed) return std::unexpected(forbidden());
  return caller;
}

Task<HttpResponse> FunctionUrls::run(HttpRequest request, functions::UrlTarget target,
                                     std::optional<iam::Principal> caller) {
  functions::Invocation invocation;
  invocation.function = target.function;
  invocation.qualifier = target.qualifier;
  invocation.request_id = parts_.random.uuid();
  const std::string trace =
      fmt::format("Root=1-{:08x}-{}", to_unix_ms(parts_.clock.now()) / 1000, parts_.random.hex(12));
  const std::string* given_trace = request.headers.find("x-amzn-trace-id");
  invocation.trace_header =
      given_trace != nullptr ? *given_trace : fmt::format("{};Parent={};Sampled=0", trace, parts_.random.hex(8));
  const std::string access_key = caller.has_value() ? access_key_of(request) : std::string();
  invocation.payload = services::lambda::url_event({.method = request.method,
                                                    .path = request.path(),
                                                    .query = request.query(),
                                                    .headers = request.headers.all(),
                                                    .body = request.body,
                                                    .domain = host_of(request),
                                                    .source_ip = request.remote_address,
                                                    .request_id = invocation.request_id,
                                                    .trace = trace,
                                                    .secure = request.secure,
                                                    .port = port_of(request),
                                                    .time = parts_.clock.now(),
                                                    .caller = caller.has_value() ? &*caller : nullptr,
                                                    .access_key = access_key});
  if (invocation.payload.size() > functions::kPayloadBytesMax) {
    co_return plain(413, "Request Entity Too Large", "RequestEntityTooLargeException");
  }
  std::string request_id = invocation.request_id;
  const auto result = co_await parts_.invoker.invoke(std::move(invocation));
  HttpResponse out;
  if (!result.has_value()) {
    out = failure(result.error());
  } else if (!result->function_error.empty()) {
    out = bad_gateway();
  } else if (auto answer = services::lambda::url_answer(result->payload); answer.has_value()) {
    out.status = answer->status;
    for (auto& [name, value] : answer->headers) out.headers.add(std::move(name), std::move(value));
    out.body = std::move(answer->body);
  } else {
    out = bad_gateway();
  }
  out.headers.set("x-amzn-RequestId", std::move(request_id));
  co_return out;
}

Task<HttpResponse> FunctionUrls::answer(HttpRequest request, std::string id) {
  auto target = parts_.functions.find_url(id);
  if (!target.has_value()) co_return unknown();
  const std::shared_ptr<const functions::UrlRecord> url = target->url;
  if (url->cors.has_value() && request.method == "OPTIONS" &&
      request.headers.find("access-control-request-method") != nullptr) {
    co_return preflight(*url->cors, request);
  }
  auto caller = admit(request, *target);
  if (!caller.has_value()) co_return std::move(caller).error();
  HttpRequest asked;
  if (url->cors.has_value()) asked.headers = request.headers;
  HttpResponse response = co_await run(std::move(request), std::move(*target), std::move(*caller));
  if (url->cors.has_value()) add_cors(*url->cors, asked, response);
  co_return response;
}

}  // namespace penstock::server
