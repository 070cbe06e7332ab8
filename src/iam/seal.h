#pragma once
/// Authenticated encryption of secrets and session tokens: AES-256-GCM, as nonce (12) | ciphertext | tag (16).
/// Guarantee: `open` gives only what `seal` was given under the same key and the same purpose.
/// Threads:   any.

#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"

namespace penstock::iam {

inline constexpr std::size_t kSealKeyBytes = 32;

/// `purpose` is authenticated with the text but not kept: a sealed text cannot be moved to another use.
[[nodiscard]] std::string seal(std::string_view key, std::string_view purpose, std::string_view text, Random& random);
[[nodiscard]] std::optional<std::string> unseal(std::string_view key, std::string_view purpose,
                                                std::string_view sealed);

}  // namespace penstock::iam
