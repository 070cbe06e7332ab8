#include "cli/api_client.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "codec/json.h"
#include "core/encoding/percent.h"
#include "server/data_directory.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

std::string member(const json::value& value, std::string_view name) {
  const json::value* found = value.is_object() ? value.as_object().if_contains(name) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

/// The text of the first <name> element; our own server writes no entities that matter here.
std::string element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t begin = xml.find(open);
  const std::size_t end = begin == std::string_view::npos ? begin : xml.find('<', begin + open.size());
  return end == std::string_view::npos ? std::string()
                                       : std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

CallError service_error(const net::HttpResponse& response) {
  CallError error{.code = fmt::format("HTTP {}", response.status), .message = {}};
  if (const std::string* type = response.headers.find("x-amzn-ErrorType")) {
    error.code = type->substr(0, type->find(':'));
  }
  const auto body = codec::parse_json(response.body);
  if (!body.has_value()) {
    if (std::string code = element(response.body, "Code"); !code.empty()) error.code = std::move(code);
    error.message = element(response.body, "Message");
    return error;
  }
  if (std::string code = member(*body, "__type"); !code.empty()) error.code = code.substr(code.rfind('#') + 1);
  error.message = member(*body, "message");
  if (error.message.empty()) error.message = member(*body, "Message");
  return error;
}

Called<json::object> read_object(const net::HttpResponse& response) {
  if (response.body.empty()) return json::object();
  auto body = codec::parse_json(response.body);
  if (!body.has_value() || !body->is_object()) {
    return std::unexpected(CallError{.code = {}, .message = "the answer is not a JSON object"});
  }
  return std::move(body->as_object());
}

net::HttpRequest make_request(std::string_view method, std::string_view target, std::string_view content_type,
                              std::string body) {
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.headers.add("Content-Type", std::string(content_type));
  request.body = std::move(body);
  return request;
}

}  // namespace

Result<ApiAddress> find_api(const std::string& data_dir) {
  const std::string url = environment("AWS_ENDPOINT_URL");
  const std::string key_id = environment("AWS_ACCESS_KEY_ID");
  if (data_dir.empty() && !url.empty() && !key_id.empty()) {
    ApiAddress address{.url = url, .region = environment("AWS_REGION"), .credentials = {}};
    if (address.region.empty()) address.region = environment("AWS_DEFAULT_REGION");
    if (address.region.empty()) return fail(ErrorKind::invalid, "AWS_ENDPOINT_URL is set, but AWS_REGION is not");
    address.credentials = {key_id, environment("AWS_SECRET_ACCESS_KEY"), std::nullopt};
    if (std::string token = environment("AWS_SESSION_TOKEN"); !token.empty()) {
      address.credentials.session_token = std::move(token);
    }
    return address;
  }
  const std::string directory = data_dir.empty() ? default_data_dir() : data_dir;
  PENSTOCK_TRY(server::EndpointUrls urls, server::read_endpoints(directory));
  PENSTOCK_TRY(server::RootKey key, server::read_root_key(directory));
  PENSTOCK_TRY(server::HouseIdentity identity, server::read_identity(directory));
  return ApiAddress{.url = std::move(urls.api),
                    .region = std::move(identity.region),
                    .credentials = {std::move(key.access_key_id), std::move(key.secret_access_key), std::nullopt}};
}

Result<std::unique_ptr<ApiClient>> ApiClient::connect(ApiAddress address, const Clock& clock) {
  PENSTOCK_TRY(net::HostPort server, net::parse_http_url(address.url));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(address), std::move(server), clock));
}

Called<net::HttpResponse> ApiClient::send(std::string_view service, net::HttpRequest request) {
  request.headers.set("Host", net::to_string(http_.server()));
  const sigv4::Request view{
      .method = request.method, .target = request.target, .headers = request.headers.all(), .body = request.body};
  auto added = sigv4::sign(view, address_.credentials, address_.region, service, clock_.now());
  for (auto& [name, value] : added) request.headers.add(std::move(name), std::move(value));
  auto response = http_.send(request);
  if (!response.has_value()) return std::unexpected(CallError{.code = {}, .message = response.error().message});
  if (response->status < 200 || response->status > 299) return std::unexpected(service_error(*response));
  return std::move(*response);
}

Called<json::object> ApiClient::call_json(std::string_view service, std::string_view target,
                                          const json::object& input) {
  net::HttpRequest request = make_request("POST", "/", "application/x-amz-json-1.1", codec::serialize(input));
  request.headers.add("X-Amz-Target", std::string(target));
  PENSTOCK_TRY(const net::HttpResponse response, send(service, std::move(request)));
  return read_object(response);
}

Called<std::string> ApiClient::call_query(
    std::string_view service, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form.push_back('&');
    form.append(name).append("=").append(percent_encode(value));
  }
  PENSTOCK_TRY(net::HttpResponse response,
               send(service, make_request("POST", "/", "application/x-www-form-urlencoded; charset=utf-8", form)));
  return std::move(response.body);
}

Called<json::object> ApiClient::call_rest(std::string_view service, std::string_view method, std::string_view target,
                                          const json::object& input) {
  PENSTOCK_TRY(const net::HttpResponse response,
               send(service, make_request(method, target, "application/json", codec::serialize(input))));
  return read_object(response);
}

}  // namespace penstock::cli
