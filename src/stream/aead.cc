#include "stream/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <climits>
#include <memory>
#include <span>

#include "core/result.h"

namespace penstock::stream {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

enum class Direction : std::uint8_t { open = 0, seal = 1 };

/// Looked up once: that takes longer than to encrypt a small record.
const EVP_CIPHER* aes_256_gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  PENSTOCK_ASSERT(cipher != nullptr);
  return cipher;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

int length_of(std::string_view text) {
  PENSTOCK_ASSERT(text.size() <= static_cast<std::size_t>(INT_MAX));
  return static_cast<int>(text.size());
}

Context begin(Direction direction, std::string_view key, std::string_view nonce, std::string_view associated) {
  PENSTOCK_ASSERT(key.size() == kAeadKeyBytes && nonce.size() == kAeadNonceBytes);
  Context context(EVP_CIPHER_CTX_new());
  PENSTOCK_ASSERT(context != nullptr);
  PENSTOCK_ASSERT(EVP_CipherInit_ex2(context.get(), aes_256_gcm(), bytes_of(key), bytes_of(nonce),
                                     static_cast<int>(direction), nullptr) == 1);
  int done = 0;
  PENSTOCK_ASSERT(EVP_CipherUpdate(context.get(), nullptr, &done, bytes_of(associated), length_of(associated)) == 1);
  return context;
}

}  // namespace

void aead_seal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view plain,
               std::string& out) {
  const Context context = begin(Direction::seal, key, nonce, associated);
  const std::size_t start = out.size();
  out.resize(start + plain.size() + kAeadTagBytes);
  auto* at = reinterpret_cast<unsigned char*>(out.data() + start);
  int done = 0;
  PENSTOCK_ASSERT(EVP_CipherUpdate(context.get(), at, &done, bytes_of(plain), length_of(plain)) == 1);
  int last = 0;
  PENSTOCK_ASSERT(EVP_CipherFinal_ex(context.get(), at + done, &last) == 1);
  PENSTOCK_ASSERT(static_cast<std::size_t>(done + last) == plain.size());
  PENSTOCK_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kAeadTagBytes, at + plain.size()) == 1);
}

std::optional<std::string> aead_open(std::string_view key, std::string_view nonce, std::string_view associated,
                                     std::string_view sealed) {
  if (sealed.size() < kAeadTagBytes) return std::nullopt;
  const std::string_view text = sealed.substr(0, sealed.size() - kAeadTagBytes);
  std::string tag(sealed.substr(text.size()));
  const Context context = begin(Direction::open, key, nonce, associated);
  std::string plain;
  plain.resize(text.size());
  auto* at = reinterpret_cast<unsigned char*>(plain.data());
  int done = 0;
  int last = 0;
  // What comes out before the tag was checked is nobody's business: it goes when it is not right.
  const bool good = EVP_CipherUpdate(context.get(), at, &done, bytes_of(text), length_of(text)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kAeadTagBytes, tag.data()) == 1 &&
                    EVP_CipherFinal_ex(context.get(), at + done, &last) == 1;
  if (good) return plain;
  cleanse(plain);
  return std::nullopt;
}

SecretBytes::SecretBytes(Random& random, std::size_t count) : bytes_(count, '\0') {
  random.fill(std::as_writable_bytes(std::span(bytes_)));
}

SecretBytes& SecretBytes::operator=(const SecretBytes& other) {
  if (this == &other) return *this;
  cleanse(bytes_);
  bytes_ = other.bytes_;
  return *this;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  bytes_.swap(other.bytes_);
  return *this;
}

SecretBytes::~SecretBytes() { cleanse(bytes_); }

void cleanse(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace penstock::stream
