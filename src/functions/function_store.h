#pragma once
/// What Lambda functions there are: kept in the catalog below "functions/" and in the code store, answered from memory.
///
/// Order:   changes are made one after the other: each sees everything that was acknowledged before it.
/// Threads: any. read() holds the store's mutex: what it calls must be quick and must not call the store.
/// Errors:  open: corrupt (a document that cannot be read), unavailable. change: whatever the plan answers, or
///          unavailable (not done), outcome_unknown, throttled (kChangesWaitingMax wait already).

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
#include "core/task.h"
#include "core/turns.h"
#include "functions/code_store.h"
#include "functions/function.h"
#include "functions/function_registry.h"

namespace penstock::functions {

inline constexpr std::size_t kChangesWaitingMax = 1024;

/// What a function URL leads to.
struct UrlTarget {
  std::string function;
  std::string qualifier;  ///< "" or an alias
  std::shared_ptr<const UrlRecord> url;
};

class FunctionStore final : public FunctionDirectory {
 public:
  struct Parts {
    catalog::Catalog& catalog;
    const Clock& clock;
    Random& random;
    CodeStore& code;  ///< open() takes hold of what functions use, and sweeps the rest
    std::string account;
    std::string region;
  };

  /// The parts outlive it.
  [[nodiscard]] static Result<std::unique_ptr<FunctionStore>> open(Parts parts);
  ~FunctionStore() override;

  /// Looks at the registry as it is now.
  template <class Look>
  auto read(Look&& look) const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return look(static_cast<const FunctionRegistry&>(registry_));
  }

  /// What a change would write, given the registry as it is; an empty list changes nothing and succeeds. May be called
  /// again when another node was faster, so it must not depend on what an earlier call did.
  using Plan = std::function<Result<std::vector<catalog::Change>>(const FunctionRegistry&)>;

  /// Runs the plan and completes when what it wrote is durable and read() shows it. Whoever refers to new code holds
  /// its CodePtr until then.
  Task<Result<void>> change(Plan plan);

  [[nodiscard]] Result<Resolved> resolve(std::string_view name, std::string_view qualifier) const override;
  void watch(std::function<void(std::string_view name)> on_change) override EXCLUDES(mutex_);

  /// Of asynchronous invocations of NAME:QUALIFIER ("" = $LATEST); nullptr: everything as AWS has it when nothing is
  /// configured (2 retries, 6 hours, no destinations).
  [[nodiscard]] std::shared_ptr<const InvokeConfigRecord> invoke_config(std::string_view name,
                                                                        std::string_view qualifier) const;
  /// JSON of the resource policy of NAME:QUALIFIER; "" when there is none.
  [[nodiscard]] std::string policy(std::string_view name, std::string_view qualifier) const;
  /// By the id in the URL's host name.
  [[nodiscard]] std::optional<UrlTarget> find_url(std::string_view url_id) const EXCLUDES(mutex_);
  /// Versions whose environments are kept warm, as resolve() would give them.
  [[nodiscard]] std::vector<Resolved> provisioned() const;

  /// "arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]"
  [[nodiscard]] std::string arn(std::string_view name, std::string_view qualifier = {}) const;
  [[nodiscard]] std::string layer_arn(std::string_view name) const;

  [[nodiscard]] CodeStore& code() const { return parts_.code; }
  [[nodiscard]] const std::string& account() const { return parts_.account; }
  [[nodiscard]] const std::string& region() const { return parts_.region; }
  [[nodiscard]] Timestamp now() const { return parts_.clock.now(); }
  [[nodiscard]] Random& random() const { return parts_.random; }

 private:
  explicit FunctionStore(Parts parts) : parts_(std::move(parts)) {}
  Result<void> load() EXCLUDES(mutex_);
  Result<void> apply(std::string_view key, catalog::Version version, const std::string* bytes) EXCLUDES(mutex_);
  void refresh(std::string_view kind, std::string_view key) REQUIRES(mutex_);
  [[nodiscard]] FunctionVersionPtr runnable(const VersionRecord& record) const;
  [[nodiscard]] std::optional<Resolved> find(std::string_view name, std::string_view qualifier) const REQUIRES(mutex_);
  [[nodiscard]] int provisioned_of(std::string_view name, std::string_view version) const REQUIRES(mutex_);

  Parts parts_;
  Turns turns_{kChangesWaitingMax};

  mutable Mutex mutex_;
  FunctionRegistry registry_ GUARDED_BY(mutex_);
  /// By "<name>/$LATEST" and "<name>/<version, ten digits>".
  std::map<std::string, FunctionVersionPtr, std::less<>> runnable_ GUARDED_BY(mutex_);
  /// What holds the code of layer versions, by their key.
  std::map<std::string, CodePtr, std::less<>> layer_code_ GUARDED_BY(mutex_);
  /// From the ids of function URLs to their keys.
  std::map<std::string, std::string, std::less<>> url_keys_ GUARDED_BY(mutex_);
  std::shared_ptr<const std::function<void(std::string_view)>> on_change_ GUARDED_BY(mutex_);

  std::unique_ptr<catalog::Subscription> subscription_;  // last: ends before what it feeds
};

[[nodiscard]] inline Code to_code(const CodeRecord& record) {
  return {.sha256_hex = record.sha256_hex,
          .zip_bytes = static_cast<std::uint64_t>(record.zip_bytes),
          .unpacked_bytes = static_cast<std::uint64_t>(record.unpacked_bytes),
          .folder = {}};
}
[[nodiscard]] inline CodeRecord to_record(const Code& code) {
  return {.sha256_hex = code.sha256_hex,
          .zip_bytes = static_cast<std::int64_t>(code.zip_bytes),
          .unpacked_bytes = static_cast<std::int64_t>(code.unpacked_bytes)};
}

/// {"Version":"2012-10-17","Id":"default","Statement":[...]}
[[nodiscard]] std::string policy_document(const PolicyRecord& policy);

}  // namespace penstock::functions
