#include "stream/hash_key.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/result.h"

namespace penstock::stream {
namespace {

// RFC 1321. Own code, because a prepared one-block MD5 is faster here than a library call for so few bytes.
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> kTurns = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
constexpr std::size_t kBlockBytes = 64;

using State = std::array<std::uint32_t, 4>;
using Words = std::array<std::uint32_t, 16>;

template <int round>
inline std::uint32_t mix(std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  if constexpr (round == 0) return d ^ (b & (c ^ d));
  if constexpr (round == 1) return c ^ (d & (b ^ c));
  if constexpr (round == 2) return b ^ c ^ d;
  if constexpr (round == 3) return c ^ (b | ~d);
}

template <int i>
inline void step(State& s, const Words& words) {
  constexpr int round = i / 16;
  constexpr std::array<int, 4> kFactor = {1, 5, 3, 7};
  constexpr std::array<int, 4> kOffset = {0, 1, 5, 0};
  constexpr auto word = static_cast<std::size_t>((kFactor[round] * i + kOffset[round]) % 16);
  // The four words change roles with each step instead of moving.
  constexpr std::size_t a = static_cast<std::size_t>(64 - i) % 4;
  std::uint32_t& target = s[a];
  const std::uint32_t b = s[(a + 1) % 4];
  target += mix<round>(b, s[(a + 2) % 4], s[(a + 3) % 4]) + kSines[i] + words[word];
  target = b + std::rotl(target, kTurns[round][i % 4]);
}

template <std::size_t... i>
inline void all_steps(State& s, const Words& words, std::index_sequence<i...> /*steps*/) {
  (step<static_cast<int>(i)>(s, words), ...);
}

void compress(State& state, const char* block) {
  static_assert(std::endian::native == std::endian::little);
  Words words;
  std::memcpy(words.data(), block, kBlockBytes);
  State s = state;
  all_steps(s, words, std::make_index_sequence<64>{});
  for (std::size_t i = 0; i < s.size(); ++i) state[i] += s[i];
}

}  // namespace

HashKey hash_partition_key(std::string_view partition_key) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string_view rest = partition_key;
  for (; rest.size() >= kBlockBytes; rest.remove_prefix(kBlockBytes)) compress(state, rest.data());

  std::array<char, kBlockBytes * 2> tail{};
  if (!rest.empty()) std::memcpy(tail.data(), rest.data(), rest.size());
  tail[rest.size()] = static_cast<char>(0x80);
  const std::size_t tail_bytes = rest.size() < kBlockBytes - 8 ? kBlockBytes : kBlockBytes * 2;
  const std::uint64_t bits = static_cast<std::uint64_t>(partition_key.size()) * 8;
  std::memcpy(tail.data() + tail_bytes - 8, &bits, sizeof bits);
  compress(state, tail.data());
  if (tail_bytes > kBlockBytes) compress(state, tail.data() + kBlockBytes);

  HashKey key = 0;  // the digest's bytes, read as a big-endian number
  for (const std::uint32_t word : state) key = key << 32U | __builtin_bswap32(word);
  return key;
}

std::optional<HashKey> parse_hash_key(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > 39) return std::nullopt;
  if (decimal.size() > 1 && decimal.front() == '0') return std::nullopt;
  HashKey value = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (value > (kHashKeyMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::string format_hash_key(HashKey key) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(key % 10)));
    key /= 10;
  } while (key != 0);
  std::ranges::reverse(digits);
  return digits;
}

HashKey uniform_range_start(std::uint32_t i, std::uint32_t count) {
  PENSTOCK_ASSERT(count > 0 && i < count);
  // floor(i * 2^128 / count), with 2^128 = whole * count + rest and rest < count.
  HashKey whole = kHashKeyMax / count;
  HashKey rest = kHashKeyMax % count + 1;
  if (rest == count) {
    ++whole;  // only when count is a power of two; count = 1 would overflow, but then i is 0
    rest = 0;
  }
  return i == 0 ? 0 : whole * i + rest * i / count;
}

}  // namespace penstock::stream
