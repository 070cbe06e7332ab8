#pragma once
/// Everything that has a count and not a rate: streams, IAM, IoT registry, rules. Small documents with versions.
/// Engines: sqlite/ (embedded); a replicated one comes later. One contract suite holds all.
///
/// Words:   a key is a path of percent-free segments such as "iam/role/<account>/<name>"; a document is opaque bytes
///          (JSON by convention, with a "format" number inside where it may change).
/// Threads: any. Reads answer from memory and see every write that was acknowledged before they were called.
/// Bounds:  key <= 1,024 bytes, document <= 1 MiB (invalid otherwise).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/task.h"

namespace penstock::catalog {

/// Grows with every change anywhere in the catalog; 0 = does not exist.
using Version = std::uint64_t;

struct Document {
  std::string key;
  Version version = 0;
  std::shared_ptr<const std::string> bytes;
};

/// One change of a transaction. `expected`: the version the document must have now (0: must not exist), or nullopt
/// for "whatever it is". `bytes` nullopt deletes.
struct Change {
  std::string key;
  std::optional<Version> expected;
  std::optional<std::string> bytes;
};

struct Event {
  std::string key;
  Version version = 0;                       ///< of the change; a deletion has one too
  std::shared_ptr<const std::string> bytes;  ///< null when deleted
};

class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  [[nodiscard]] virtual std::optional<Document> get(std::string_view key) const = 0;

  /// Documents whose key starts with `prefix` and is greater than `after` (empty: from the first), in key order,
  /// at most `limit`.
  [[nodiscard]] virtual std::vector<Document> list(std::string_view prefix, std::string_view after = {},
                                                   std::size_t limit = SIZE_MAX) const = 0;

  /// All changes or none, and completes only when they are durable; gives the version that the changed documents have.
  /// Order:  commits are ordered; watchers see them in that order.
  /// Errors: conflict = an expectation did not hold (nothing changed; read again and retry); unavailable = not done;
  ///         outcome_unknown.
  virtual Task<Result<Version>> commit(std::vector<Change> changes) = 0;

  /// Calls `on_change` for every later change below `prefix`, in order, before the commit is acknowledged, on a
  /// catalog thread: it must be quick and must not call the catalog back.
  [[nodiscard]] virtual std::unique_ptr<Subscription> watch(std::string prefix,
                                                            std::function<void(const Event&)> on_change) = 0;

  // Shorthands for one document.
  Task<Result<Version>> put(std::string key, std::string bytes, std::optional<Version> expected = std::nullopt);
  Task<Result<Version>> remove(std::string key, std::optional<Version> expected = std::nullopt);
};

}  // namespace penstock::catalog
