// rooms: stream
// What is read as a master key file must come out the same when it is written and read again.
#include <cstdint>

#include "stream/master_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const auto keys = stream::parse_master_keys(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!keys) return 0;
  std::string text;
  for (const stream::MasterKey& key : *keys) text += stream::render_master_key(key).view();
  const auto again = stream::parse_master_keys(text);
  PENSTOCK_ASSERT(again.has_value() && again->size() == keys->size());
  for (std::size_t i = 0; i < keys->size(); ++i) {
    PENSTOCK_ASSERT((*again)[i].id == (*keys)[i].id && (*again)[i].key.view() == (*keys)[i].key.view());
  }
  return 0;
}
