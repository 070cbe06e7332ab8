#include "stream/sealed_token.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <array>

#include "core/encoding/base64.h"
#include "core/result.h"

namespace penstock::stream {
namespace {

constexpr std::size_t kTagBytes = 16;  // of SHA-256's 32
constexpr std::string_view kVersion{"\0\0\0\0\0\0\0\1", 8};

}  // namespace

TokenSealer::TokenSealer(std::string key) : key_(std::move(key)) { PENSTOCK_ASSERT(key_.size() == kTokenKeyBytes); }

std::string TokenSealer::tag(TokenKind kind, std::string_view contents) const {
  std::string message(1, static_cast<char>(kind));
  message += contents;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  PENSTOCK_ASSERT(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, message.size(), digest.data(),
                       &digest_bytes) != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), kTagBytes};
}

std::string TokenSealer::seal(TokenKind kind, std::string_view contents) const {
  PENSTOCK_ASSERT(contents.size() <= kTokenContentsBytesMax);
  std::string bytes(kVersion);
  bytes += tag(kind, contents);
  bytes += contents;
  return base64_encode(bytes);
}

std::optional<std::string> TokenSealer::unseal(TokenKind kind, std::string_view token) const {
  if (token.size() > base64_encoded_size(kVersion.size() + kTagBytes + kTokenContentsBytesMax)) return std::nullopt;
  const auto bytes = base64_decode(token);
  if (!bytes || bytes->size() < kVersion.size() + kTagBytes || !bytes->starts_with(kVersion)) return std::nullopt;
  std::string contents = bytes->substr(kVersion.size() + kTagBytes);
  const std::string wanted = tag(kind, contents);
  if (CRYPTO_memcmp(wanted.data(), bytes->data() + kVersion.size(), kTagBytes) != 0) return std::nullopt;
  // The last character of base64 has spare bits that the decoder may not check: only one spelling is ours.
  if (base64_encode(*bytes) != token) return std::nullopt;
  return contents;
}

}  // namespace penstock::stream
