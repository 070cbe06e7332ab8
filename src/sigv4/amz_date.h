#pragma once
/// Dates of signatures: ISO 8601 basic format, "20260101T000000Z". Pure.

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace penstock::sigv4 {

[[nodiscard]] std::string amz_date(Timestamp time);
[[nodiscard]] std::optional<Timestamp> parse_amz_date(std::string_view text);
/// The Date header: RFC 9110 IMF-fixdate ("Mon, 23 Nov 2026 05:41:00 GMT"), in UTC.
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace penstock::sigv4
