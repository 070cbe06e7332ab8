#include "codec/utf8.h"

#include <simdjson.h>

#include <algorithm>

namespace penstock::codec {

bool is_utf8(std::string_view text) { return text.empty() || simdjson::validate_utf8(text.data(), text.size()); }

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view utf8_prefix(std::string_view utf8, std::size_t byte_count_max) {
  if (utf8.size() <= byte_count_max) return utf8;
  std::size_t end = byte_count_max;
  while (end > 0 && (static_cast<unsigned char>(utf8[end]) & 0xC0U) == 0x80U) --end;
  return utf8.substr(0, end);
}

}  // namespace penstock::codec
