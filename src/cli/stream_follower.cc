#include "cli/stream_follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "codec/json.h"
#include "core/encoding/base64.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

constexpr std::string_view kExpired = "ExpiredIteratorException";
constexpr int kRecordsPerPage = 1000;

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

const json::array& list(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->as_array() : kNone;
}

FollowedRecord read_record(const json::object& object, const std::string& shard_id) {
  FollowedRecord record{.shard_id = shard_id,
                        .sequence_number = text(object, "SequenceNumber"),
                        .partition_key = text(object, "PartitionKey"),
                        .arrival = {},
                        .data = base64_decode(text(object, "Data")).value_or("")};
  if (const json::value* at = object.if_contains("ApproximateArrivalTimestamp"); at != nullptr && at->is_number()) {
    record.arrival = from_unix_ms(std::llround(at->to_number<double>() * 1000));
  }
  return record;
}

}  // namespace

Called<std::string> StreamFollower::iterator_of(const std::string& shard_id, std::string_view type,
                                                std::string_view sequence_number) {
  json::object input{{"StreamName", stream_}, {"ShardId", shard_id}, {"ShardIteratorType", type}};
  if (!sequence_number.empty()) input["StartingSequenceNumber"] = sequence_number;
  PENSTOCK_TRY(const json::object output, api_.call_json("kinesis", "Kinesis_20131202.GetShardIterator", input));
  return text(output, "ShardIterator");
}

Called<void> StreamFollower::open() {
  json::object input{{"StreamName", stream_}};
  while (true) {
    PENSTOCK_TRY(const json::object output, api_.call_json("kinesis", "Kinesis_20131202.ListShards", input));
    for (const json::value& item : list(output, "Shards")) {
      const json::object& shard = item.as_object();
      const std::string id = text(shard, "ShardId");
      const std::string parent = text(shard, "ParentShardId");
      const std::string other_parent = text(shard, "AdjacentParentShardId");
      // From the beginning, a child waits until its parents have been read; they name it at their end.
      const bool waits = from_ == From::trim_horizon && (known_.contains(parent) || known_.contains(other_parent));
      known_.insert(id);
      if (waits) continue;
      PENSTOCK_TRY(std::string iterator, iterator_of(id, from_ == From::latest ? "LATEST" : "TRIM_HORIZON", {}));
      shards_.push_back({id, std::move(iterator), {}});
    }
    const std::string next = text(output, "NextToken");
    if (next.empty()) return {};
    input = {{"NextToken", next}};
  }
}

Called<json::object> StreamFollower::get_records(Shard& shard) {
  const auto ask = [&] {
    return api_.call_json("kinesis", "Kinesis_20131202.GetRecords",
                          {{"ShardIterator", shard.iterator}, {"Limit", kRecordsPerPage}});
  };
  auto page = ask();
  if (page.has_value() || page.error().code != kExpired) return page;
  const bool fresh = shard.last_sequence_number.empty();
  PENSTOCK_TRY(shard.iterator,
               iterator_of(shard.id, fresh ? "TRIM_HORIZON" : "AFTER_SEQUENCE_NUMBER", shard.last_sequence_number));
  return ask();
}

Called<void> StreamFollower::open_children(const json::object& page) {
  for (const json::value& item : list(page, "ChildShards")) {
    const json::object& child = item.as_object();
    const std::string id = text(child, "ShardId");
    const bool parents_ended = std::ranges::all_of(list(child, "ParentShards"), [&](const json::value& parent) {
      const std::string parent_id(parent.as_string());
      return ended_.contains(parent_id) || !known_.contains(parent_id);
    });
    const bool open_already = std::ranges::any_of(shards_, [&](const Shard& shard) { return shard.id == id; });
    if (!parents_ended || open_already || ended_.contains(id)) continue;
    known_.insert(id);
    PENSTOCK_TRY(std::string iterator, iterator_of(id, "TRIM_HORIZON", {}));
    shards_.push_back({id, std::move(iterator), {}});
  }
  return {};
}

Called<bool> StreamFollower::poll(const std::function<bool(const FollowedRecord&)>& on_record) {
  bool any = false;
  for (std::size_t i = 0; i < shards_.size();) {
    Shard& shard = shards_[i];
    PENSTOCK_TRY(const json::object page, get_records(shard));
    for (const json::value& item : list(page, "Records")) {
      any = true;
      const FollowedRecord record = read_record(item.as_object(), shard.id);
      shard.last_sequence_number = record.sequence_number;
      if (!on_record(record)) return true;
    }
    shard.iterator = text(page, "NextShardIterator");
    if (!shard.iterator.empty()) {
      ++i;
      continue;
    }
    any = true;
    ended_.insert(shard.id);
    shards_.erase(shards_.begin() + static_cast<std::ptrdiff_t>(i));
    PENSTOCK_TRY_VOID(open_children(page));
  }
  return any;
}

}  // namespace penstock::cli
