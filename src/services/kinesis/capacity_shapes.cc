#include "services/kinesis/capacity_shapes.h"

namespace penstock::services::kinesis {

using codec::Shape;
using codec::ShapeBuilder;

const Shape& describe(const UpdateStreamModeInput*) {
  static const Shape shape =
      arn_shape<UpdateStreamModeInput>("UpdateStreamModeInput", true)
          .field("StreamModeDetails", &UpdateStreamModeInput::stream_mode_details, {.required = true})
          .field("WarmThroughputMiBps", &UpdateStreamModeInput::warm_throughput_mibps, {.range = {.min = 0}})
          .build();
  return shape;
}

const Shape& describe(const UpdateStreamWarmThroughputInput*) {
  static const Shape shape = stream_shape<UpdateStreamWarmThroughputInput>("UpdateStreamWarmThroughputInput")
                                 .field("WarmThroughputMiBps", &UpdateStreamWarmThroughputInput::warm_throughput_mibps,
                                        {.required = true, .range = {.min = 0}})
                                 .build();
  return shape;
}

const Shape& describe(const UpdateStreamWarmThroughputOutput*) {
  static const Shape shape = ShapeBuilder<UpdateStreamWarmThroughputOutput>("UpdateStreamWarmThroughputOutput")
                                 .field("StreamARN", &UpdateStreamWarmThroughputOutput::stream_arn)
                                 .field("StreamName", &UpdateStreamWarmThroughputOutput::stream_name)
                                 .field("WarmThroughput", &UpdateStreamWarmThroughputOutput::warm_throughput)
                                 .build();
  return shape;
}

const Shape& describe(const MinimumThroughputBillingCommitmentInput*) {
  static const Shape shape =
      ShapeBuilder<MinimumThroughputBillingCommitmentInput>("MinimumThroughputBillingCommitmentInput")
          .field("Status", &MinimumThroughputBillingCommitmentInput::status,
                 {.required = true, .one_of = {"ENABLED", "DISABLED"}})
          .build();
  return shape;
}

const Shape& describe(const MinimumThroughputBillingCommitmentOutput*) {
  static const Shape shape =
      ShapeBuilder<MinimumThroughputBillingCommitmentOutput>("MinimumThroughputBillingCommitmentOutput")
          .field("Status", &MinimumThroughputBillingCommitmentOutput::status)
          .field("StartedAt", &MinimumThroughputBillingCommitmentOutput::started_at)
          .field("EndedAt", &MinimumThroughputBillingCommitmentOutput::ended_at)
          .field("EarliestAllowedEndAt", &MinimumThroughputBillingCommitmentOutput::earliest_allowed_end_at)
          .build();
  return shape;
}

const Shape& describe(const UpdateAccountSettingsInput*) {
  static const Shape shape =
      ShapeBuilder<UpdateAccountSettingsInput>("UpdateAccountSettingsInput")
          .field("MinimumThroughputBillingCommitment",
                 &UpdateAccountSettingsInput::minimum_throughput_billing_commitment, {.required = true})
          .build();
  return shape;
}

const Shape& describe(const AccountSettingsOutput*) {
  static const Shape shape =
      ShapeBuilder<AccountSettingsOutput>("AccountSettingsOutput")
          .field("MinimumThroughputBillingCommitment", &AccountSettingsOutput::minimum_throughput_billing_commitment)
          .build();
  return shape;
}

}  // namespace penstock::services::kinesis
