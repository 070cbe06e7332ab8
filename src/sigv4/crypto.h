#pragma once
/// SHA-256 and HMAC-SHA-256 for short texts, at full speed: the digest is fetched from OpenSSL once and each thread
/// reuses one context (OpenSSL 3 spends more on fetching and allocating than on hashing a short text). Pure.
/// Threads: any.

#include <array>
#include <string>
#include <string_view>

namespace penstock::sigv4 {

using Digest = std::array<unsigned char, 32>;

[[nodiscard]] inline std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

[[nodiscard]] Digest sha256(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view message);

/// Takes the same time wherever the texts differ. Their lengths are not secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace penstock::sigv4
