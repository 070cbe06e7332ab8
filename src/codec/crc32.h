#pragma once
/// CRC-32 as gzip has it (polynomial 0xEDB88320 reflected): the checksum of event streams. Pure.
/// Source: RFC 1952, section 8.

#include <cstdint>
#include <string_view>

namespace penstock::codec {

/// `crc` continues an earlier call: crc32(b, crc32(a)) is crc32(a + b).
[[nodiscard]] std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace penstock::codec
