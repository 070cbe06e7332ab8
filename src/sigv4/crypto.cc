#include "sigv4/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

#include "core/encoding/hex.h"
#include "core/result.h"

namespace penstock::sigv4 {
namespace {

constexpr std::size_t kBlockBytes = 64;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) {
    // Never freed: contexts of threads that end late still use it.
    static EVP_MD* const sha = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    PENSTOCK_ASSERT(sha != nullptr && context_ != nullptr);
    PENSTOCK_ASSERT(EVP_DigestInit_ex2(context_.get(), sha, nullptr) == 1);
  }
  void begin() { PENSTOCK_ASSERT(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1); }
  void add(std::string_view bytes) {
    PENSTOCK_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  Digest end() {
    Digest out;
    PENSTOCK_ASSERT(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
};

Hasher& hasher() {
  thread_local Hasher one;
  return one;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Hasher& h = hasher();
  h.begin();
  h.add(bytes);
  return h.end();
}

std::string sha256_hex(std::string_view bytes) { return hex_encode(as_text(sha256(bytes))); }

/// RFC 2104.
Digest hmac_sha256(std::string_view key, std::string_view message) {
  Digest short_key;
  if (key.size() > kBlockBytes) {
    short_key = sha256(key);
    key = as_text(short_key);
  }
  std::array<char, kBlockBytes> inner;
  std::array<char, kBlockBytes> outer;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const auto byte = static_cast<unsigned char>(i < key.size() ? key[i] : 0);
    inner[i] = static_cast<char>(byte ^ 0x36U);
    outer[i] = static_cast<char>(byte ^ 0x5CU);
  }
  Hasher& h = hasher();
  h.begin();
  h.add({inner.data(), inner.size()});
  h.add(message);
  const Digest inside = h.end();
  h.begin();
  h.add({outer.data(), outer.size()});
  h.add(as_text(inside));
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return h.end();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace penstock::sigv4
