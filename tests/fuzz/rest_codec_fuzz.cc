// rooms: codec
// Lines: path parameter, header value, HTTP date, query; the rest is the body.

#include <cstdint>
#include <string_view>

#include "codec/codec.h"
#include "fuzz_shapes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take_line = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return std::string(line);
  };
  codec::RestRequest request;
  request.path = {{"name", take_line()}};
  request.headers = {{"x-mode", take_line()}, {"last-modified", take_line()}};
  const auto query = codec::parse_query(take_line());
  if (!query) return 0;
  request.query = *query;
  request.body = rest;
  fuzz::Rest value;
  if (!codec::decode_rest(request, codec::shape_of<fuzz::Rest>(), &value)) return 0;
  static_cast<void>(codec::validate(codec::shape_of<fuzz::Rest>(), &value));
  static_cast<void>(codec::encode_rest(codec::shape_of<fuzz::Rest>(), &value));
  return 0;
}
