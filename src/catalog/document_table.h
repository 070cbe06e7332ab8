#pragma once
/// The part that every engine shares: all documents in memory, the watchers, and the check of expectations.
/// Guarantee: `apply` shows all changes of a commit to readers at once, then tells the watchers, in order.
/// Threads:   reads and `watch` from any thread; `apply` and Staging from one thread at a time (the engine's writer).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "core/mutex.h"

namespace penstock::catalog {

inline constexpr std::size_t kKeyBytesMax = 1024;
inline constexpr std::size_t kDocumentBytesMax = 1024 * 1024;
inline constexpr std::size_t kChangesPerCommitMax = 10'000;

/// Keys, sizes and count are within bounds, and no key occurs twice. Errors: invalid.
Result<void> check_bounds(std::span<const Change> changes);

class DocumentTable {
 public:
  DocumentTable();
  ~DocumentTable();

  [[nodiscard]] std::optional<Document> get(std::string_view key) const EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Document> list(std::string_view prefix, std::string_view after, std::size_t limit) const
      EXCLUDES(mutex_);
  [[nodiscard]] Version version_of(std::string_view key) const EXCLUDES(mutex_);

  /// Only while the engine loads what it has stored: no watcher is told.
  void load(std::string key, Version version, std::string bytes) EXCLUDES(mutex_);
  void apply(Version version, std::vector<Change> changes) EXCLUDES(mutex_);

  /// The subscription's end waits for a call of `on_change` that is under way, so it must not be ended from inside one.
  [[nodiscard]] std::unique_ptr<Subscription> watch(std::string prefix, std::function<void(const Event&)> on_change);

 private:
  struct Entry {
    Version version = 0;
    std::shared_ptr<const std::string> bytes;
  };
  struct Watchers;
  class Watch;

  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> documents_ GUARDED_BY(mutex_);
  std::shared_ptr<Watchers> watchers_;  // shared with the subscriptions, which may outlive the table
};

/// Commits that were accepted but are not applied yet: later commits of the same group must see them.
class Staging {
 public:
  explicit Staging(const DocumentTable& table) : table_(table) {}
  /// Holds every expectation against the table with all staged commits on top. Errors: conflict.
  [[nodiscard]] Result<void> check(std::span<const Change> changes) const;
  void stage(Version version, std::span<const Change> changes);

 private:
  const DocumentTable& table_;
  std::unordered_map<std::string, Version> staged_;  // 0 = deleted
};

}  // namespace penstock::catalog
