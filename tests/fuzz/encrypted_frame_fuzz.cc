// rooms: stream
// Frames from a disk that somebody wrote on: what opens under the key must be what was sealed; the rest must be refused
// without reading outside the input. The input is taken as a frame, and as a text to seal and then spoil.
#include <cstdint>

#include "core/random.h"
#include "stream/data_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SeededRandom random(1);
  stream::DataKey key(std::string(32, 'f'), 1, stream::SecretBytes(std::string(stream::kAeadKeyBytes, 'k')), random);
  const framelog::ShardIndex shard{3};

  if (const auto parsed = stream::parse_encrypted_frame(bytes)) {
    PENSTOCK_ASSERT(!key.decrypt(shard, *parsed).has_value());  // the seeds were sealed under another key
  }
  std::string sealed = key.encrypt(shard, bytes);
  const auto whole = stream::parse_encrypted_frame(sealed);
  PENSTOCK_ASSERT(whole.has_value() && key.decrypt(shard, *whole) == bytes);
  const std::size_t at = size == 0 ? 0 : data[0] % sealed.size();
  sealed[at] = static_cast<char>(sealed[at] ^ (1U << (size % 8)));
  if (const auto spoilt = stream::parse_encrypted_frame(sealed)) {
    PENSTOCK_ASSERT(!key.decrypt(shard, *spoilt).has_value());
  }
  return 0;
}
