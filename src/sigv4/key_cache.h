#pragma once
/// Derived signing keys, kept for the next request of the same key id, day, region and service.
/// Guarantee: a key is found only with the very secret it was derived from, so it does not survive a change of secret.
/// Threads:   any.
/// Bounds:    kEntriesMax; when full it starts anew (a day's keys are few; callers add only keys that have verified
///            a signature, so that strangers cannot push out anybody's).

#include <optional>
#include <string>
#include <unordered_map>

#include "core/mutex.h"
#include "sigv4/crypto.h"
#include "sigv4/sigv4.h"

namespace penstock::sigv4 {

class KeyCache {
 public:
  static constexpr std::size_t kEntriesMax = 4096;

  [[nodiscard]] std::optional<Digest> find(const Scope& scope, std::string_view secret) const EXCLUDES(mutex_);
  void add(const Scope& scope, std::string_view secret, const Digest& key) EXCLUDES(mutex_);

 private:
  struct Entry {
    Digest secret_hash;
    Digest key;
  };
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace penstock::sigv4
