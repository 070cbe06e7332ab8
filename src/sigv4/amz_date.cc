#include "sigv4/amz_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace penstock::sigv4 {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// -1 when not all are digits.
int number(std::string_view digits) {
  int out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    out = out * 10 + (c - '0');
  }
  return out;
}

std::optional<Timestamp> make(int year, int month, int day, int hour, int minute, int second) {
  if (year < 1 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Timestamp{std::chrono::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

}  // namespace

std::string amz_date(Timestamp time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<days>(whole);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<seconds> clock{whole - day};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::optional<Timestamp> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return make(number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6, 2)),
              number(text.substr(9, 2)), number(text.substr(11, 2)), number(text.substr(13, 2)));
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  // "Mon, 23 Nov 2026 05:41:00 GMT"; botocore writes the zone as "-0000" (RFC 5322).
  const std::string_view zone = text.substr(std::min<std::size_t>(text.size(), 25));
  if (zone != " GMT" && zone != " -0000" && zone != " +0000") return std::nullopt;
  if (text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' ||
      text[22] != ':') {
    return std::nullopt;
  }
  int month = 0;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i]) month = static_cast<int>(i) + 1;
  }
  return make(number(text.substr(12, 4)), month, number(text.substr(5, 2)), number(text.substr(17, 2)),
              number(text.substr(20, 2)), number(text.substr(23, 2)));
}

}  // namespace penstock::sigv4
