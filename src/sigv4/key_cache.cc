#include "sigv4/key_cache.h"

#include <fmt/format.h>

namespace penstock::sigv4 {
namespace {

/// A slash separates the parts, and none of them holds one (parse_credential).
std::string name_of(const Scope& scope) {
  return fmt::format("{}/{}/{}/{}", scope.access_key_id, scope.date, scope.region, scope.service);
}

}  // namespace

std::optional<Digest> KeyCache::find(const Scope& scope, std::string_view secret) const {
  const std::string name = name_of(scope);
  Entry entry;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    entry = found->second;
  }
  if (!equal_in_constant_time(as_text(entry.secret_hash), as_text(sha256(secret)))) return std::nullopt;
  return entry.key;
}

void KeyCache::add(const Scope& scope, std::string_view secret, const Digest& key) {
  const Entry entry{sha256(secret), key};
  const MutexLock lock(mutex_);
  if (entries_.size() >= kEntriesMax) entries_.clear();
  entries_.insert_or_assign(name_of(scope), entry);
}

}  // namespace penstock::sigv4
