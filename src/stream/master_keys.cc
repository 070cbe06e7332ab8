#include "stream/master_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding/hex.h"

namespace penstock::stream {
namespace {

constexpr std::size_t kIdCharsMax = 64;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdCharsMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Result<std::vector<MasterKey>> parse_master_keys(std::string_view text) {
  std::vector<MasterKey> keys;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t space = line.find(' ');
    const std::string_view id = line.substr(0, space);
    auto bytes = space == std::string_view::npos ? std::nullopt : hex_decode(line.substr(space + 1));
    SecretBytes key(std::move(bytes).value_or(std::string()));
    if (!is_id(id) || key.view().size() != kAeadKeyBytes) {
      return fail(ErrorKind::invalid, fmt::format("line {} is not an id and a key of 64 hex digits", number));
    }
    if (std::ranges::find(keys, id, &MasterKey::id) != keys.end()) {
      return fail(ErrorKind::invalid, fmt::format("line {} repeats the id of an earlier line", number));
    }
    keys.push_back({.id = std::string(id), .key = key});
  }
  if (keys.empty()) return fail(ErrorKind::invalid, "there is no key in it");
  return keys;
}

SecretBytes render_master_key(const MasterKey& key) {
  SecretBytes hex(hex_encode(key.key.view()));
  std::string line;
  line.reserve(key.id.size() + hex.view().size() + 2);  // one buffer, so that none is left behind
  line.append(key.id).append(" ").append(hex.view()).append("\n");
  return SecretBytes(std::move(line));
}

MasterKey make_master_key(Random& random) {
  return {.id = "local-" + random.hex(8), .key = SecretBytes(random, kAeadKeyBytes)};
}

MasterKeys::MasterKeys(std::vector<MasterKey> keys, std::function<Result<MasterKey>()> make) : make_(std::move(make)) {
  const MutexLock lock(mutex_);
  for (const MasterKey& key : keys) keys_.push_back(std::make_shared<const MasterKey>(key));
}

MasterKeys::KeyPtr MasterKeys::first() const {
  const MutexLock lock(mutex_);
  return keys_.empty() ? nullptr : keys_.front();
}

MasterKeys::KeyPtr MasterKeys::find(std::string_view id) const {
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(keys_, id, [](const KeyPtr& key) -> std::string_view { return key->id; });
  return found == keys_.end() ? nullptr : *found;
}

Result<void> MasterKeys::ensure() {
  if (first() != nullptr) return {};
  if (!make_) return fail(ErrorKind::unavailable, "this server has no master key to encrypt with");
  PENSTOCK_TRY(const MasterKey made, make_());
  const MutexLock lock(mutex_);
  keys_.push_back(std::make_shared<const MasterKey>(made));
  return {};
}

}  // namespace penstock::stream
