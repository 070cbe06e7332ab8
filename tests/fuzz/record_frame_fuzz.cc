// rooms: stream
// What decodes must encode to the same bytes; everything else must be refused without reading outside the input.
#include <cstdint>

#include "stream/record_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto records = penstock::stream::decode_record_frame(bytes);
  if (records.has_value()) PENSTOCK_ASSERT(penstock::stream::encode_record_frame(*records) == bytes);
  return 0;
}
