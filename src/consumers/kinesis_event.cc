#include "consumers/kinesis_event.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "codec/json_text.h"
#include "codec/timestamp_text.h"
#include "core/encoding/base64.h"

namespace penstock::consumers {

namespace json = boost::json;

namespace {

constexpr std::size_t kFixedRecordBytes = 320;   ///< names, punctuation and numbers of a record
constexpr std::size_t kFixedEventBytes = 512;    ///< the same of a whole event with a window
constexpr std::size_t kEscapedCharBytesMax = 6;  ///< "\u0001"

/// "2019-11-14T00:38:06.021Z"
std::string millis_text(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", seconds, (time - seconds).count());
}

void member(std::string_view name, std::string_view text, std::string& out) {
  if (out.back() != '{') out += ',';
  codec::append_json_string(name, out);
  out += ':';
  codec::append_json_string(text, out);
}

void raw_member(std::string_view name, std::string_view json_text, std::string& out) {
  if (out.back() != '{') out += ',';
  codec::append_json_string(name, out);
  out += ':';
  out += json_text;
}

/// What all records of an event have in common, rendered once: of 100-byte records it is most of the event.
class RecordWriter {
 public:
  explicit RecordWriter(const EventOrigin& origin) : before_key_(R"({"kinesis":{)") {
    member("kinesisSchemaVersion", kSchemaVersion, before_key_);
    before_key_ += R"(,"partitionKey":)";
    std::string more = "{";
    member("eventSource", kEventSource, more);
    member("eventVersion", kEventVersion, more);
    before_id_ = fmt::format(R"(}},{},"eventID":"{}:)", std::string_view(more).substr(1), origin.shard_id);
    after_id_ = "{";
    member("eventName", kEventName, after_id_);
    member("invokeIdentityArn", origin.role_arn, after_id_);
    member("awsRegion", origin.region, after_id_);
    member("eventSourceARN", origin.event_source_arn, after_id_);
    after_id_ += '}';
    after_id_.replace(0, 1, "\",");
  }

  void append(const LaneRecord& record, std::string& out) const {
    const std::string_view sequence = record.sequence_number;
    const std::int64_t ms = to_unix_ms(record.arrival);
    out += before_key_;
    codec::append_json_string(record.partition_key, out);
    out += R"(,"sequenceNumber":")";
    out += sequence;
    out += R"(","data":")";
    base64_append(record.data, out);
    fmt::format_to(std::back_inserter(out), R"(","approximateArrivalTimestamp":{}.{:03})", ms / 1000, ms % 1000);
    out += before_id_;
    out += sequence;
    out += after_id_;
  }

 private:
  std::string before_key_;
  std::string before_id_;
  std::string after_id_;
};

BatchAnswer whole_failure() { return {}; }

/// The place in the batch of the first record that is reported as failed; the batch's size when none is; nullopt when
/// the report cannot be understood.
std::optional<std::size_t> first_reported(const json::value& answer, std::span<const LaneRecord> records) {
  const json::object* object = answer.if_object();
  const json::value* report = object != nullptr ? object->if_contains("batchItemFailures") : nullptr;
  if (report == nullptr || report->is_null()) return records.size();
  if (!report->is_array()) return std::nullopt;
  std::size_t first = records.size();
  for (const json::value& item : report->get_array()) {
    const json::object* failure = item.if_object();
    const json::value* identifier = failure != nullptr ? failure->if_contains("itemIdentifier") : nullptr;
    if (identifier == nullptr || !identifier->is_string()) return std::nullopt;
    const std::string_view sequence = identifier->get_string();
    // Sequence numbers of a shard grow, and all have the same number of digits.
    const auto found = std::ranges::lower_bound(
        records, sequence, {}, [](const LaneRecord& record) { return std::string_view(record.sequence_number); });
    if (found == records.end() || std::string_view(found->sequence_number) != sequence) return std::nullopt;
    first = std::min(first, static_cast<std::size_t>(found - records.begin()));
  }
  return first;
}

}  // namespace

std::size_t event_overhead_bytes(const EventOrigin& origin) {
  return kFixedEventBytes + origin.event_source_arn.size() + origin.shard_id.size();
}

std::size_t record_event_bytes(const LaneRecord& record, const EventOrigin& origin) {
  return kFixedRecordBytes + 2 * stream::kSequenceDigits + origin.shard_id.size() + origin.role_arn.size() +
         origin.region.size() + origin.event_source_arn.size() + record.partition_key.size() * kEscapedCharBytesMax +
         base64_encoded_size(record.data.size());
}

