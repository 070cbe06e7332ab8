#pragma once
/// Retained messages: the last one of each topic, in memory and (given a catalog) as documents mqtt/retained/<hex of
/// topic>, so that they outlive the process.
/// Guarantee: store() completes when the catalog holds this message or a later one of the same topic.
/// Order:     of one topic, the last store() to begin wins.
/// Threads:   any.
/// Errors:    throttled (a bound is reached; nothing changed), otherwise the catalog's.
/// Bounds:    messages_max, bytes_max.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "core/mutex.h"
#include "mqtt/hooks.h"

namespace penstock::mqtt::broker {

struct RetainedLimits {
  std::size_t messages_max = 5'000;  ///< AWS General Reference, "AWS IoT Core endpoints and quotas", retained messages
  std::size_t bytes_max = 64 * 1024 * 1024;
};

class Retained {
 public:
  /// `catalog` may be null: memory only.
  Retained(catalog::Catalog* catalog, RetainedLimits limits) : catalog_(catalog), limits_(limits) {}

  /// Reads what the catalog holds. Errors: corrupt (a document that is none of ours).
  Result<void> load() EXCLUDES(mutex_);

  /// Keeps `message` as its topic's; an empty payload removes the topic (MQTT-3.3.1-10, -11).
  Task<Result<void>> store(MessagePtr message) EXCLUDES(mutex_);

  /// Null when the topic has none.
  [[nodiscard]] MessagePtr find(std::string_view topic) const EXCLUDES(mutex_);
  /// In the order of topics, after `after`, at most `limit`.
  [[nodiscard]] std::vector<MessagePtr> list(std::string_view after, std::size_t limit) const EXCLUDES(mutex_);

 private:
  struct Entry {
    MessagePtr message;  ///< null: removed
    bool writing = false;
    std::vector<Completion<Result<void>>> waiting;  ///< for the write after the one under way
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Result<bool> take(const MessagePtr& message, Completion<Result<void>>& next) EXCLUDES(mutex_);
  Task<Result<void>> write(std::string topic) EXCLUDES(mutex_);

  catalog::Catalog* const catalog_;
  const RetainedLimits limits_;
  mutable Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);
  std::size_t count_ GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::mqtt::broker
