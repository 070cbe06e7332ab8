// rooms: codec
// The shape-driven JSON decoder and the DOM door. What decodes must encode to something that decodes to the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/codec.h"
#include "codec/json.h"
#include "fuzz_shapes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = codec::parse_json(text)) {
    const std::string once = codec::serialize(*value);
    const auto again = codec::parse_json(once);
    if (!again.has_value() || codec::serialize(*again) != once) std::abort();
  }
  fuzz::Anything value;
  if (!codec::decode_json(text, codec::shape_of<fuzz::Anything>(), &value)) return 0;
  static_cast<void>(codec::validate(codec::shape_of<fuzz::Anything>(), &value));
  const std::string once = codec::encode_json(codec::shape_of<fuzz::Anything>(), &value);
  fuzz::Anything again;
  if (!codec::decode_json(once, codec::shape_of<fuzz::Anything>(), &again)) std::abort();
  if (codec::encode_json(codec::shape_of<fuzz::Anything>(), &again) != once) std::abort();
  return 0;
}
