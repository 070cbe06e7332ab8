#pragma once
/// CRC-32C (Castagnoli), the checksum of every stored byte (RFC 3720, appendix B.4 gives its test vectors).
/// Runs on the processor's own instruction (SSE 4.2) where there is one, else on tables; both give the same values.
/// Threads: any.

#include <cstdint>
#include <string_view>

namespace penstock::framelog {

/// The checksum of `bytes` appended to bytes whose checksum is `seed` (0: nothing before).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// The table version, so that a test can hold it against the other.
[[nodiscard]] std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace penstock::framelog
