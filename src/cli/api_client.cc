#include "cli/api_client.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "codec/json.h"
#include "server/data_directory.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

/// "ResourceNotFoundException: Stream a under account ... not found."
Error service_error(const net::HttpResponse& response) {
  const auto body = codec::parse_json(response.body);
  std::string code = fmt::format("HTTP {}", response.status);
  std::string message;
  if (body.has_value() && body->is_object()) {
    const json::object& object = body->as_object();
    if (const auto* type = object.if_contains("__type"); type != nullptr && type->is_string()) code = type->as_string();
    if (const auto* text = object.if_contains("message"); text != nullptr && text->is_string()) {
      message = text->as_string();
    }
  }
  const ErrorKind kind = response.status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
  return {kind, message.empty() ? code : fmt::format("{}: {}", code, message)};
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

Result<net::HttpResponse> ApiClient::send(std::string_view service, net::HttpRequest request) {
  request.headers.set("Host", net::to_string(http_.server()));
  const sigv4::Request view{
      .method = request.method, .target = request.target, .headers = request.headers.all(), .body = request.body};
  auto added = sigv4::sign(view, address_.credentials, address_.region, service, clock_.now());
  for (auto& [name, value] : added) request.headers.add(std::move(name), std::move(value));
  return http_.send(request);
}

Result<json::object> ApiClient::call_json(std::string_view service, std::string_view target,
                                          const json::object& input) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", std::string(target));
  request.body = codec::serialize(input);
  PENSTOCK_TRY(const net::HttpResponse response, send(service, std::move(request)));
  if (response.status != 200) return std::unexpected(service_error(response));
  if (response.body.empty()) return json::object();
  PENSTOCK_TRY(json::value body, codec::parse_json(response.body));
  if (!body.is_object()) return fail(ErrorKind::corrupt, "the answer is not a JSON object");
  return std::move(body.as_object());
}

}  // namespace penstock::cli
