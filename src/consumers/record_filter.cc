#include "consumers/record_filter.h"

#include <algorithm>

#include "codec/json.h"

namespace penstock::consumers {

namespace json = boost::json;

namespace {

constexpr std::string_view kData = "data";

void add_metadata(const LaneRecord& record, const EventOrigin& origin, json::object& event) {
  event["kinesisSchemaVersion"] = kSchemaVersion;
  event["partitionKey"] = json::string_view(record.partition_key.data(), record.partition_key.size());
  event["sequenceNumber"] = record.sequence_number.str();
  event["approximateArrivalTimestamp"] = static_cast<double>(to_unix_ms(record.arrival)) / 1000.0;
  event["eventSource"] = kEventSource;
  event["eventVersion"] = kEventVersion;
  event["eventID"] = origin.shard_id + ':' + record.sequence_number.str();
  event["eventName"] = kEventName;
  event["invokeIdentityArn"] = origin.role_arn;
  event["awsRegion"] = origin.region;
  event["eventSourceARN"] = origin.event_source_arn;
}

}  // namespace

Result<RecordFilter> RecordFilter::compile(std::span<const std::string> patterns) {
  RecordFilter out;
  for (const std::string& text : patterns) {
    PENSTOCK_TRY(EventPattern pattern, EventPattern::compile(text));
    if (!pattern.is_object_pattern(kData)) {
      return fail(ErrorKind::invalid, "the rule for data must be an object: records are filtered as JSON");
    }
    out.looks_into_data_ = out.looks_into_data_ || pattern.mentions(kData);
    out.looks_at_more_ = out.looks_at_more_ || pattern.mentions_other_than(kData);
    out.patterns_.push_back(std::move(pattern));
  }
  return out;
}

bool RecordFilter::passes(const LaneRecord& record, const EventOrigin& origin) const {
  if (patterns_.empty()) return true;
  json::object event;
  bool has_data = false;
  if (looks_into_data_) {
    auto data = codec::parse_json(record.data);
    has_data = data.has_value();
    if (has_data) event[kData] = std::move(*data);
  }
  if (looks_at_more_) add_metadata(record, origin, event);
  const json::value value(std::move(event));
  return std::ranges::any_of(patterns_, [&](const EventPattern& pattern) {
    return (has_data || !pattern.mentions(kData)) && pattern.matches(value);
  });
}

}  // namespace penstock::consumers
