#pragma once
/// Timestamps as AWS's protocols write them. Pure.
/// Bounds: years 0001 to 9999; anything else is not a timestamp.

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace penstock::codec {

/// "2026-11-23T05:41:00Z" (Query/XML; whole seconds, as IAM and STS print them).
[[nodiscard]] std::string iso_8601(Timestamp time);
/// "Mon, 23 Nov 2026 05:41:00 GMT" (REST-JSON headers).
[[nodiscard]] std::string http_date(Timestamp time);
/// "1763876460.123" (JSON: seconds).
void append_epoch_seconds(Timestamp time, std::string& out);

[[nodiscard]] std::optional<Timestamp> from_epoch_seconds(double seconds);
/// ISO 8601 with 'Z' or an offset and an optional fraction, an HTTP date, or epoch seconds.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace penstock::codec
