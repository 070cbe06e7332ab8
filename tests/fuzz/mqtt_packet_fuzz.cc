// rooms: mqtt
// Feeds arbitrary bytes to the frame cutter and every body decoder. What decodes must encode to something that decodes
// to the same bytes again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mqtt/packet/topic.h"
#include "mqtt/packet/v3.h"

namespace {

using namespace penstock;
using namespace penstock::mqtt::packet;

template <class T>
void round_trip(const Result<T>& packet, void (*append)(std::string&, const T&), Result<T> (*decode)(const Frame&)) {
  if (!packet.has_value()) return;
  std::string once;
  append(once, *packet);
  const auto frame = cut_frame(once, 268'435'455);
  PENSTOCK_ASSERT(frame.has_value() && frame->has_value());
  const auto again = decode(**frame);
  PENSTOCK_ASSERT(again.has_value());
  std::string twice;
  append(twice, *again);
  PENSTOCK_ASSERT(once == twice);
}

void try_all(const Frame& frame) {
  const auto connect = v3::decode_connect(frame);
  if (connect.has_value() && connect->protocol_level == kProtocolLevel311) {
    round_trip(connect, &v3::append_connect, &v3::decode_connect);
  }
  round_trip(v3::decode_publish(frame), &v3::append_publish, &v3::decode_publish);
  round_trip(v3::decode_subscribe(frame), &v3::append_subscribe, &v3::decode_subscribe);
  round_trip(v3::decode_suback(frame), &v3::append_suback, &v3::decode_suback);
  round_trip(v3::decode_unsubscribe(frame), &v3::append_unsubscribe, &v3::decode_unsubscribe);
  round_trip(v3::decode_connack(frame), &v3::append_connack, &v3::decode_connack);
  (void)v3::decode_id_only(frame);
  (void)v3::decode_empty(frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;
  const auto filter = in.substr(0, half);
  const auto topic = in.substr(half);
  (void)check_topic_filter(filter);
  (void)check_topic_name(topic);
  (void)topic_matches(filter, topic);
  while (true) {
    const auto frame = cut_frame(in);
    if (!frame.has_value() || !frame->has_value()) break;
    try_all(**frame);
    in.remove_prefix((*frame)->size);
  }
  return 0;
}
