#pragma once
/// AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag. Pure.
/// Guarantee: open gives only what seal was given under the same key, nonce and associated data.
/// Bounds:    a nonce is used once under a key; that is the caller's duty. Texts below 2 GiB.
/// Threads:   any.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"

namespace penstock::stream {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

/// Appends ciphertext and tag to `out`. Nothing else may point into `out`.
void aead_seal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view plain,
               std::string& out);
/// `sealed` is ciphertext and tag; nullopt when it is not what was sealed.
[[nodiscard]] std::optional<std::string> aead_open(std::string_view key, std::string_view nonce,
                                                   std::string_view associated, std::string_view sealed);

/// Bytes of a key; overwritten when they go.
class SecretBytes {
 public:
  explicit SecretBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  /// As many bytes, drawn at random.
  SecretBytes(Random& random, std::size_t count);
  SecretBytes(const SecretBytes&) = default;
  /// Leaves `other` empty: no second copy stays behind.
  SecretBytes(SecretBytes&& other) noexcept { bytes_.swap(other.bytes_); }
  SecretBytes& operator=(const SecretBytes& other);
  /// Swaps: the old key is overwritten when `other` goes.
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();
  [[nodiscard]] std::string_view view() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Overwrites the text and empties it.
void cleanse(std::string& text);

}  // namespace penstock::stream