std::string render_event(const InvokeBatch& batch, const EventOrigin& origin) {
  std::size_t bytes = event_overhead_bytes(origin) + (batch.window != nullptr ? batch.window->state.size() : 0);
  for (const LaneRecord& record : batch.records) bytes += record.event_bytes;
  std::string out;
  out.reserve(bytes);
  out += R"({"Records":[)";
  const RecordWriter writer(origin);
  for (const LaneRecord& record : batch.records) {
    if (out.back() != '[') out += ',';
    writer.append(record, out);
  }
  out += ']';
  if (batch.window != nullptr) {
    out += R"(,"window":{)";
    member("start", codec::iso_8601(batch.window->start), out);
    member("end", codec::iso_8601(batch.window->end()), out);
    out += '}';
    raw_member("state", batch.window->state, out);
    member("shardId", origin.shard_id, out);
    member("eventSourceARN", origin.event_source_arn, out);
    raw_member("isFinalInvokeForWindow", batch.ends_window ? "true" : "false", out);
    raw_member("isWindowTerminatedEarly", batch.ends_early ? "true" : "false", out);
  }
  out += '}';
  return out;
}

BatchAnswer read_answer(std::string_view payload, const InvokeBatch& batch, AnswerRules rules) {
  BatchAnswer out{.succeeded = true};
  const bool wants_state = rules.has_window && !batch.ends_window && !batch.ends_early;
  if (!rules.reports_failures && !wants_state) return out;
  json::value answer;
  if (!payload.empty()) {
    auto parsed = codec::parse_json(payload);
    if (!parsed) return whole_failure();
    answer = std::move(*parsed);
  }
  if (wants_state) {
    const json::object* object = answer.if_object();
    const json::value* state = object != nullptr ? object->if_contains("state") : nullptr;
    if (state == nullptr || !state->is_object()) return whole_failure();
    out.state = codec::serialize(*state);
  }
  if (!rules.reports_failures || batch.records.empty()) return out;
  const auto first = first_reported(answer, batch.records);
  if (!first) return whole_failure();
  out.succeeded = *first == batch.records.size();
  if (!out.succeeded) out.first_failed = *first;
  return out;
}

std::string render_discarded(const DiscardedBatch& batch, const EventOrigin& origin) {
  const Discard& discard = batch.discard;
  const LaneRecord& first = discard.records.front();
  const LaneRecord& last = discard.records.back();
  std::string out = R"({"requestContext":{)";
  member("requestId", batch.request_id, out);
  member("functionArn", batch.function_arn, out);
  member("condition", discard.reason == DiscardReason::too_old ? "RecordAgeExceeded" : "RetryAttemptsExhausted", out);
  // AWS counts one for records that were too old before any invocation (recorded 2025-04).
  raw_member("approximateInvokeCount", fmt::to_string(std::max(1, discard.invocations)), out);
  out += '}';
  if (discard.last != nullptr) {
    out += R"(,"responseContext":{)";
    raw_member("statusCode", "200", out);
    member("executedVersion", discard.last->executed_version, out);
    if (discard.last->function_error.empty()) {
      raw_member("functionError", "null", out);
    } else {
      member("functionError", discard.last->function_error, out);
    }
    out += '}';
  }
  member("version", "1.0", out);
  member("timestamp", millis_text(batch.now), out);
  out += R"(,"KinesisBatchInfo":{)";
  member("shardId", origin.shard_id, out);
  member("startSequenceNumber", first.sequence_number, out);
  member("endSequenceNumber", last.sequence_number, out);
  member("approximateArrivalOfFirstRecord", millis_text(first.arrival), out);
  member("approximateArrivalOfLastRecord", millis_text(last.arrival), out);
  raw_member("batchSize", fmt::to_string(discard.records.size()), out);
  member("streamArn", origin.stream_arn, out);
  out += '}';
  if (batch.with_payload) {
    member("payload", render_event({.records = discard.records}, origin), out);
  }
  out += '}';
  return out;
}

std::string discarded_key(std::string_view mapping_uuid, std::string_view shard_id, Timestamp now,
                          std::string_view random_uuid) {
  return fmt::format("aws/lambda/{}/{}/{:%Y/%m/%d}/{:%Y-%m-%dT%H.%M.%S}-{}", mapping_uuid, shard_id,
                     std::chrono::floor<std::chrono::seconds>(now), std::chrono::floor<std::chrono::seconds>(now),
                     random_uuid);
}

}  // namespace penstock::consumers
