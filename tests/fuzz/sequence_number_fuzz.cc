// rooms: stream
// What parses must format to the same text: sequence numbers, shard ids and hash keys.
#include <cstdint>

#include "core/result.h"
#include "stream/hash_key.h"
#include "stream/sequence_number.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::stream;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto number = parse_sequence_number(text)) PENSTOCK_ASSERT(format_sequence_number(*number) == text);
  if (const auto key = parse_hash_key(text)) PENSTOCK_ASSERT(format_hash_key(*key) == text);
  if (const auto shard = parse_shard_id(text)) PENSTOCK_ASSERT(parse_shard_id(format_shard_id(*shard)) == shard);
  return 0;
}
