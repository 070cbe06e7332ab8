#include "codec/timestamp_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace penstock::codec {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t kSecondsMin = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // 9999-12-31T23:59:59Z

struct Fields {
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<seconds> time;
};
Fields split(Timestamp time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<days>(whole);
  return {day, std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<seconds>{whole - day}};
}

std::optional<Timestamp> make(int year, unsigned month, unsigned day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (year < 1 || year > 9999 || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Timestamp{std::chrono::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

/// Exactly `width` digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t width, int& out) {
  if (text.size() < width) return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + width, out);
  if (code != std::errc{} || end != text.data() + width || text[0] == '-') return false;
  text.remove_prefix(width);
  return true;
}
bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Timestamp> parse_iso(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year) || !take_char(text, "-") || !take_number(text, 2, month) || !take_char(text, "-") ||
      !take_number(text, 2, day) || !take_char(text, "Tt ") || !take_number(text, 2, hour) || !take_char(text, ":") ||
      !take_number(text, 2, minute) || !take_char(text, ":") || !take_number(text, 2, second)) {
    return std::nullopt;
  }
  auto time = make(year, static_cast<unsigned>(month), static_cast<unsigned>(day), hour, minute, second);
  if (!time) return std::nullopt;
  if (take_char(text, ".")) {
    int digits = 0;
    for (int scale = 100; !text.empty() && text[0] >= '0' && text[0] <= '9'; scale /= 10, ++digits) {
      *time += milliseconds{(text[0] - '0') * scale};
      text.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
  }
  if (text == "Z" || text == "z") return time;
  const bool east = text.starts_with('+');
  int offset_hours = 0, offset_minutes = 0;
  if (!take_char(text, "+-") || !take_number(text, 2, offset_hours)) return std::nullopt;
  static_cast<void>(take_char(text, ":"));
  if (!take_number(text, 2, offset_minutes) || !text.empty() || offset_hours > 23 || offset_minutes > 59) {
    return std::nullopt;
  }
  const auto offset = hours{offset_hours} + minutes{offset_minutes};
  return east ? *time - offset : *time + offset;
}

/// RFC 9110, IMF-fixdate; the other two forms are obsolete and no client of AWS sends them.
std::optional<Timestamp> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return std::nullopt;
  text.remove_prefix(5);
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 2, day) || !take_char(text, " ")) return std::nullopt;
  unsigned month = 0;
  while (month < kMonths.size() && !text.starts_with(kMonths[month])) ++month;
  text.remove_prefix(3);
  if (month == kMonths.size() || !take_char(text, " ") || !take_number(text, 4, year) || !take_char(text, " ") ||
      !take_number(text, 2, hour) || !take_char(text, ":") || !take_number(text, 2, minute) || !take_char(text, ":") ||
      !take_number(text, 2, second)) {
    return std::nullopt;
  }
  return make(year, month + 1, static_cast<unsigned>(day), hour, minute, second);
}

}  // namespace

std::string iso_8601(Timestamp time) {
  const Fields f = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(f.date.year()),
                     static_cast<unsigned>(f.date.month()), static_cast<unsigned>(f.date.day()), f.time.hours().count(),
                     f.time.minutes().count(), f.time.seconds().count());
}

std::string http_date(Timestamp time) {
  const Fields f = split(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[std::chrono::weekday{f.day}.c_encoding()],
                     static_cast<unsigned>(f.date.day()), kMonths[static_cast<unsigned>(f.date.month()) - 1],
                     static_cast<int>(f.date.year()), f.time.hours().count(), f.time.minutes().count(),
                     f.time.seconds().count());
}

void append_epoch_seconds(Timestamp time, std::string& out) {
  const std::int64_t ms = to_unix_ms(time);
  const auto magnitude = ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  out += fmt::format("{}{}.{:03}", ms < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

std::optional<Timestamp> from_epoch_seconds(double value) {
  if (!(value >= static_cast<double>(kSecondsMin) && value <= static_cast<double>(kSecondsMax))) return std::nullopt;
  return from_unix_ms(std::llround(value * 1000));
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (auto time = parse_iso(text)) return time;
  if (auto time = parse_http_date(text)) return time;
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return from_epoch_seconds(number);
}

}  // namespace penstock::codec
