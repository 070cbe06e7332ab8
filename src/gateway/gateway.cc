#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding/percent.h"
#include "gateway/refusals.h"
#include "gateway/render.h"
#include "net/http_text.h"
#include "telemetry/log.h"

namespace penstock::gateway {

namespace {

using net::HttpRequest;
using net::HttpResponse;
using services::ApiError;
using services::ApiResult;
using services::CallContext;
using services::Erased;
using services::Operation;
using services::Protocol;
using services::Service;

sigv4::Request signed_view(const HttpRequest& request) {
  return {.method = request.method, .target = request.target, .headers = request.headers.all(), .body = request.body};
}

/// X-Amz-Security-Token, from the header or a presigned query.
std::optional<std::string> session_token(const HttpRequest& request) {
  if (const std::string* header = request.headers.find("x-amz-security-token")) return *header;
  constexpr std::string_view kName = "X-Amz-Security-Token=";
  std::string_view query = request.query();
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (query.starts_with(kName)) return percent_decode(query.substr(kName.size(), end - kName.size()));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

codec::Decoded<> decode_rest(const HttpRequest& request, const Route& route, const codec::Shape& shape, void* out) {
  codec::RestRequest parts{.path = route.path, .query = {}, .headers = {}, .body = request.body};
  PENSTOCK_TRY(parts.query, codec::parse_query(request.query()));
  for (const auto& [name, value] : request.headers.all()) parts.headers.try_emplace(lower(name), value);
  return codec::decode_rest(parts, shape, out);
}

/// Condition keys that every request has. IAM User Guide, "AWS global condition context keys"; the evaluator adds
/// those of the principal and of the time.
void add_global_conditions(const HttpRequest& request, const CallContext& call, iam::Conditions& conditions) {
  conditions["aws:SourceIp"] = {call.source_ip};
  conditions["aws:SecureTransport"] = {call.secure ? "true" : "false"};
  conditions["aws:RequestedRegion"] = {call.region};
  conditions["aws:ViaAWSService"] = {"false"};
  if (const std::string* agent = request.headers.find("user-agent")) conditions["aws:UserAgent"] = {*agent};
  if (const std::string* referer = request.headers.find("referer")) conditions["aws:Referer"] = {*referer};
}

}  // namespace

Gateway::Gateway(services::House& house, Identities identities, std::span<const Service* const> services)
    : house_(house), identities_(std::move(identities)), router_(services), metrics_(services) {}

Task<HttpResponse> Gateway::handle(HttpRequest request) {
  const SteadyTime began = house_.clock.steady();
  Route route;
  HttpResponse response = co_await answer(std::move(request), route);
  metrics_.note(route.service, route.operation, response.status, house_.clock.steady() - began);
  co_return response;
}

Task<HttpResponse> Gateway::answer(HttpRequest request, Route& route) {
  std::string request_id = house_.random.uuid();
  if (request.path() == "/health" && (request.method == "GET" || request.method == "HEAD")) {
    HttpResponse response = render_plain(200, "", request_id);
    response.body = R"({"status":"ok"})";
    co_return response;
  }
  const std::optional<sigv4::Scope> scope = sigv4::claimed_scope(signed_view(request));
  route = router_.route(request, scope);
  if (!route.is_aws) {
    co_return render_plain(404, fmt::format("There is nothing at {}.", request.path().substr(0, 256)), request_id);
  }
  const Protocol protocol = route.protocol;
  const Service* service = route.service;
  ApiError error;
  if (route.problem.has_value()) {
    error = std::move(*route.problem);
  } else {
    auto answer = co_await call_operation(std::move(request), route, request_id);
    if (answer.has_value()) co_return std::move(*answer);
    error = std::move(answer).error();
  }
  if (error.http_status >= 500) {
    telemetry::log(telemetry::Level::warn, "call failed",
                   {{"service", service == nullptr ? std::string_view{} : service->name},
                    {"code", std::string_view(error.code)},
                    {"message", std::string_view(error.message)},
                    {"request_id", std::string_view(request_id)}});
  }
  co_return render_error(protocol, service, error, request_id);
}

Task<ApiResult<HttpResponse>> Gateway::call_operation(HttpRequest request, const Route& route, std::string request_id) {
  const Service& service = *route.service;
  const Operation& operation = *route.operation;
  CallContext call{.house = house_,
                   .principal = {},
                   .request_id = std::move(request_id),
                   .source_ip = request.remote_address,
                   .region = house_.region,
                   .account = house_.account,
                   .secure = request.secure};
  const Protocol protocol = route.protocol;
  PENSTOCK_CO_TRY_VOID(authenticate(request, route, call.principal));
  PENSTOCK_CO_TRY(Erased input, decode(request, route));
  PENSTOCK_CO_TRY_VOID(authorise(request, route, call, input.get()));
  std::string().swap(request.body);  // decoded: what waits for the disk should not hold it
  PENSTOCK_CO_TRY(const Erased output, co_await operation.invoke(call, std::move(input)));
  if (operation.event_stream) {
    co_return render_events(protocol, operation, output.get(), std::move(call.events), call.request_id);
  }
  HttpResponse response = render_success(protocol, service, operation, output.get(), call.request_id);
  response.memory = std::move(call.memory);
  co_return response;
}

ApiResult<sigv4::Verified> Gateway::authenticate(const HttpRequest& request, const Route& route,
                                                 iam::Principal& who) const {
  const Timestamp now = house_.clock.now();
  const std::optional<std::string> token = session_token(request);
  bool expired = false;
  const auto find_secret = [&](std::string_view access_key_id) -> std::optional<sigv4::Secret> {
    auto found = identities_.find_credential(
        access_key_id, token.has_value() ? std::optional<std::string_view>(*token) : std::nullopt, now);
    if (!found.has_value()) {
      expired = found.error() == iam::CredentialFault::expired;
      return std::nullopt;
    }
    who = std::move(found->principal);
    return sigv4::Secret{std::move(found->secret_access_key), std::move(found->session_token)};
  };
  auto verified = sigv4::verify(signed_view(request), now, find_secret);
  if (!verified.has_value()) {
    if (expired) return std::unexpected(expired_token_error(route.protocol));
    return std::unexpected(signature_error(route.protocol, verified.error()));
  }
  const sigv4::Scope& scope = verified->scope;
  if (service_of_scope(scope.service) != route.service->name) {
    return std::unexpected(scope_error(
        route.protocol, fmt::format("Credential should be scoped to correct service: '{}'.", route.service->name)));
  }
  if (!route.service->global && scope.region != house_.region) {
    return std::unexpected(scope_error(
        route.protocol, fmt::format("Credential should be scoped to a valid region, not '{}'. This server's region is "
                                    "'{}'.",
                                    scope.region.substr(0, 64), house_.region)));
  }
  identities_.note_key_use(scope.access_key_id, scope.service, scope.region, now);
  return std::move(*verified);
}

ApiResult<iam::Principal> Gateway::authenticate_for(const HttpRequest& request, const Service& service) const {
  Route route;
  route.service = &service;
  route.protocol = service.protocol;
  iam::Principal who;
  PENSTOCK_TRY_VOID(authenticate(request, route, who));
  return who;
}

ApiResult<Erased> Gateway::decode(const HttpRequest& request, const Route& route) const {
  const Service& service = *route.service;
  const Operation& operation = *route.operation;
  const codec::Shape& shape = operation.input_shape();
  Erased input = operation.make_input();
  codec::Decoded<> decoded;
  bool decoded_fast = false;
  switch (route.protocol) {
    case Protocol::cbor11:
      if (operation.fast_decode_cbor != nullptr && operation.fast_decode_cbor(request.body, input.get())) {
        decoded_fast = true;
      } else {
        if (operation.fast_decode_cbor != nullptr) input = operation.make_input();
        decoded = codec::decode_cbor(request.body, shape, input.get());
      }
      break;
    case Protocol::json11:
      if (operation.fast_decode != nullptr && operation.fast_decode(request.body, input.get())) {
        decoded_fast = true;
      } else {
        if (operation.fast_decode != nullptr) input = operation.make_input();
        decoded = codec::decode_json(request.body, shape, input.get());
      }
      break;
    case Protocol::query: decoded = codec::decode_query(route.form, shape, input.get()); break;
    case Protocol::rest_json: decoded = decode_rest(request, route, shape, input.get()); break;
  }
  if (!decoded.has_value()) {
    codec::DecodeError& problem = decoded.error();
    return services::api_fail(problem.is_validation ? service.validation_code : service.malformed_code,
                              std::move(problem.message));
  }
  if (decoded_fast && operation.fast_is_valid) return input;
  if (std::string violations = codec::validate(shape, input.get()); !violations.empty()) {
    return services::api_fail(service.validation_code, std::move(violations));
  }
  return input;
}

ApiResult<void> Gateway::authorise(const HttpRequest& request, const Route& route, const CallContext& call,
                                   const void* input) const {
  const Operation& operation = *route.operation;
  if (operation.action.empty()) return {};
  services::Touched touched = operation.touched(call, input);
  if (touched.failure) return std::unexpected(*std::move(touched.failure));
  if (touched.resources.empty()) touched.resources.emplace_back("*");  // an action is never allowed unasked
  add_global_conditions(request, call, touched.conditions);
  std::vector<std::string_view> actions = {operation.action};
  actions.insert(actions.end(), touched.more_actions.begin(), touched.more_actions.end());
  for (std::size_t i = 0; i < touched.resources.size(); ++i) {
    for (const std::string_view action : actions) {
      iam::Question question{.action = action, .resource = touched.resources[i], .conditions = &touched.conditions};
      if (i < touched.resource_policies.size() && !touched.resource_policies[i].empty()) {
        question.resource_policy = touched.resource_policies[i];
      }
      const iam::Decision decision = identities_.authorizer.authorize(call.principal, question);
      if (decision.allowed) continue;
      return std::unexpected(denied_error(*route.service, call.principal, action, touched.resources[i], decision));
    }
  }
  return {};
}

HttpResponse Gateway::refuse(int status, std::string_view message, const HttpRequest* head) {
  const std::string request_id = house_.random.uuid();
  metrics_.note(nullptr, nullptr, status, {});
  if (head == nullptr) return render_plain(status, message, request_id);
  return render_error(Router::protocol_of(*head), nullptr, http_error(status, message), request_id);
}

}  // namespace penstock::gateway
