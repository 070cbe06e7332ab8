#pragma once
/// The documents that mappings make and read: the event of a batch, the function's answer to it, the record of a batch
/// that was discarded. To AWS's letter; pure.
/// Source: AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams" (example
///         event), "Implementing stateful Kinesis Data Streams processing" (window events), "Configuring partial batch
///         response", "Retain discarded batch records for a Kinesis Data Streams event source".

#include <span>
#include <string>
#include <string_view>

#include "consumers/lane.h"

namespace penstock::consumers {

inline constexpr std::string_view kSchemaVersion = "1.0";
inline constexpr std::string_view kEventSource = "aws:kinesis";
inline constexpr std::string_view kEventVersion = "1.0";
inline constexpr std::string_view kEventName = "aws:kinesis:record";

/// What all events of a shard's mapping have in common.
struct EventOrigin {
  std::string event_source_arn{};  ///< of the mapping: the stream's, or the consumer's
  std::string stream_arn{};
  std::string region{};
  std::string role_arn{};  ///< the function's execution role
  std::string shard_id{};
};

/// How much of an event's bytes are not its records and its window's state, at most.
[[nodiscard]] std::size_t event_overhead_bytes(const EventOrigin& origin);
/// What a record takes in an event, at most.
[[nodiscard]] std::size_t record_event_bytes(const LaneRecord& record, const EventOrigin& origin);

[[nodiscard]] std::string render_event(const InvokeBatch& batch, const EventOrigin& origin);

/// What of an answer counts.
struct AnswerRules {
  bool reports_failures = false;  ///< FunctionResponseTypes: ReportBatchItemFailures
  bool has_window = false;
};
/// `payload`: what the function gave, when it did not fail. An answer that cannot be understood is a failure of the
/// whole batch; one without a report, or with an empty one, is a success.
[[nodiscard]] BatchAnswer read_answer(std::string_view payload, const InvokeBatch& batch, AnswerRules rules);

/// A batch that was given up.
struct DiscardedBatch {
  const Discard& discard;
  std::string request_id;  ///< of this record
  std::string function_arn;
  Timestamp now{};
  bool with_payload = false;  ///< the event itself: for buckets
};
[[nodiscard]] std::string render_discarded(const DiscardedBatch& batch, const EventOrigin& origin);
/// Where it lies in a bucket.
[[nodiscard]] std::string discarded_key(std::string_view mapping_uuid, std::string_view shard_id, Timestamp now,
                                        std::string_view random_uuid);

}  // namespace penstock::consumers
