#include "logs/event_query.h"

#include <algorithm>

namespace penstock::logs {
namespace {

constexpr std::size_t kIdDigits = 56;
constexpr unsigned kIndexBits = 16;
constexpr unsigned kPositionBits = 64;

using Wide = unsigned __int128;

}  // namespace

std::string to_text(const EventKey& key) {
  Wide number = static_cast<std::uint64_t>(key.time_ms);
  number = (number << kPositionBits) | key.position;
  number = (number << kIndexBits) | (key.index & 0xffffU);
  std::string text(kIdDigits, '0');
  for (auto at = text.rbegin(); number != 0; ++at, number /= 10)
    *at = static_cast<char>('0' + static_cast<int>(number % 10));
  return text;
}

std::optional<EventKey> parse_key(std::string_view text) {
  if (text.size() != kIdDigits || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  constexpr std::size_t kDigitsOfWide = 38;  // what surely fits
  if (text.substr(0, kIdDigits - kDigitsOfWide).find_first_not_of('0') != std::string_view::npos) return std::nullopt;
  Wide number = 0;
  for (const char c : text) number = (number * 10) + static_cast<Wide>(c - '0');
  EventKey key;
  key.index = static_cast<std::uint32_t>(number & 0xffffU);
  number >>= kIndexBits;
  key.position = static_cast<std::uint64_t>(number);
  number >>= kPositionBits;
  key.time_ms = static_cast<std::int64_t>(number);
  if (key.time_ms > kLastKey.time_ms) return std::nullopt;
  return key;
}

EventKey successor(EventKey key) {
  if (key.index < 0xffff) {
    ++key.index;
  } else if (key.position < kLastKey.position) {
    ++key.position;
    key.index = 0;
  } else {
    ++key.time_ms;
    key.position = 0;
    key.index = 0;
  }
  return key;
}

}  // namespace penstock::logs
