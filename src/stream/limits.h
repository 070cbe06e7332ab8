#pragma once
/// The quotas of Kinesis, each of which the operator sets to AWS's value, to a number of his own, or off.
/// Source: Kinesis Data Streams Developer Guide, "Quotas and limits"; Kinesis API Reference.

#include <cstdint>
#include <optional>

namespace penstock::stream {

struct Limit {
  enum class Choice : std::uint8_t { aws, number, off };
  std::uint64_t aws = 0;  ///< AWS's value
  Choice choice = Choice::aws;
  std::uint64_t number = 0;

  /// nullopt: there is no limit.
  [[nodiscard]] std::optional<std::uint64_t> value() const {
    if (choice == Choice::off) return std::nullopt;
    return choice == Choice::aws ? aws : number;
  }
  /// What `count` may be at most.
  [[nodiscard]] bool allows(std::uint64_t count) const { return count <= value().value_or(UINT64_MAX); }
  [[nodiscard]] bool is_off() const { return choice == Choice::off; }
};

struct Limits {
  /// A shard's throughput, each in a second. Off unless asked for.
  Limit shard_write_records{.aws = 1000, .choice = Limit::Choice::off};
  Limit shard_write_bytes{.aws = 1U << 20U, .choice = Limit::Choice::off};
  Limit shard_read_calls{.aws = 5, .choice = Limit::Choice::off};
  Limit shard_read_bytes{.aws = 2U << 20U, .choice = Limit::Choice::off};
  /// Calls of each control-plane operation in a second: `aws` is a table of its own (services/kinesis/call_rates.cc), a
  /// number holds for every operation. Off unless asked for.
  Limit control_calls{.aws = 0, .choice = Limit::Choice::off};
  /// What an account or a stream may have.
  Limit open_shards{.aws = 20'000};  ///< of provisioned streams; AWS's larger regions
  Limit shards_per_stream{.aws = 10'000};
  Limit streams_changing{.aws = 5};  ///< in CREATING or DELETING at once
  Limit on_demand_streams{.aws = 50};
  Limit on_demand_mibps{.aws = 10'240};  ///< write throughput that an on-demand stream grows to
  Limit scalings_per_day{.aws = 10};     ///< UpdateShardCount, of a stream
  Limit mode_switches_per_day{.aws = 2};
  /// StartStreamEncryption with another key, of a stream, and StopStreamEncryption likewise.
  Limit encryption_changes_per_day{.aws = 25};
  Limit consumers_per_stream{.aws = 20};  ///< see ConsumerSettings
};

}  // namespace penstock::stream
