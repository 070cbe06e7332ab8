// rooms: services
#include "services/kinesis/fast_json.h"

#include "kinesis_fast_decoders.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = penstock::codec;
  using namespace penstock::services::kinesis;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  expect_same<PutRecordInput, codec::decode_json, codec::encode_json>(&fast_decode_put_record, body);
  expect_same<PutRecordsInput, codec::decode_json, codec::encode_json>(&fast_decode_put_records, body);
  return 0;
}
