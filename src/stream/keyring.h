#pragma once
/// The data keys of one stream. They lie in the catalog, each wrapped by a master key (docs/formats/stream.md; why so:
/// docs/adr/0005-data-keys-of-a-stream.md).
///
/// Guarantee: a frame is encrypted only under a key that is durable in the catalog.
/// Order:     callers on one executor that ask for the current key get it in the order in which they asked: the puts of
///            one client do not overtake each other while a key is made.
/// Threads:   any; Tasks complete on the awaiting coroutine's executor.
/// Errors:    denied (the master key that a data key needs is not there, or is another; the message names it), corrupt
/// (a
///            frame or a document is not what was written), unavailable, outcome_unknown.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/result.h"
#include "core/task.h"
#include "stream/data_key.h"
#include "stream/master_keys.h"

namespace penstock::stream {

/// What keyrings stand on; all of it outlives them.
struct KeyringParts {
  catalog::Catalog& catalog;
  const Clock& clock;
  Random& random;
  const MasterKeys& master_keys;
  std::string account;
};

class Keyring {
 public:
  using KeyPtr = std::shared_ptr<DataKey>;
  static constexpr std::chrono::hours kKeyLife{24};

  Keyring(KeyringParts parts, std::string stream_name, std::string stream_uid);

  /// The key to encrypt with under the name `key_id`: the latest one, or a new one, made durable first, when the latest
  /// is a day old, used up, of another name, or wrapped by another master key than the first. Keys whose frames were
  /// all written before `horizon` are dropped then.
  Task<Result<KeyPtr>> current(std::string key_id, Timestamp horizon);
  /// What current gives, if it need not wait; null otherwise.
  [[nodiscard]] KeyPtr current_at_hand(std::string_view key_id) EXCLUDES(mutex_);

  /// For puts that need no key: whether others wait for one, and waiting behind them.
  [[nodiscard]] bool is_taken() const EXCLUDES(mutex_);
  Task<bool> pass();

  /// What an encrypted frame holds.
  [[nodiscard]] Result<std::string> decrypt(framelog::ShardIndex shard, std::string_view frame) EXCLUDES(mutex_);

  /// Whether every key of the stream can be had; the error is that of the first which cannot.
  [[nodiscard]] Result<void> check() const;
  /// For when the stream goes: without its keys, its records say nothing.
  Task<Result<void>> remove_all();

 private:
  /// A key as the catalog has it.
  struct Row {
    std::uint32_t number = 0;
    Timestamp made{};
    std::string master_id;
    std::string key_id;
    std::string wrapped;
  };
  struct InUse {
    KeyPtr key;
    Timestamp made{};
    std::string key_id;
  };

  [[nodiscard]] std::string key_of(std::uint32_t number) const;
  [[nodiscard]] Result<Row> decode(const catalog::Document& document) const;
  [[nodiscard]] static std::string encode(const Row& row);
  [[nodiscard]] Result<std::vector<Row>> load_all() const;
  /// Whether new frames may be encrypted under it.
  [[nodiscard]] bool may_serve(const Row& row, std::string_view key_id) const EXCLUDES(mutex_);
  [[nodiscard]] bool is_used_up(std::uint32_t number) const EXCLUDES(mutex_);
  [[nodiscard]] Result<SecretBytes> unwrap(const Row& row) const;
  [[nodiscard]] Row make_row(std::uint32_t number, std::string key_id, const MasterKey& master) const;
  [[nodiscard]] Result<KeyPtr> find(std::uint32_t number) EXCLUDES(mutex_);
  [[nodiscard]] KeyPtr at_hand(std::string_view key_id, Timestamp now) const REQUIRES(mutex_);
  /// True when it is the caller's turn; otherwise `turn` is set when it is. Each turn needs a leave.
  [[nodiscard]] bool enter(const Completion<bool>& turn) EXCLUDES(mutex_);
  void leave() EXCLUDES(mutex_);
  Task<Result<KeyPtr>> current_in_turn(std::string key_id, Timestamp horizon);
  Task<Result<InUse>> take_or_make(std::string key_id, Timestamp horizon);
  /// The changes that add a key behind `rows`, and those that drop the keys before `horizon`.
  [[nodiscard]] std::vector<catalog::Change> turn(const std::vector<Row>& rows, std::string key_id,
                                                  const MasterKey& master, Timestamp horizon) const;

  const KeyringParts parts_;
  const std::string stream_name_;
  const std::string stream_uid_;
  mutable Mutex mutex_;
  InUse in_use_ GUARDED_BY(mutex_);
  InUse before_ GUARDED_BY(mutex_);  ///< for puts that began before the stream's KeyId changed
  bool taken_ GUARDED_BY(mutex_) = false;
  std::deque<Completion<bool>> waiting_ GUARDED_BY(mutex_);   // bounded by the connections
  std::map<std::uint32_t, KeyPtr> known_ GUARDED_BY(mutex_);  // bounded by kKnownMax
};

/// A master key's id that some stream's data key was wrapped by; nullopt when no stream has a data key.
[[nodiscard]] std::optional<std::string> any_master_id_in_use(const catalog::Catalog& catalog,
                                                              std::string_view account);

/// Removes the keys of streams that are not there (a crash came between the removal of the two). Blocks.
Result<void> remove_stray_keys(catalog::Catalog& catalog, std::string_view account,
                               const std::function<bool(std::string_view stream_uid)>& is_known);

}  // namespace penstock::stream
