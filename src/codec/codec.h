#pragma once
/// Bytes to structs and back, driven by shapes. Pure functions.
/// Errors: DecodeError says what AWS's services say for it: the caller maps `malformed` to SerializationException
///         (JSON services), MalformedInput or whatever its service documents.
///         A `required` member of a plain (not std::optional) type that the input does not hold cannot be seen by
///         validate() afterwards, so the decoders find it: the error then has `is_validation` and holds the whole text
///         that validate() would give (the caller maps it to ValidationException or its service's name for that).
/// Bounds: nesting kDepthMax; kFormPairsMax pairs; kElementsMax elements; unknown members are skipped (AWS ignores
/// them); strings must be valid
///         UTF-8. The struct given to a decoder must be new (default-constructed).
/// Threads: any.

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shape.h"

namespace penstock::codec {

inline constexpr int kDepthMax = 64;
inline constexpr std::size_t kFormPairsMax = 4096;
/// Elements of all lists and maps of a JSON or CBOR request together: an element may take a hundred times the memory of
/// its bytes.
inline constexpr std::size_t kElementsMax = 100'000;

struct DecodeError {
  std::string message;
  bool is_validation = false;  ///< the form is right, but required members are missing; message as of validate()
};
template <class T = void>
using Decoded = std::expected<T, DecodeError>;

// ---- JSON 1.1 (x-amz-json-1.1): blobs base64, timestamps seconds with a fraction, null = absent
Decoded<> decode_json(std::string_view text, const Shape& shape, void* out);
[[nodiscard]] std::string encode_json(const Shape& shape, const void* value);

// ---- CBOR 1.1 (x-amz-cbor-1.1): RFC 8949; the structures of JSON 1.1, but blobs are byte strings and timestamps tag 1
//      with milliseconds (integer or float, or without the tag). Decoding takes definite and indefinite lengths and any
//      width of numbers, null or undefined for absent, and refuses trailing bytes; encoding gives definite lengths.
//      Free documents (JsonText) are carried as text: no service with this protocol has them.
Decoded<> decode_cbor(std::string_view bytes, const Shape& shape, void* out);
[[nodiscard]] std::string encode_cbor(const Shape& shape, const void* value);

// ---- Query protocol requests (IAM, STS): Action=..&Version=..&Tags.member.1.Key=..; answers in XML
using FormValues = std::map<std::string, std::string, std::less<>>;
/// Of repeated names the last wins.
Decoded<FormValues> parse_form(std::string_view body);
Decoded<> decode_query(const FormValues& form, const Shape& shape, void* out);
/// <NameResponse xmlns=..><NameResult>..</NameResult><ResponseMetadata><RequestId>..
[[nodiscard]] std::string encode_query_response(std::string_view operation, std::string_view xml_namespace,
                                                std::string_view request_id, const Shape& shape, const void* value,
                                                bool has_output);
[[nodiscard]] std::string encode_query_error(std::string_view xml_namespace, std::string_view request_id,
                                             std::string_view code, std::string_view message, bool sender_fault);

// ---- REST-JSON (IoT, Lambda): members in path, query, headers and body
/// Repeated names are kept in their order: that is how lists travel in a query (?tagKeys=a&tagKeys=b).
using QueryValues = std::multimap<std::string, std::string, std::less<>>;
Decoded<QueryValues> parse_query(std::string_view query);

struct RestRequest {
  FormValues path;     ///< decoded path parameters by name
  QueryValues query;   ///< decoded: parse_query of what follows '?'
  FormValues headers;  ///< lower-case names
  std::string_view body;
};
Decoded<> decode_rest(const RestRequest& request, const Shape& shape, void* out);
/// Body members as one JSON object; "" when the shape has none. Content-Type is the caller's.
struct RestResponse {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
[[nodiscard]] RestResponse encode_rest(const Shape& shape, const void* value);

/// Checks the rules of a decoded value. Empty when it is good; else AWS's text:
/// "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular
/// expression pattern: [a-zA-Z0-9_.-]+". All violations are listed (AWS joins them with "; "), at most ten, as AWS
/// does. Lengths of strings count Unicode characters, of blobs bytes, of lists and maps their elements.
[[nodiscard]] std::string validate(const Shape& shape, const void* value);

/// For tests of shapes: what is wrong with the description itself (patterns that do not compile, repeated names).
/// Empty when it is good. Follows nested shapes.
[[nodiscard]] std::string check_shape(const Shape& shape);

}  // namespace penstock::codec
