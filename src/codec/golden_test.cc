// Every folder of golden/<protocol>/ is a case: a request (request.json, .form, .http or .hex), the struct that comes
// of it (struct.json, or the refusal), what validation says (validation.txt), and the struct as an answer (response.*).

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/codec.h"
#include "codec/example_shapes_test.h"
#include "core/encoding/hex.h"
#include "core/result.h"

namespace penstock::codec {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "src/codec/golden";

std::string read_text(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

/// Lines of hexadecimal bytes; what follows '#' explains them.
std::string from_hex_text(std::string_view text) {
  std::string hex;
  bool comment = false;
  for (const char c : text) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (!comment && c != ' ' && c != '\n') hex += c;
  }
  return hex_decode(hex).value();
}

std::string to_hex_text(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 32) out += hex_encode(bytes.substr(at, 32)) + "\n";
  return out;
}

/// "path NAME=VALUE", "query TEXT", "header NAME: VALUE" lines, an empty line, the body.
RestRequest from_http_text(std::string_view text) {
  RestRequest request;
  while (true) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    if (line.empty()) break;
    const std::string_view rest = line.substr(line.find(' ') + 1);
    const std::size_t equals = rest.find('=');
    const std::size_t colon = rest.find(": ");
    if (line.starts_with("path ")) request.path.emplace(rest.substr(0, equals), rest.substr(equals + 1));
    if (line.starts_with("query ")) request.query = parse_query(rest).value();
    if (line.starts_with("header ")) request.headers.emplace(rest.substr(0, colon), rest.substr(colon + 2));
  }
  request.body = text;
  return request;
}

using Stages = std::map<std::string, std::string>;  // by file

Decoded<> decode(std::string_view protocol, const std::string& request, const Shape& shape, void* value) {
  if (protocol == "json") return decode_json(request, shape, value);
  if (protocol == "cbor") return decode_cbor(from_hex_text(request), shape, value);
  if (protocol == "rest") return decode_rest(from_http_text(request), shape, value);
  PENSTOCK_TRY(const FormValues form, parse_form(request.substr(0, request.find('\n'))));
  return decode_query(form, shape, value);
}

void encode(std::string_view protocol, const Shape& shape, const void* value, Stages& stages) {
  if (protocol == "json") stages["response.json"] = encode_json(shape, value);
  if (protocol == "cbor") stages["response.hex"] = to_hex_text(encode_cbor(shape, value));
  if (protocol == "query") stages["response.xml"] = encode_query_response("Do", "urn:x", "id", shape, value, true);
  if (protocol != "rest") return;
  const RestResponse response = encode_rest(shape, value);
  std::string& text = stages["response.http"];
  for (const auto& [name, header] : response.headers) text += fmt::format("{}: {}\n", name, header);
  text += "\n" + response.body;
}

template <class T>
Stages run(std::string_view protocol, const std::string& request) {
  const Shape& shape = shape_of<T>();
  T value;
  Stages stages;
  if (const auto decoded = decode(protocol, request, shape, &value); !decoded.has_value()) {
    stages["struct.json"] =
        fmt::format("refused{}: {}", decoded.error().is_validation ? " by validation" : "", decoded.error().message);
    return stages;
  }
  stages["struct.json"] = encode_json(shape, &value);
  stages["validation.txt"] = validate(shape, &value);
  encode(protocol, shape, &value, stages);
  return stages;
}

Stages run_case(const fs::path& folder) {
  const std::string protocol = folder.parent_path().filename();
  const std::string name = folder.filename();
  const std::map<std::string, std::string> requests = {
      {"json", "request.json"}, {"cbor", "request.hex"}, {"query", "request.form"}, {"rest", "request.http"}};
  const std::string request = read_text(folder / requests.at(protocol));
  if (protocol != "rest") return run<Everything>(protocol, request);
  if (name.starts_with("payload_")) return run<PayloadExample>(protocol, request);
  if (name.starts_with("raw_")) return run<RawPayloadExample>(protocol, request);
  return run<RestExample>(protocol, request);
}

TEST(CodecGolden, EveryCase) {
  std::size_t count = 0;
  for (const auto& protocol : fs::directory_iterator(kFolder)) {
    for (const auto& entry : fs::directory_iterator(protocol.path())) {
      SCOPED_TRACE(entry.path().string());
      ++count;
      const Stages stages = run_case(entry.path());
      for (const auto& [file, text] : stages) EXPECT_EQ(text, read_text(entry.path() / file)) << file;
      std::size_t files = 0;
      for ([[maybe_unused]] const auto& file : fs::directory_iterator(entry.path())) ++files;
      EXPECT_EQ(files, stages.size() + 1) << "a file that no stage makes";
    }
  }
  EXPECT_GE(count, 20U);
}

}  // namespace
}  // namespace penstock::codec
