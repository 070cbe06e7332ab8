#include "core/encoding/base64.h"

#include <array>
#include <cstdint>

namespace penstock {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kBad = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kBad);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr auto kValues = make_values();

std::uint8_t value_of(char c) { return kValues[static_cast<unsigned char>(c)]; }
std::uint32_t byte_of(char c) { return static_cast<unsigned char>(c); }

}  // namespace

void base64_append(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + base64_encoded_size(bytes.size()));
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t block = byte_of(bytes[i]) << 16U | byte_of(bytes[i + 1]) << 8U | byte_of(bytes[i + 2]);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += kAlphabet[(block >> shift) & 63U];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t block = byte_of(bytes[i]) << 16U | (left == 2 ? byte_of(bytes[i + 1]) << 8U : 0U);
  out += kAlphabet[(block >> 18U) & 63U];
  out += kAlphabet[(block >> 12U) & 63U];
  out += left == 2 ? kAlphabet[(block >> 6U) & 63U] : '=';
  out += '=';
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(bytes, out);
  return out;
}

bool base64_decode_append(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  const std::size_t before = out.size();
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t pad = last ? padding : 0;
    const std::uint8_t a = value_of(text[i]);
    const std::uint8_t b = value_of(text[i + 1]);
    const std::uint8_t c = pad >= 2 ? 0 : value_of(text[i + 2]);
    const std::uint8_t d = pad >= 1 ? 0 : value_of(text[i + 3]);
    bad |= static_cast<std::uint8_t>((a | b | c | d) & 0xC0U);
    const std::uint32_t block = std::uint32_t{a} << 18U | std::uint32_t{b} << 12U | std::uint32_t{c} << 6U | d;
    out += static_cast<char>(block >> 16U);
    if (pad < 2) out += static_cast<char>(block >> 8U);
    if (pad < 1) out += static_cast<char>(block);
  }
  if (bad != 0) {
    out.resize(before);
    return false;
  }
  return true;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  if (!base64_decode_append(text, out)) return std::nullopt;
  return out;
}

}  // namespace penstock
