#pragma once
/// Tokens for clients to hold (shard iterators, page tokens): base64 of the contents and an HMAC-SHA256 under the
/// house's own key, so that only what the house gave out comes back.
/// Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::stream {

/// What a token is for; one kind is never taken for another.
enum class TokenKind : std::uint8_t { shard_iterator = 1, list_shards = 2, list_streams = 3, list_consumers = 4 };

inline constexpr std::size_t kTokenKeyBytes = 32;
inline constexpr std::size_t kTokenContentsBytesMax = 1024;

class TokenSealer {
 public:
  /// `key` has kTokenKeyBytes bytes.
  explicit TokenSealer(std::string key);
  [[nodiscard]] std::string seal(TokenKind kind, std::string_view contents) const;
  /// The contents, or nullopt for anything that seal did not give for this kind under this key.
  [[nodiscard]] std::optional<std::string> unseal(TokenKind kind, std::string_view token) const;

 private:
  [[nodiscard]] std::string tag(TokenKind kind, std::string_view contents) const;
  std::string key_;
};

}  // namespace penstock::stream
