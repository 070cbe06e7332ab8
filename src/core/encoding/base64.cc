#include "core/encoding/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "core/encoding/base64_kernels.h"

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

void put_three(std::uint32_t block, char*& out) {
  *out++ = static_cast<char>(block >> 16U);
  *out++ = static_cast<char>(block >> 8U);
  *out++ = static_cast<char>(block);
}

/// The last four characters, which alone may hold padding. The bits that padding leaves over must be zero, so that
/// each text has one encoding.
bool decode_last(std::string_view four, char*& out) {
  const std::size_t padding = four.ends_with("==") ? 2 : four.ends_with('=') ? 1 : 0;
  const std::uint8_t a = value_of(four[0]);
  const std::uint8_t b = value_of(four[1]);
  const std::uint8_t c = padding == 2 ? 0 : value_of(four[2]);
  const std::uint8_t d = padding >= 1 ? 0 : value_of(four[3]);
  if (((a | b | c | d) & 0xC0U) != 0) return false;
  if (padding == 2 && (b & 0x0FU) != 0) return false;
  if (padding == 1 && (c & 0x03U) != 0) return false;
  const std::uint32_t block = std::uint32_t{a} << 18U | std::uint32_t{b} << 12U | std::uint32_t{c} << 6U | d;
  *out++ = static_cast<char>(block >> 16U);
  if (padding < 2) *out++ = static_cast<char>(block >> 8U);
  if (padding < 1) *out++ = static_cast<char>(block);
  return true;
}

}  // namespace

char* base64_encode_to(std::string_view bytes, char* out) {
  std::size_t i = detail::has_avx2() ? detail::base64_encode_blocks_avx2(bytes.data(), bytes.size(), out) : 0;
  out += i / 3 * 4;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t block = byte_of(bytes[i]) << 16U | byte_of(bytes[i + 1]) << 8U | byte_of(bytes[i + 2]);
    *out++ = kAlphabet[(block >> 18U) & 63U];
    *out++ = kAlphabet[(block >> 12U) & 63U];
    *out++ = kAlphabet[(block >> 6U) & 63U];
    *out++ = kAlphabet[block & 63U];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return out;
  const std::uint32_t block = byte_of(bytes[i]) << 16U | (left == 2 ? byte_of(bytes[i + 1]) << 8U : 0U);
  *out++ = kAlphabet[(block >> 18U) & 63U];
  *out++ = kAlphabet[(block >> 12U) & 63U];
  *out++ = left == 2 ? kAlphabet[(block >> 6U) & 63U] : '=';
  *out++ = '=';
  return out;
}

void base64_append(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  const std::size_t after = before + base64_encoded_size(bytes.size());
  if (after > out.capacity()) out.reserve(std::max(after, out.capacity() * 2));
  out.resize_and_overwrite(after, [&](char* text, std::size_t size) {
    base64_encode_to(bytes, text + before);
    return size;
  });
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(bytes, out);
  return out;
}

std::optional<std::size_t> base64_decode_to(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  const char* const begin = out;
  std::size_t i = detail::has_avx2() ? detail::base64_decode_blocks_avx2(text.data(), text.size(), out) : 0;
  out += i / 4 * 3;
  for (; i + 4 < text.size(); i += 4) {
    const std::uint8_t a = value_of(text[i]);
    const std::uint8_t b = value_of(text[i + 1]);
    const std::uint8_t c = value_of(text[i + 2]);
    const std::uint8_t d = value_of(text[i + 3]);
    if (((a | b | c | d) & 0xC0U) != 0) return std::nullopt;
    put_three(std::uint32_t{a} << 18U | std::uint32_t{b} << 12U | std::uint32_t{c} << 6U | d, out);
  }
  if (!decode_last(text.substr(i), out)) return std::nullopt;
  return static_cast<std::size_t>(out - begin);
}

bool base64_decode_append(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  const std::size_t room = before + base64_decoded_size_max(text.size());
  bool good = true;
  if (room > out.capacity()) out.reserve(std::max(room, out.capacity() * 2));
  out.resize_and_overwrite(room, [&](char* bytes, std::size_t) {
    const auto count = base64_decode_to(text, bytes + before);
    good = count.has_value();
    return before + count.value_or(0);
  });
  return good;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  if (!base64_decode_append(text, out)) return std::nullopt;
  return out;
}

}  // namespace penstock
