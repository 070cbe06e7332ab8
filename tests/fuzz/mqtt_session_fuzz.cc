// rooms: mqtt
// Drives a Channel with arbitrary bytes in arbitrary pieces, settling messages in arbitrary order. Its bounds must hold
// and a closed channel must stay closed.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mqtt/session/channel.h"

using namespace penstock;
using namespace penstock::mqtt;
using namespace penstock::mqtt::session;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Limits limits;
  limits.inbound_in_flight_max = 4;
  SteadyTime now{};
  Channel channel(limits, now);
  Effects out;
  std::string pending;
  std::vector<Ticket> open;
  bool closed = false;
  const auto look = [&] {
    if (out.connect.has_value()) {
      out.connect->client_id.size() % 3 == 2 ? channel.refused(packet::ConnectCode::not_authorized, out)
                                             : channel.accepted(false, now, out);
    }
    for (const auto& request : out.requests) {
      if (const auto* incoming = std::get_if<Incoming>(&request)) open.push_back(incoming->ticket);
    }
    PENSTOCK_ASSERT(channel.open_count() == open.size() && open.size() <= limits.inbound_in_flight_max);
    if (closed) PENSTOCK_ASSERT(out.requests.empty() && !out.close.has_value());
    closed = closed || out.close.has_value();
    out.clear();
  };
  std::size_t at = 0;
  while (at < size) {
    const std::size_t step = 1 + data[at] % 64;
    const std::size_t take = step < size - at ? step : size - at;
    pending.append(reinterpret_cast<const char*>(data) + at, take);
    at += take;
    now += std::chrono::seconds(step % 3);
    const std::size_t taken = channel.on_bytes(pending, now, out);
    PENSTOCK_ASSERT(taken <= pending.size());
    pending.erase(0, taken);
    look();
    while (!open.empty() && (step % 2 == 0 || open.size() == limits.inbound_in_flight_max)) {
      const std::size_t which = step % open.size();
      const Ticket ticket = open[which];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      channel.settled(ticket, step % 7 != 0, out);
      look();
    }
    channel.on_tick(now, step % 5 != 0, out);
    look();
  }
  return 0;
}
