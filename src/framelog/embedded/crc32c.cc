#include "framelog/embedded/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace penstock::framelog {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // reflected 0x1EDC6F41

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight: table[k][b] is the checksum of byte b followed by k zero bytes.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      tables[k][b] = (tables[k - 1][b] >> 8U) ^ tables[0][tables[k - 1][b] & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

#if defined(__x86_64__)

// The instruction takes one operand a cycle but answers after three: three lanes run side by side over blocks of
// kLane bytes, and the tables below move a lane's checksum over the lanes that follow it.
constexpr std::size_t kLane = 1024;

constexpr std::uint32_t over_zero_bytes(std::uint32_t crc, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) crc = (crc >> 8U) ^ kTables[0][crc & 0xFFU];
  return crc;
}

using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;

// Moving a checksum over zero bytes is linear in its bits: 32 bits are moved one by one, the rest is their sum.
ShiftTable make_shift(std::size_t count) {
  std::array<std::uint32_t, 32> moved{};
  for (std::size_t bit = 0; bit < 32; ++bit) moved[bit] = over_zero_bytes(1U << bit, count);
  ShiftTable table{};
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1U) != 0) table[byte][value] ^= moved[byte * 8 + bit];
      }
    }
  }
  return table;
}

std::uint32_t shift(const ShiftTable& table, std::uint32_t crc) {
  return table[0][crc & 0xFFU] ^ table[1][crc >> 8U & 0xFFU] ^ table[2][crc >> 16U & 0xFFU] ^ table[3][crc >> 24U];
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t seed) {
  static const ShiftTable over_one_lane = make_shift(kLane);
  std::uint64_t crc = ~seed;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  while (left >= 3 * kLane) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      crc = _mm_crc32_u64(crc, load<std::uint64_t>(p + i));
      second = _mm_crc32_u64(second, load<std::uint64_t>(p + kLane + i));
      third = _mm_crc32_u64(third, load<std::uint64_t>(p + 2 * kLane + i));
    }
    crc = shift(over_one_lane, static_cast<std::uint32_t>(crc)) ^ second;
    crc = shift(over_one_lane, static_cast<std::uint32_t>(crc)) ^ third;
    p += 3 * kLane;
    left -= 3 * kLane;
  }
  for (; left >= 8; p += 8, left -= 8) crc = _mm_crc32_u64(crc, load<std::uint64_t>(p));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++p, --left) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*p));
  return ~narrow;
}

#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; p += 8, left -= 8) {
    const std::uint32_t low = crc ^ load<std::uint32_t>(p);
    const auto high = load<std::uint32_t>(p + 4);
    crc = kTables[7][low & 0xFFU] ^ kTables[6][low >> 8U & 0xFFU] ^ kTables[5][low >> 16U & 0xFFU] ^
          kTables[4][low >> 24U] ^ kTables[3][high & 0xFFU] ^ kTables[2][high >> 8U & 0xFFU] ^
          kTables[1][high >> 16U & 0xFFU] ^ kTables[0][high >> 24U];
  }
  for (; left > 0; ++p, --left) crc = (crc >> 8U) ^ kTables[0][(crc ^ static_cast<unsigned char>(*p)) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_by_instruction(bytes, seed);
#endif
  return crc32c_by_table(bytes, seed);
}

}  // namespace penstock::framelog
