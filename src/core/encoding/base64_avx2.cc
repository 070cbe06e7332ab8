#include "core/encoding/base64_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// The method is W. Mula's and D. Lemire's, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (ACM
// Transactions on the Web 12, 2018).
#define PENSTOCK_AVX2 __attribute__((target("avx2")))

namespace penstock::detail {
namespace {

PENSTOCK_AVX2 __m256i load(const char* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
PENSTOCK_AVX2 void store(char* to, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value); }

PENSTOCK_AVX2 __m256i twice(__m128i lane) { return _mm256_broadcastsi128_si256(lane); }

/// 24 bytes (12 at the front of each lane) to 32 numbers of 6 bits.
PENSTOCK_AVX2 __m256i split_to_sixes(__m256i bytes) {
  const __m256i spread =
      _mm256_shuffle_epi8(bytes, twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10)));
  const __m256i ac =
      _mm256_mulhi_epu16(_mm256_and_si256(spread, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
  const __m256i bd =
      _mm256_mullo_epi16(_mm256_and_si256(spread, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
  return _mm256_or_si256(ac, bd);
}

/// 0..63 to characters: each range of the alphabet has its own distance.
PENSTOCK_AVX2 __m256i to_characters(__m256i sixes) {
  const __m256i distances = twice(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                                '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  const __m256i past_letters = _mm256_subs_epu8(sixes, _mm256_set1_epi8(51));
  const __m256i upper = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), sixes), _mm256_set1_epi8(13));
  return _mm256_add_epi8(_mm256_shuffle_epi8(distances, _mm256_or_si256(past_letters, upper)), sixes);
}

/// Characters to 0..63; false when one is not of the alphabet. A character is good when the bit sets that its two
/// nibbles look up have nothing in common.
PENSTOCK_AVX2 bool to_sixes(__m256i characters, __m256i& sixes) {
  const __m256i low_sets = twice(
      _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
  const __m256i high_sets = twice(
      _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i distances = twice(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i slash = _mm256_set1_epi8('/');
  const __m256i nibble_mask = _mm256_set1_epi8(0x0F);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(characters, 4), nibble_mask);
  const __m256i low = _mm256_and_si256(characters, nibble_mask);
  if (!_mm256_testz_si256(_mm256_shuffle_epi8(low_sets, low), _mm256_shuffle_epi8(high_sets, high))) return false;
  const __m256i is_slash = _mm256_cmpeq_epi8(characters, slash);  // -1: '/' shares its high nibble with '+'
  sixes = _mm256_add_epi8(characters, _mm256_shuffle_epi8(distances, _mm256_add_epi8(is_slash, high)));
  return true;
}

/// 32 numbers of 6 bits to 24 bytes at the front.
PENSTOCK_AVX2 __m256i join_sixes(__m256i sixes) {
  const __m256i twelves = _mm256_maddubs_epi16(sixes, _mm256_set1_epi32(0x01400140));
  const __m256i words = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
  const __m256i lanes =
      _mm256_shuffle_epi8(words, twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
  return _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

}  // namespace

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

PENSTOCK_AVX2 std::size_t base64_encode_blocks_avx2(const char* in, std::size_t byte_count, char* out) {
  std::size_t done = 0;
  while (byte_count - done >= 28) {  // the second load reaches 28 bytes
    const auto* first = reinterpret_cast<const __m128i*>(in + done);
    const auto* second = reinterpret_cast<const __m128i*>(in + done + 12);
    const __m256i bytes = _mm256_set_m128i(_mm_loadu_si128(second), _mm_loadu_si128(first));
    store(out + done / 3 * 4, to_characters(split_to_sixes(bytes)));
    done += 24;
  }
  return done;
}

PENSTOCK_AVX2 std::size_t base64_decode_blocks_avx2(const char* in, std::size_t char_count, char* out) {
  std::size_t done = 0;
  while (char_count - done >= 44) {  // 44 characters promise room for 33 bytes; a block stores 32
    __m256i sixes;
    if (!to_sixes(load(in + done), sixes)) break;
    store(out + done / 4 * 3, join_sixes(sixes));
    done += 32;
  }
  return done;
}

}  // namespace penstock::detail

#else

namespace penstock::detail {

bool has_avx2() { return false; }
std::size_t base64_encode_blocks_avx2(const char*, std::size_t, char*) { return 0; }
std::size_t base64_decode_blocks_avx2(const char*, std::size_t, char*) { return 0; }

}  // namespace penstock::detail

#endif
