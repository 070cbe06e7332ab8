#pragma once
/// Master keys: what wraps the data keys of encrypted streams. They come from a file of the operator's, or from one in
/// the data directory that is made when it is needed first. Guarantee: no text or error here holds a key's bytes.
/// Threads:   any, but for ensure.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "core/random.h"
#include "core/result.h"
#include "stream/aead.h"

namespace penstock::stream {

struct MasterKey {
  std::string id;  ///< [A-Za-z0-9_-]{1,64}
  SecretBytes key;
};

/// A line "<id> <64 hex digits>" for each key, the one that wraps first; empty lines and lines that begin with # are
/// skipped. Errors: invalid, naming the line and never what stands in it.
[[nodiscard]] Result<std::vector<MasterKey>> parse_master_keys(std::string_view text);
/// The line of one key, for a file.
[[nodiscard]] SecretBytes render_master_key(const MasterKey& key);
/// A new key; its id is random too.
[[nodiscard]] MasterKey make_master_key(Random& random);

class MasterKeys {
 public:
  using KeyPtr = std::shared_ptr<const MasterKey>;
  /// `make` is asked for a key that will be there after a restart, when there is none; it may block.
  explicit MasterKeys(std::vector<MasterKey> keys = {}, std::function<Result<MasterKey>()> make = {});

  /// Wraps new data keys; null when there is none.
  [[nodiscard]] KeyPtr first() const EXCLUDES(mutex_);
  /// Null when there is none of that id.
  [[nodiscard]] KeyPtr find(std::string_view id) const EXCLUDES(mutex_);
  /// Makes the first key when there is none. One call at a time.
  Result<void> ensure() EXCLUDES(mutex_);

 private:
  const std::function<Result<MasterKey>()> make_;
  mutable Mutex mutex_;
  std::vector<KeyPtr> keys_ GUARDED_BY(mutex_);
};

}  // namespace penstock::stream
