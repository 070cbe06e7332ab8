// rooms: codec
// Form bodies into a shape, validated, and rendered as XML.

#include <cstdint>
#include <string_view>

#include "codec/codec.h"
#include "fuzz_shapes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const auto form = codec::parse_form({reinterpret_cast<const char*>(data), size});
  if (!form) return 0;
  fuzz::Anything value;
  if (!codec::decode_query(*form, codec::shape_of<fuzz::Anything>(), &value)) return 0;
  static_cast<void>(codec::validate(codec::shape_of<fuzz::Anything>(), &value));
  static_cast<void>(codec::encode_query_response("X", "ns", "id", codec::shape_of<fuzz::Anything>(), &value, true));
  return 0;
}
