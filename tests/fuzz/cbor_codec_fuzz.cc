// rooms: codec
// The shape-driven CBOR decoder. What decodes must encode to something that decodes to the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/codec.h"
#include "fuzz_shapes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const codec::Shape& shape = codec::shape_of<fuzz::Anything>();
  fuzz::Anything value;
  if (!codec::decode_cbor(bytes, shape, &value)) return 0;
  static_cast<void>(codec::validate(shape, &value));
  const std::string once = codec::encode_cbor(shape, &value);
  fuzz::Anything again;
  if (!codec::decode_cbor(once, shape, &again)) std::abort();
  if (codec::encode_cbor(shape, &again) != once) std::abort();
  return 0;
}
