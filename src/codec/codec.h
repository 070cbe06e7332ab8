#pragma once
/// Bytes to structs and back, driven by shapes. Pure functions.
/// Errors: DecodeError says what AWS's services say for it: the caller maps `malformed` to SerializationException
///         (JSON services), MalformedInput or whatever its service documents.
/// Bounds: nesting kDepthMax; unknown members are skipped (AWS ignores them); strings must be valid UTF-8.

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shape.h"

namespace penstock::codec {

inline constexpr int kDepthMax = 64;

struct DecodeError {
  std::string message;
};
template <class T = void>
using Decoded = std::expected<T, DecodeError>;

// ---- JSON 1.1 (x-amz-json-1.1): blobs base64, timestamps seconds with a fraction, null = absent
Decoded<> decode_json(std::string_view text, const Shape& shape, void* out);
[[nodiscard]] std::string encode_json(const Shape& shape, const void* value);

// ---- Query protocol requests (IAM, STS): Action=..&Version=..&Tags.member.1.Key=..; answers in XML
using FormValues = std::map<std::string, std::string, std::less<>>;
Decoded<FormValues> parse_form(std::string_view body);
Decoded<> decode_query(const FormValues& form, const Shape& shape, void* out);
/// <NameResponse xmlns=..><NameResult>..</NameResult><ResponseMetadata><RequestId>..
[[nodiscard]] std::string encode_query_response(std::string_view operation, std::string_view xml_namespace,
                                                std::string_view request_id, const Shape& shape, const void* value,
                                                bool has_output);
[[nodiscard]] std::string encode_query_error(std::string_view xml_namespace, std::string_view request_id,
                                             std::string_view code, std::string_view message, bool sender_fault);

// ---- REST-JSON (IoT, Lambda): members in path, query, headers and body
struct RestRequest {
  FormValues path;     ///< decoded path parameters by name
  FormValues query;    ///< decoded
  FormValues headers;  ///< lower-case names
  std::string_view body;
};
Decoded<> decode_rest(const RestRequest& request, const Shape& shape, void* out);
struct RestResponse {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
[[nodiscard]] RestResponse encode_rest(const Shape& shape, const void* value);

/// Checks the rules of a decoded value. Empty when it is good; else AWS's text:
/// "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular
/// expression pattern: [a-zA-Z0-9_.-]+". All violations are listed (AWS joins them with "; ").
[[nodiscard]] std::string validate(const Shape& shape, const void* value);

}  // namespace penstock::codec
