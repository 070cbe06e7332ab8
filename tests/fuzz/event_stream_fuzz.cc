// rooms: codec
// Messages of an event stream, whole and in two pieces: the same comes out.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "codec/event_stream.h"

namespace {

/// Whether all of it was good.
bool read(penstock::codec::EventStreamReader& reader, std::vector<penstock::codec::EventMessage>& out) {
  while (true) {
    auto next = reader.next();
    if (!next.has_value()) return false;
    if (!next->has_value()) return true;
    out.push_back(std::move(**next));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::codec;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  EventStreamReader whole;
  whole.append(bytes);
  std::vector<EventMessage> by_whole;
  const bool whole_good = read(whole, by_whole);
  EventStreamReader halves;
  std::vector<EventMessage> by_halves;
  halves.append(bytes.substr(0, size / 2));
  bool halves_good = read(halves, by_halves);
  if (halves_good) {
    halves.append(bytes.substr(size / 2));
    halves_good = read(halves, by_halves);
  }
  if (whole_good != halves_good || by_whole != by_halves) std::abort();
  return 0;
}
