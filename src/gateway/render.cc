#include "gateway/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/cbor_writer.h"
#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "gateway/event_body.h"

namespace penstock::gateway {

namespace {

using net::HttpResponse;
using services::ApiError;
using services::Operation;
using services::Protocol;
using services::Service;

constexpr std::string_view kJson11 = "application/x-amz-json-1.1";
constexpr std::string_view kCbor11 = "application/x-amz-cbor-1.1";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kXml = "text/xml";

HttpResponse start(int status, std::string_view content_type, std::string_view request_id) {
  HttpResponse response;
  response.status = status;
  response.headers.add("x-amzn-RequestId", std::string(request_id));
  response.headers.add("Content-Type", std::string(content_type));
  return response;
}

/// Messages may quote what a client sent: what is not UTF-8 loses its bytes above ASCII.
std::string as_utf8(std::string_view text) {
  std::string out(text);
  if (codec::is_utf8(text)) return out;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return out;
}

std::string json_string(std::string_view text) {
  std::string out;
  codec::append_json_string(as_utf8(text), out);
  return out;
}

std::string encoded(Protocol protocol, const Operation& operation, const void* output) {
  const codec::Shape& shape = operation.output_shape();
  if (protocol == Protocol::cbor11) {
    if (operation.fast_encode_cbor != nullptr) return operation.fast_encode_cbor(output);
    return codec::encode_cbor(shape, output);
  }
  return operation.fast_encode != nullptr ? operation.fast_encode(output) : codec::encode_json(shape, output);
}

}  // namespace

std::string_view content_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::json11: return kJson11;
    case Protocol::cbor11: return kCbor11;
    case Protocol::rest_json: return kJson;
    case Protocol::query: break;
  }
  return kXml;
}

std::string error_text(Protocol protocol, const ApiError& error) {
  // AWS's JSON services spell it with a capital letter for the errors of their deserializer only; clients take both.
  const std::string_view message = error.code == "SerializationException" ? "Message" : "message";
  if (protocol != Protocol::cbor11) {
    return fmt::format("{{\"__type\":{},\"{}\":{}}}", json_string(error.code), message, json_string(error.message));
  }
  std::string out;
  codec::append_cbor_map(2, out);
  codec::append_cbor_text("__type", out);
  codec::append_cbor_text(as_utf8(error.code), out);
  codec::append_cbor_text(message, out);
  codec::append_cbor_text(as_utf8(error.message), out);
  return out;
}

namespace {

/// Errors that say whose fault they are ("Type") are Lambda's, and some of those spell it with a capital letter: there
/// typed clients look for nothing else. AWS's service model of Lambda, the structures of its errors.
std::string_view rest_message_member(const ApiError& error) {
  constexpr std::string_view kCapital[] = {"ResourceInUseException", "ResourceNotFoundException", "ServiceException"};
  const bool is_capital = !error.members.empty() && std::ranges::find(kCapital, error.code) != std::end(kCapital);
  return is_capital ? "Message" : "message";
}

}  // namespace

HttpResponse render_error(Protocol protocol, const Service* service, const ApiError& error,
                          std::string_view request_id) {
  switch (protocol) {
    case Protocol::json11:
    case Protocol::cbor11: {
      HttpResponse response = start(error.http_status, content_type(protocol), request_id);
      response.headers.add("x-amzn-ErrorType", error.code);
      response.body = error_text(protocol, error);
      return response;
    }
    case Protocol::rest_json: {
      HttpResponse response = start(error.http_status, kJson, request_id);
      response.headers.add("x-amzn-ErrorType", error.code);
      response.body = fmt::format("{{{}:{}", json_string(rest_message_member(error)), json_string(error.message));
      for (const auto& [name, value] : error.members) {
        response.body += fmt::format(",{}:{}", json_string(name), json_string(value));
      }
      response.body += '}';
      return response;
    }
    case Protocol::query: break;
  }
  HttpResponse response = start(error.http_status, kXml, request_id);
  response.body = codec::encode_query_error(service == nullptr ? std::string_view{} : service->xml_namespace,
                                            request_id, error.code, error.message, error.http_status < 500);
  return response;
}

HttpResponse render_success(Protocol protocol, const Service& service, const Operation& operation, const void* output,
                            std::string_view request_id) {
  const codec::Shape& shape = operation.output_shape();
  const bool has_output = &shape != &codec::shape_of<codec::Empty>();
  switch (protocol) {
    case Protocol::json11:
    case Protocol::cbor11: {
      HttpResponse response = start(200, content_type(protocol), request_id);
      if (has_output) response.body = encoded(protocol, operation, output);
      return response;
    }
    case Protocol::rest_json: {
      HttpResponse response = start(operation.http.success_status, kJson, request_id);
      if (!has_output) return response;
      codec::RestResponse parts = codec::encode_rest(shape, output);
      for (auto& [name, value] : parts.headers) {
        // A member that AWS models as the status itself (Lambda's Invoke) is described as HTTP/2 names it.
        if (name == ":status") {
          std::from_chars(value.data(), value.data() + value.size(), response.status);
        } else {
          response.headers.add(std::move(name), std::move(value));
        }
      }
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

HttpResponse render_events(Protocol protocol, const Operation& operation, const void* output,
                           std::unique_ptr<services::EventSource> events, std::string_view request_id) {
  HttpResponse response = start(200, kEventStreamType, request_id);
  response.stream =
      make_event_body(std::move(events), protocol, encoded(protocol, operation, output), std::string(request_id));
  return response;
}

HttpResponse render_plain(int status, std::string_view message, std::string_view request_id) {
  HttpResponse response = start(status, kJson, request_id);
  response.body = fmt::format("{{\"message\":{}}}", json_string(message));
  return response;
}

}  // namespace penstock::gateway
