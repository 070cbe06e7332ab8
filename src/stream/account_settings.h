#pragma once
/// What holds for the whole account: the minimum throughput billing commitment ("on-demand advantage"), which unlocks
/// warm throughput. Penstock bills nothing; the state, its times and what it unlocks are kept as AWS keeps them.
/// Source: Kinesis API Reference, UpdateAccountSettings, MinimumThroughputBillingCommitmentInput: a commitment lasts 24
///         hours at least; disabled earlier, it ends by itself when they are over, unless it is enabled again before.
/// Threads: any.

#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "core/clock.h"
#include "core/task.h"

namespace penstock::stream {

struct BillingCommitment {
  enum class Status : std::uint8_t { disabled, enabled, enabled_until_earliest_end };
  Status status = Status::disabled;
  std::optional<Timestamp> started{};
  std::optional<Timestamp> ended{};
  std::optional<Timestamp> earliest_end{};
  [[nodiscard]] bool is_enabled() const { return status != Status::disabled; }
};

class AccountSettings {
 public:
  /// The references outlive the object.
  AccountSettings(catalog::Catalog& catalog, const Clock& clock, std::string_view account);

  /// Errors: corrupt.
  [[nodiscard]] Result<BillingCommitment> commitment() const;
  /// Completes when it is durable.
  Task<Result<BillingCommitment>> set_commitment(bool enabled);

 private:
  struct Stored {
    std::optional<Timestamp> started{};
    std::optional<Timestamp> end{};  ///< when it ends, or ended
    catalog::Version version = 0;
  };
  [[nodiscard]] Result<Stored> load() const;
  [[nodiscard]] BillingCommitment describe(const Stored& stored) const;

  catalog::Catalog& catalog_;
  const Clock& clock_;
  const std::string key_;
};

}  // namespace penstock::stream
