#include "gateway/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/encoding/percent.h"
#include "net/http_text.h"

namespace penstock::gateway {

namespace {

using services::ApiError;
using services::Operation;
using services::Protocol;
using services::Service;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

/// A slash at the end means nothing: SDKs of different age write some of Lambda's paths with and without it.
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty() && path != "/") {
    path.remove_prefix(1);  // the slash
    const std::size_t slash = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool matches(std::span<const std::string_view> pattern, std::span<const std::string_view> path) {
  return std::ranges::equal(pattern, path, [](std::string_view want, std::string_view have) {
    return is_parameter(want) ? !have.empty() : want == have;
  });
}

template <class Pattern>
std::size_t literal_length(const Pattern& pattern) {
  std::size_t length = pattern.query.size();
  for (const std::string_view segment : pattern.segments) length += is_parameter(segment) ? 0 : segment.size() + 1;
  return length;
}

bool has_parameter(std::string_view query, std::string_view wanted) {
  if (wanted.empty()) return true;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (query.substr(0, end) == wanted) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

const Operation* find_operation(const Service& service, std::string_view name) {
  const auto at = std::ranges::lower_bound(service.operations, name, {}, &Operation::name);
  return at != service.operations.end() && at->name == name ? &*at : nullptr;
}

bool is_known(const Service& service, std::string_view name) {
  return std::ranges::find(service.known_operations, name) != service.known_operations.end();
}

ApiError not_implemented(const Service& service, std::string_view name) {
  return {std::string(kNotImplementedCode),
          fmt::format("The operation {} of {} is not implemented by Penstock.", name, service.name), 400};
}

/// Names the operation, but not more of it than a name can have.
std::string_view shown(std::string_view text) { return text.substr(0, 128); }

bool has_content_type(const net::HttpRequest& request, std::string_view type) {
  const std::string* value = request.headers.find("content-type");
  if (value == nullptr) return false;
  return net::same_ignoring_case(net::trim_blanks(std::string_view(*value).substr(0, value->find(';'))), type);
}

std::string_view value_of(const codec::FormValues& form, std::string_view name) {
  const auto at = form.find(name);
  return at == form.end() ? std::string_view{} : std::string_view(at->second);
}

}  // namespace

Router::Router(std::span<const Service* const> services) : services_(services.begin(), services.end()) {
  const auto pattern = [](const Service* service, const Operation* operation, std::string_view name,
                          const services::HttpBinding& http) {
    const std::size_t mark = std::min(http.path.find('?'), http.path.size());
    return Pattern{service,
                   operation,
                   name,
                   http.method,
                   split_path(http.path.substr(0, mark)),
                   http.path.substr(std::min(mark + 1, http.path.size()))};
  };
  for (const Service* service : services_) {
    PENSTOCK_ASSERT(std::ranges::is_sorted(service->operations, {}, &Operation::name));
    if (service->protocol != Protocol::rest_json) continue;
    for (const Operation& operation : service->operations) {
      patterns_.push_back(pattern(service, &operation, operation.name, operation.http));
    }
    for (std::size_t i = 0; i < std::min(service->known_bindings.size(), service->known_operations.size()); ++i) {
      patterns_.push_back(pattern(service, nullptr, service->known_operations[i], service->known_bindings[i]));
    }
  }
}

std::string_view service_of_scope(std::string_view scope) {
  // botocore's description of AWS IoT said "signingName": "execute-api" until 2023 (Debian 12 ships such a one).
  return scope == "execute-api" ? "iot" : scope;
}

const Service* Router::by_name(std::string_view name) const {
  const auto at = std::ranges::find(services_, name, [](const Service* service) { return service->name; });
  return at == services_.end() ? nullptr : *at;
}

Protocol Router::protocol_of(const net::HttpRequest& head) {
  if (has_content_type(head, kCbor)) return Protocol::cbor11;
  if (head.headers.find("x-amz-target") != nullptr) return Protocol::json11;
  return has_content_type(head, kForm) ? Protocol::query : Protocol::rest_json;
}

Route Router::route(const net::HttpRequest& request, const std::optional<sigv4::Scope>& scope) const {
  if (const std::string* target = request.headers.find("x-amz-target")) {
    Route route = route_json(*target);
    route.protocol = protocol_of(request);
    return route;
  }
  if (scope.has_value()) {
    const Service* service = by_name(service_of_scope(scope->service));
    if (service == nullptr) return unknown_service(request, scope->service);
    switch (service->protocol) {
      case Protocol::query: return route_query(request, service);
      case Protocol::rest_json: return route_rest(request, service);
      case Protocol::json11:
      case Protocol::cbor11: break;
    }
    Route route{.service = service, .protocol = has_content_type(request, kCbor) ? Protocol::cbor11 : Protocol::json11};
    route.problem = ApiError{"UnknownOperationException",
                             fmt::format("A request to {} needs the header X-Amz-Target.", service->name), 400};
    return route;
  }
  const bool names_action = request.query().starts_with("Action=") || request.query().contains("&Action=");
  if (names_action || (request.method == "POST" && has_content_type(request, kForm))) {
    return route_query(request, nullptr);
  }
  return route_rest(request, nullptr);
}

Route Router::route_json(std::string_view target) const {
  Route route{.protocol = Protocol::json11};
  const std::size_t dot = target.rfind('.');
  const std::string_view prefix = target.substr(0, dot);
  const std::string_view name = dot == std::string_view::npos ? std::string_view{} : target.substr(dot + 1);
  const auto at = std::ranges::find_if(services_, [&](const Service* service) {
    return service->protocol == Protocol::json11 && service->target_prefix == prefix;
  });
  if (at != services_.end()) {
    route.service = *at;
    route.operation = find_operation(**at, name);
    if (route.operation != nullptr) return route;
    if (is_known(**at, name)) {
      route.problem = not_implemented(**at, name);
      return route;
    }
  }
  route.problem = ApiError{"UnknownOperationException",
                           fmt::format("The target '{}' names no operation that Penstock knows.", shown(target)), 400};
  return route;
}

Route Router::route_query(const net::HttpRequest& request, const Service* service) const {
  Route route{.service = service, .protocol = Protocol::query};
  const bool in_body = request.method == "POST";
  auto form = codec::parse_form(in_body ? std::string_view(request.body) : request.query());
  if (!form.has_value()) {
    route.problem = ApiError{"MalformedQueryString", std::move(form).error().message, 400};
    return route;
  }
  route.form = std::move(*form);
  const std::string_view action = value_of(route.form, "Action");
  const std::string_view version = value_of(route.form, "Version");
  if (service == nullptr) {
    const auto at = std::ranges::find_if(
        services_, [&](const Service* one) { return one->protocol == Protocol::query && one->api_version == version; });
    if (at == services_.end()) {
      route.is_aws = !action.empty();
      route.problem =
          ApiError{"InvalidAction",
                   fmt::format("Could not find operation {} for version {}", shown(action), shown(version)), 400};
      return route;
    }
    route.service = service = *at;
  }
  if (action.empty()) {
    route.problem = ApiError{"MissingAction", "The request is missing an action or a required parameter.", 400};
    return route;
  }
  if (version.empty() || version == service->api_version) {
    route.operation = find_operation(*service, action);
    if (route.operation != nullptr) return route;
    if (is_known(*service, action)) {
      route.problem = not_implemented(*service, action);
      return route;
    }
  }
  route.problem = ApiError{"InvalidAction",
                           fmt::format("Could not find operation {} for version {}", shown(action),
                                       version.empty() ? "NO_VERSION_SPECIFIED" : shown(version)),
                           400};
  return route;
}

Route Router::route_rest(const net::HttpRequest& request, const Service* service) const {
  Route route{.service = service, .protocol = Protocol::rest_json};
  const std::vector<std::string_view> path = split_path(request.path());
  const Pattern* best = nullptr;
  for (const Pattern& pattern : patterns_) {
    if (service != nullptr && pattern.service != service) continue;
    if (pattern.method != request.method || !matches(pattern.segments, path)) continue;
    if (!has_parameter(request.query(), pattern.query)) continue;
    if (best == nullptr || literal_length(pattern) > literal_length(*best)) best = &pattern;
  }
  if (best == nullptr) {
    route.is_aws = service != nullptr;
    route.problem = ApiError{"UnknownOperationException",
                             fmt::format("{}{} {} is not an operation that Penstock knows.",
                                         service == nullptr ? "" : fmt::format("{}: ", service->name),
                                         shown(request.method), shown(request.path())),
                             404};
    return route;
  }
  route.service = best->service;
  if (best->operation == nullptr) {
    route.problem = not_implemented(*best->service, best->name);
    return route;
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view want = best->segments[i];
    if (!is_parameter(want)) continue;
    auto value = percent_decode(path[i]);
    if (!value.has_value()) {
      route.problem = ApiError{std::string(best->service->malformed_code),
                               fmt::format("The path segment '{}' is not percent-encoded text.", shown(path[i])), 400};
      return route;
    }
    route.path.insert_or_assign(std::string(want.substr(1, want.size() - 2)), std::move(*value));
  }
  route.operation = best->operation;
  return route;
}

Route Router::unknown_service(const net::HttpRequest& request, std::string_view name) const {
  Route route{.protocol = protocol_of(request)};
  std::vector<std::string_view> names;
  for (const Service* service : services_) names.push_back(service->name);
  route.problem = ApiError{
      std::string(kNotImplementedCode),
      fmt::format("The service '{}' is not implemented by Penstock. It has: {}.", shown(name), fmt::join(names, ", ")),
      400};
  return route;
}

}  // namespace penstock::gateway
