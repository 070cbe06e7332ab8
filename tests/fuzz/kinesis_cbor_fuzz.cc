// rooms: services
// What the fast decoders accept, the generic codec must accept with the same result.
#include <cstdint>

#include "codec/codec.h"
#include "core/result.h"
#include "services/kinesis/fast_cbor.h"
#include "services/kinesis/record_shapes.h"

namespace {

template <class Input>
void compare(bool (*fast)(std::string_view, void*), std::string_view body) {
  namespace codec = penstock::codec;
  const codec::Shape& shape = codec::shape_of<Input>();
  Input by_fast;
  if (!fast(body, &by_fast)) return;
  Input by_generic;
  PENSTOCK_ASSERT(codec::decode_cbor(body, shape, &by_generic).has_value());
  PENSTOCK_ASSERT(codec::encode_cbor(shape, &by_fast) == codec::encode_cbor(shape, &by_generic));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace kinesis = penstock::services::kinesis;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  compare<kinesis::PutRecordInput>(&kinesis::fast_decode_cbor_put_record, body);
  compare<kinesis::PutRecordsInput>(&kinesis::fast_decode_cbor_put_records, body);
  return 0;
}
