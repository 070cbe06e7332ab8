#pragma once
/// AWS IoT Core's registry: things, certificates, policies, rules and what hangs on them. Kept in the catalog below
/// "iot/", answered from memory.
///
/// Order:   changes are made one after the other: each sees everything that was acknowledged before it.
/// Threads: any. read() holds the registry's mutex: what it calls must be quick and must not call IotCore.
/// Errors:  open: corrupt (a document that cannot be read). change: whatever the plan answers, or
///          ServiceUnavailableException (not done), InternalFailureException (may have been done),
///          ThrottlingException (kChangesWaitingMax wait already).

#include <atomic>
#include <deque>
#include <functional>
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
#include "pki/pki.h"
#include "services/iot/registry.h"
#include "services/operation.h"

namespace penstock::services::iot {

inline constexpr std::size_t kChangesWaitingMax = 1024;

/// Where clients find us: set by the server when its listeners stand.
struct Endpoints {
  std::string mqtts;  ///< "host:port" of the MQTT TLS listener, for DescribeEndpoint; empty: there is none
};

class IotCore {
 public:
  struct Parts {
    catalog::Catalog& catalog;
    const Clock& clock;
    Random& random;
    std::string account;
    std::string region;
    std::shared_ptr<const pki::Authority> authority;  ///< signs device certificates
  };

  /// Loads the registry. The parts outlive it.
  [[nodiscard]] static Result<std::unique_ptr<IotCore>> open(Parts parts);
  ~IotCore();

  /// Looks at the registry as it is now.
  template <class Look>
  auto read(Look&& look) const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return look(static_cast<const Registry&>(registry_));
  }

  /// What a change would write, given the registry as it is; an empty list changes nothing and succeeds. May be called
  /// again when another node was faster, so it must not depend on what an earlier call did.
  using Plan = std::function<ApiResult<std::vector<catalog::Change>>(const Registry&)>;

  /// Runs the plan and completes when what it wrote is durable and read() shows it.
  Task<ApiResult<void>> change(Plan plan);

  /// Grows whenever an answer of the gatekeeper may have become another one.
  [[nodiscard]] std::uint64_t authorisation_epoch() const { return authorisation_epoch_.load(); }

  void set_endpoints(Endpoints endpoints) EXCLUDES(mutex_);
  [[nodiscard]] Endpoints endpoints() const EXCLUDES(mutex_);

  /// "thing/<name>" -> "arn:aws:iot:<region>:<account>:thing/<name>"; "identity/<id>" -> "<id>".
  [[nodiscard]] std::string arn(std::string_view resource) const;
  /// The way back: nullopt when `arn` is none of this house's IoT.
  [[nodiscard]] std::optional<std::string> resource_of(std::string_view arn) const;

  [[nodiscard]] const std::string& account() const { return parts_.account; }
  [[nodiscard]] const std::string& region() const { return parts_.region; }
  [[nodiscard]] Timestamp now() const { return parts_.clock.now(); }
  [[nodiscard]] Random& random() const { return parts_.random; }
  [[nodiscard]] const pki::Authority& authority() const { return *parts_.authority; }
  [[nodiscard]] pki::Workshop& workshop() { return workshop_; }

 private:
  explicit IotCore(Parts parts) : parts_(std::move(parts)) {}
  Result<void> load() EXCLUDES(mutex_);
  Result<void> apply(std::string_view key, catalog::Version version, const std::string* bytes) EXCLUDES(mutex_);

  /// One change at a time: a turn is given back when it dies.
  class Turn;
  Task<std::optional<Turn>> take_turn() EXCLUDES(turns_mutex_);
  void give_turn_back() EXCLUDES(turns_mutex_);

  Parts parts_;
  pki::Workshop workshop_;
  std::atomic<std::uint64_t> authorisation_epoch_ = 1;

  mutable Mutex mutex_;
  Registry registry_ GUARDED_BY(mutex_);
  Endpoints endpoints_ GUARDED_BY(mutex_);

  Mutex turns_mutex_;
  bool turn_taken_ GUARDED_BY(turns_mutex_) = false;
  std::deque<Completion<bool>> waiting_ GUARDED_BY(turns_mutex_);  // bounded by kChangesWaitingMax

  std::unique_ptr<catalog::Subscription> subscription_;  // last: ends before what it feeds
};

}  // namespace penstock::services::iot
