#include "server/root_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding/hex.h"
#include "core/task.h"

namespace penstock::server {

namespace {

constexpr std::string_view kSealKeyFile = "seal-key";
constexpr std::size_t kSealKeyBytes = 32;

/// IAM API Reference, AccessKey: an id has 16 to 128 word characters. Shorter ones are taken, from 4 on, because local
/// stacks use them.
Result<void> check(const RootKey& key) {
  const bool word = std::ranges::all_of(key.access_key_id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!word || key.access_key_id.size() < 4 || key.access_key_id.size() > 128) {
    return fail(ErrorKind::invalid, "the root access key id must have 4 to 128 letters, digits and underscores");
  }
  const bool visible = std::ranges::all_of(key.secret_access_key, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!visible || key.secret_access_key.size() < 8 || key.secret_access_key.size() > 128) {
    return fail(ErrorKind::invalid, "the root secret access key must have 8 to 128 visible ASCII characters");
  }
  return {};
}

}  // namespace

Result<std::string> open_seal_key(const DataDirectory& directory, Random& random) {
  PENSTOCK_TRY(const auto text, directory.read(kSealKeyFile));
  if (!text.has_value()) {
    const std::string hex = random.hex(kSealKeyBytes);
    PENSTOCK_TRY_VOID(directory.write(kSealKeyFile, hex + "\n"));
    return *hex_decode(hex);
  }
  auto key = hex_decode(std::string_view(*text).substr(0, text->find('\n')));
  if (!key.has_value() || key->size() != kSealKeyBytes) {
    return fail(ErrorKind::corrupt, fmt::format("{} is not a seal key", directory.path_of(kSealKeyFile)));
  }
  return std::move(*key);
}

Result<void> settle_root_key(const DataDirectory& directory, iam::IdentityStore& identities,
                             const std::optional<RootKey>& wanted) {
  std::optional<iam::KeyPair> asked;
  if (wanted.has_value()) {
    PENSTOCK_TRY_VOID(check(*wanted));
    asked = iam::KeyPair{wanted->access_key_id, wanted->secret_access_key};
  }
  PENSTOCK_TRY(const iam::KeyPair key, run_sync(identities.ensure_root_key(std::move(asked))));
  if (wanted.has_value() &&
      (wanted->access_key_id != key.access_key_id || wanted->secret_access_key != key.secret_access_key)) {
    return fail(ErrorKind::conflict,
                fmt::format("the data directory {} has another root access key than the one that was given: leave "
                            "PENSTOCK_ROOT_ACCESS_KEY_ID and PENSTOCK_ROOT_SECRET_ACCESS_KEY unset",
                            directory.path()));
  }
  const std::string text = render(RootKey{key.access_key_id, key.secret_access_key});
  PENSTOCK_TRY(const auto written, directory.read(kRootKeyFile));
  if (written == text) return {};
  return directory.write(kRootKeyFile, text);
}

}  // namespace penstock::server
