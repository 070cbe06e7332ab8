#include "iam/seal.h"

#include <openssl/evp.h>

#include <memory>
#include <span>

#include "core/result.h"

namespace penstock::iam {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Context new_context() {
  Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  PENSTOCK_ASSERT(context != nullptr);
  return context;
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string seal(std::string_view key, std::string_view purpose, std::string_view text, Random& random) {
  PENSTOCK_ASSERT(key.size() == kSealKeyBytes);
  std::string out(kNonceBytes + text.size() + kTagBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(out.data(), kNonceBytes)));
  const Context context = new_context();
  int length = 0;
  bool good = EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(out)) == 1;
  good =
      good && EVP_EncryptUpdate(context.get(), nullptr, &length, bytes(purpose), static_cast<int>(purpose.size())) == 1;
  good = good && EVP_EncryptUpdate(context.get(), bytes(out) + kNonceBytes, &length, bytes(text),
                                   static_cast<int>(text.size())) == 1;
  good = good && EVP_EncryptFinal_ex(context.get(), bytes(out) + kNonceBytes + length, &length) == 1;
  good = good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                     bytes(out) + kNonceBytes + text.size()) == 1;
  PENSTOCK_ASSERT(good);
  return out;
}

std::optional<std::string> unseal(std::string_view key, std::string_view purpose, std::string_view sealed) {
  PENSTOCK_ASSERT(key.size() == kSealKeyBytes);
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string out(body.size(), '\0');
  const Context context = new_context();
  int length = 0;
  bool good = EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(sealed)) == 1;
  good =
      good && EVP_DecryptUpdate(context.get(), nullptr, &length, bytes(purpose), static_cast<int>(purpose.size())) == 1;
  good = good && EVP_DecryptUpdate(context.get(), bytes(out), &length, bytes(body), static_cast<int>(body.size())) == 1;
  good = good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1;
  good = good && EVP_DecryptFinal_ex(context.get(), bytes(out) + length, &length) == 1;
  if (!good) return std::nullopt;
  return out;
}

}  // namespace penstock::iam
