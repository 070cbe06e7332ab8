#include "consumers/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "consumers/mapping.h"

namespace penstock::consumers {

namespace json = boost::json;

namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kPlanMax = 64;  ///< a bisect of 10,000 records leaves 14 batches

std::unexpected<Error> corrupt() { return fail(ErrorKind::corrupt, "catalog document of a mapping's checkpoint"); }

std::optional<std::int64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return value->get_int64();
}

json::object encode_place(Place place) {
  return {{"position", static_cast<std::int64_t>(place.position)}, {"index", place.index}};
}

std::optional<Place> decode_place(const json::object& object) {
  const auto position = number(object, "position");
  const auto index = number(object, "index");
  if (!position || !index || *index > UINT16_MAX) return std::nullopt;
  return Place{.position = static_cast<std::uint64_t>(*position), .index = static_cast<std::uint16_t>(*index)};
}

json::object encode_lane(const LaneCheckpoint& lane) {
  json::object out = encode_place(lane.done);
  if (lane.ended) out["ended"] = true;
  if (lane.window) {
    json::object window = encode_place(lane.window->first);
    window["start"] = to_unix_ms(lane.window->start);
    window["length"] = lane.window->length.count();
    out["window"] = std::move(window);
  }
  if (lane.plan.empty()) return out;
  json::array plan;
  for (const PlannedBatch& batch : lane.plan) {
    json::object item = encode_place(batch.end);
    item["retries"] = batch.retries;
    item["invocations"] = batch.invocations;
    plan.emplace_back(std::move(item));
  }
  out["plan"] = std::move(plan);
  return out;
}

std::optional<std::vector<PlannedBatch>> decode_plan(const json::value& value) {
  if (!value.is_array() || value.get_array().size() > kPlanMax) return std::nullopt;
  std::vector<PlannedBatch> out;
  for (const json::value& item : value.get_array()) {
    if (!item.is_object()) return std::nullopt;
    const auto end = decode_place(item.get_object());
    const auto retries = number(item.get_object(), "retries");
    const auto invocations = number(item.get_object(), "invocations");
    if (!end || !retries || !invocations) return std::nullopt;
    out.push_back({.end = *end, .retries = static_cast<int>(*retries), .invocations = static_cast<int>(*invocations)});
  }
  return out;
}

std::optional<LaneCheckpoint> decode_lane(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  LaneCheckpoint out;
  const auto done = decode_place(object);
  if (!done) return std::nullopt;
  out.done = *done;
  out.ended = object.contains("ended");
  if (const json::value* window = object.if_contains("window")) {
    if (!window->is_object()) return std::nullopt;
    const auto start = number(window->get_object(), "start");
    const auto length = number(window->get_object(), "length");
    const auto first = decode_place(window->get_object());
    if (!start || !length || *length == 0 || !first) return std::nullopt;
    out.window = Window{.start = from_unix_ms(*start), .length = milliseconds(*length), .first = *first};
  }
  if (const json::value* plan = object.if_contains("plan")) {
    auto batches = decode_plan(*plan);
    if (!batches) return std::nullopt;
    out.plan = std::move(*batches);
  }
  return out;
}

}  // namespace

bool ShardCheckpoint::ended() const {
  return std::ranges::all_of(lanes, [](const LaneCheckpoint& lane) { return lane.ended; });
}

std::vector<LaneCheckpoint> resume_lanes(const ShardCheckpoint& from, std::uint64_t revision, std::size_t lanes) {
  if (from.lanes.empty()) return std::vector<LaneCheckpoint>(lanes);
  std::vector<LaneCheckpoint> out = from.lanes;
  if (lanes != out.size()) {
    // The state of an open window is about one lane's records; without it, its window begins anew.
    const auto stands = [](const LaneCheckpoint& lane) {
      return std::pair(lane.ended, lane.window ? std::min(lane.done, lane.window->first) : lane.done);
    };
    const auto [ended, done] = stands(*std::ranges::min_element(out, {}, stands));
    out.assign(lanes, {.done = done, .ended = ended});
  }
  if (revision != from.revision) {
    for (LaneCheckpoint& lane : out) lane.plan.clear();
  }
  return out;
}

std::string encode_checkpoint(const ShardCheckpoint& checkpoint) {
  json::array lanes;
  for (const LaneCheckpoint& lane : checkpoint.lanes) lanes.emplace_back(encode_lane(lane));
  return codec::serialize(json::object{
      {"format", kFormat}, {"revision", static_cast<std::int64_t>(checkpoint.revision)}, {"lanes", std::move(lanes)}});
}

Result<ShardCheckpoint> decode_checkpoint(std::string_view text) {
  const auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return corrupt();
  const json::object& object = parsed->get_object();
  const auto revision = number(object, "revision");
  const json::value* lanes = object.if_contains("lanes");
  if (number(object, "format") != kFormat || !revision || lanes == nullptr || !lanes->is_array()) return corrupt();
  if (lanes->get_array().empty() || lanes->get_array().size() > std::size_t{kParallelizationMax}) return corrupt();
  ShardCheckpoint out{.revision = static_cast<std::uint64_t>(*revision), .lanes = {}};
  for (const json::value& item : lanes->get_array()) {
    auto lane = decode_lane(item);
    if (!lane) return corrupt();
    out.lanes.push_back(std::move(*lane));
  }
  return out;
}

std::string checkpoint_prefix(std::string_view mapping_uuid) {
  return fmt::format("{}{}/", kCheckpointPrefix, mapping_uuid);
}
std::string checkpoint_prefix(std::string_view mapping_uuid, std::string_view stream_uid) {
  return fmt::format("{}{}/{}/", kCheckpointPrefix, mapping_uuid, stream_uid);
}
std::string checkpoint_key(std::string_view mapping_uuid, std::string_view stream_uid, stream::ShardIndex shard) {
  return checkpoint_prefix(mapping_uuid, stream_uid) + stream::format_shard_id(shard);
}
std::string window_state_prefix(std::string_view mapping_uuid) {
  return fmt::format("{}{}/", kWindowStatePrefix, mapping_uuid);
}
std::string window_state_key(std::string_view mapping_uuid, std::string_view stream_uid, stream::ShardIndex shard,
                             std::size_t lane) {
  return fmt::format("{}{}/{}/{}", window_state_prefix(mapping_uuid), stream_uid, stream::format_shard_id(shard), lane);
}

}  // namespace penstock::consumers
