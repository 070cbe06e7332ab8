#pragma once
/// A stream's data key, and frames encrypted under it: format 2 of docs/formats/record-frame.md.
/// Guarantee: decrypt gives only what encrypt was given for the same stream and shard; a nonce is used once under a
/// key. Threads:   any.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"
#include "core/result.h"
#include "framelog/frame_log.h"
#include "stream/aead.h"

namespace penstock::stream {

inline constexpr std::size_t kEncryptedHeaderBytes = 20;
/// What encryption adds to a frame.
inline constexpr std::size_t kEncryptionBytes = kEncryptedHeaderBytes + kAeadTagBytes;

/// Whether the frame calls itself one of format 2.
[[nodiscard]] bool is_encrypted_frame(std::string_view frame);

/// An encrypted frame taken apart; the views point into it.
struct EncryptedFrame {
  std::uint32_t key_number = 0;
  std::string_view bound;  ///< what is authenticated beside the ciphertext
  std::string_view nonce;
  std::string_view sealed;  ///< ciphertext and tag
};
/// Errors: corrupt.
[[nodiscard]] Result<EncryptedFrame> parse_encrypted_frame(std::string_view frame);

class DataKey {
 public:
  /// `stream_uid`: of the stream that it belongs to.
  DataKey(std::string stream_uid, std::uint32_t number, SecretBytes key, Random& random);
  [[nodiscard]] std::uint32_t number() const { return number_; }
  /// So many frames were encrypted that another key should take over.
  [[nodiscard]] bool is_used_up() const { return frames_.load(std::memory_order_relaxed) >= kFramesMax; }

  [[nodiscard]] std::string encrypt(framelog::ShardIndex shard, std::string_view frame);
  /// nullopt when it is not what was encrypted.
  [[nodiscard]] std::optional<std::string> decrypt(framelog::ShardIndex shard, const EncryptedFrame& frame) const;

  /// Half of what the counter in the nonce can count: puts that still hold the key may go on.
  static constexpr std::uint32_t kFramesMax = 1U << 31U;
  static constexpr std::size_t kNoncePrefixBytes = 8;

 private:
  [[nodiscard]] std::string associated(framelog::ShardIndex shard, std::string_view bound) const;

  const std::string stream_uid_;
  const std::uint32_t number_;
  const SecretBytes key_;
  /// Drawn anew whenever a process begins to use the key.
  const std::string nonce_prefix_;
  std::atomic<std::uint32_t> frames_ = 0;
};

}  // namespace penstock::stream
