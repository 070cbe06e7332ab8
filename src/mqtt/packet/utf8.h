#pragma once
/// Strict UTF-8 as MQTT wants it (specification 1.5.3): well formed, no surrogates (MQTT-1.5.3-1), no U+0000
/// (MQTT-1.5.3-2). Pure.

#include <string_view>

namespace penstock::mqtt::packet {

[[nodiscard]] bool is_mqtt_utf8(std::string_view text);

}  // namespace penstock::mqtt::packet
