#pragma once
/// The vector kernels of base64. They take whole blocks off the front and leave the rest (and the padding, and finding
/// what is wrong with bad text) to the scalar code.

#include <cstddef>

namespace penstock::detail {

/// Whether this processor has AVX2. The AVX2 kernels may be called only then.
[[nodiscard]] bool has_avx2();

/// Encodes some multiple of 24 bytes and returns how many. Writes exactly 4/3 of that.
std::size_t base64_encode_blocks_avx2(const char* in, std::size_t byte_count, char* out);

/// Decodes some multiple of 32 characters and returns how many; stops before a block that holds anything but the
/// alphabet. `out` must have room for char_count / 4 * 3 bytes: up to 8 bytes behind the result are overwritten.
std::size_t base64_decode_blocks_avx2(const char* in, std::size_t char_count, char* out);

}  // namespace penstock::detail
