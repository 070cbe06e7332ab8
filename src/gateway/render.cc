#include "gateway/render.h"

#include <fmt/format.h>

#include "codec/codec.h"
#include "codec/utf8.h"

namespace penstock::gateway {

namespace {

using net::HttpResponse;
using services::ApiError;
using services::Operation;
using services::Protocol;
using services::Service;

constexpr std::string_view kJson11 = "application/x-amz-json-1.1";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kXml = "text/xml";

HttpResponse start(int status, std::string_view content_type, std::string_view request_id) {
  HttpResponse response;
  response.status = status;
  response.headers.add("x-amzn-RequestId", std::string(request_id));
  response.headers.add("Content-Type", std::string(content_type));
  return response;
}

/// `text` as a JSON string. Messages may quote what a client sent: what is not UTF-8 loses its bytes above ASCII.
std::string json_string(std::string_view text) {
  const bool is_utf8 = codec::is_utf8(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else if (!is_utf8 && static_cast<unsigned char>(c) >= 0x80) {
      out.push_back('?');
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

HttpResponse render_error(Protocol protocol, const Service* service, const ApiError& error,
                          std::string_view request_id) {
  switch (protocol) {
    case Protocol::json11: {
      HttpResponse response = start(error.http_status, kJson11, request_id);
      response.headers.add("x-amzn-ErrorType", error.code);
      response.body =
          fmt::format("{{\"__type\":{},\"message\":{}}}", json_string(error.code), json_string(error.message));
      return response;
    }
    case Protocol::rest_json: {
      HttpResponse response = start(error.http_status, kJson, request_id);
      response.headers.add("x-amzn-ErrorType", error.code);
      response.body = fmt::format("{{\"message\":{}}}", json_string(error.message));
      return response;
    }
    case Protocol::query: break;
  }
  HttpResponse response = start(error.http_status, kXml, request_id);
  response.body = codec::encode_query_error(service == nullptr ? std::string_view{} : service->xml_namespace,
                                            request_id, error.code, error.message, error.http_status < 500);
  return response;
}

HttpResponse render_success(const Service& service, const Operation& operation, const void* output,
                            std::string_view request_id) {
  const codec::Shape& shape = operation.output_shape();
  const bool has_output = &shape != &codec::shape_of<codec::Empty>();
  switch (service.protocol) {
    case Protocol::json11: {
      HttpResponse response = start(200, kJson11, request_id);
      if (operation.fast_encode != nullptr) {
        response.body = operation.fast_encode(output);
      } else if (has_output) {
        response.body = codec::encode_json(shape, output);
      }
      return response;
    }
    case Protocol::rest_json: {
      HttpResponse response = start(operation.http.success_status, kJson, request_id);
      if (!has_output) return response;
      codec::RestResponse parts = codec::encode_rest(shape, output);
      for (auto& [name, value] : parts.headers) response.headers.add(std::move(name), std::move(value));
      response.body = std::move(parts.body);
      return response;
    }
    case Protocol::query: break;
  }
  HttpResponse response = start(200, kXml, request_id);
  response.body =
      codec::encode_query_response(operation.name, service.xml_namespace, request_id, shape, output, has_output);
  return response;
}

HttpResponse render_plain(int status, std::string_view message, std::string_view request_id) {
  HttpResponse response = start(status, kJson, request_id);
  response.body = fmt::format("{{\"message\":{}}}", json_string(message));
  return response;
}

}  // namespace penstock::gateway
