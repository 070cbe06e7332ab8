#pragma once
/// Requests and answers about capacity modes and the account's settings. Source: Kinesis API Reference, the actions and
/// data types of the same names.

#include <string>

#include "codec/shape.h"
#include "services/kinesis/stream_reference.h"
#include "services/kinesis/stream_shapes.h"

namespace penstock::services::kinesis {

struct UpdateStreamModeInput : StreamReference {
  StreamModeDetails stream_mode_details{};
  std::optional<std::int32_t> warm_throughput_mibps{};
};

struct UpdateStreamWarmThroughputInput : StreamReference {
  std::int32_t warm_throughput_mibps = 0;
};

struct UpdateStreamWarmThroughputOutput {
  std::string stream_arn{};
  std::string stream_name{};
  WarmThroughputObject warm_throughput{};
};

struct MinimumThroughputBillingCommitmentInput {
  std::string status{};
};

struct MinimumThroughputBillingCommitmentOutput {
  std::string status{};
  std::optional<Timestamp> started_at{};
  std::optional<Timestamp> ended_at{};
  std::optional<Timestamp> earliest_allowed_end_at{};
};

struct UpdateAccountSettingsInput {
  std::optional<MinimumThroughputBillingCommitmentInput> minimum_throughput_billing_commitment{};
};

/// Of DescribeAccountSettings too.
struct AccountSettingsOutput {
  MinimumThroughputBillingCommitmentOutput minimum_throughput_billing_commitment{};
};

const codec::Shape& describe(const UpdateStreamModeInput*);
const codec::Shape& describe(const UpdateStreamWarmThroughputInput*);
const codec::Shape& describe(const UpdateStreamWarmThroughputOutput*);
const codec::Shape& describe(const MinimumThroughputBillingCommitmentInput*);
const codec::Shape& describe(const MinimumThroughputBillingCommitmentOutput*);
const codec::Shape& describe(const UpdateAccountSettingsInput*);
const codec::Shape& describe(const AccountSettingsOutput*);

}  // namespace penstock::services::kinesis
