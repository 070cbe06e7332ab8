#include <boost/json.hpp>

#include "codec/json.h"
#include "core/encoding/hex.h"
#include "stream/stream_info.h"

namespace penstock::stream {
namespace {

namespace json = boost::json;

constexpr int kFormat = 2;
constexpr int kFormatWithShards = 1;  // until shards got documents of their own
constexpr int kShardsFormat = 1;
constexpr std::array<std::string_view, 4> kStates = {"creating", "active", "updating", "deleting"};
constexpr std::array<std::string_view, 2> kModes = {"provisioned", "on_demand"};

// A shard is a row, because a stream may have thousands: [index, first key, last key, created, closed or null, parent
// or null, adjacent parent or null]; keys in hexadecimal, times in milliseconds.
enum Column : std::uint8_t { kIndex, kFirst, kLast, kCreated, kClosed, kParent, kAdjacentParent, kColumns };

std::string hex_of(HashKey key) {
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(key >> shift));
  return hex_encode(bytes);
}

json::value optional_index(const std::optional<ShardIndex>& index) {
  return index ? json::value(index->get()) : json::value(nullptr);
}

json::array encode_shard(const Shard& shard) {
  return {shard.index.get(),
          hex_of(shard.range.first),
          hex_of(shard.range.last),
          to_unix_ms(shard.created),
          shard.closed ? json::value(to_unix_ms(*shard.closed)) : json::value(nullptr),
          optional_index(shard.parent),
          optional_index(shard.adjacent_parent)};
}

// The decoder uses Boost.JSON's throwing accessors; decode_stream_document turns what they throw into `corrupt`.
HashKey key_from(const json::value& value) {
  const auto bytes = hex_decode(std::string_view(value.as_string()));
  if (!bytes || bytes->size() != 16) throw std::invalid_argument("hash key");
  HashKey key = 0;
  for (const char byte : *bytes) key = key << 8U | static_cast<std::uint8_t>(byte);
  return key;
}

Timestamp time_from(const json::value& value) { return from_unix_ms(value.to_number<std::int64_t>()); }

ShardIndex index_from(const json::value& value) { return ShardIndex{value.to_number<std::uint32_t>()}; }

Shard decode_shard(const json::array& row) {
  if (row.size() != kColumns) throw std::invalid_argument("shard row");
  Shard shard{.index = index_from(row[kIndex]),
              .range = {.first = key_from(row[kFirst]), .last = key_from(row[kLast])},
              .created = time_from(row[kCreated])};
  if (!row[kClosed].is_null()) shard.closed = time_from(row[kClosed]);
  if (!row[kParent].is_null()) shard.parent = index_from(row[kParent]);
  if (!row[kAdjacentParent].is_null()) shard.adjacent_parent = index_from(row[kAdjacentParent]);
  return shard;
}

std::vector<Shard> decode_shards(const json::value& rows) {
  std::vector<Shard> shards;
  for (const auto& row : rows.as_array()) shards.push_back(decode_shard(row.as_array()));
  return shards;
}

json::array encode_times(const std::vector<Timestamp>& times) {
  json::array encoded;
  for (const Timestamp time : times) encoded.push_back(to_unix_ms(time));
  return encoded;
}

template <std::size_t n>
std::size_t index_in(const std::array<std::string_view, n>& names, const json::value& name) {
  const auto found = std::ranges::find(names, std::string_view(name.as_string()));
  if (found == names.end()) throw std::invalid_argument(std::string(name.as_string()));
  return static_cast<std::size_t>(found - names.begin());
}

json::object encode_on_demand(const StreamInfo& info) {
  json::array peaks;
  for (const DailyPeak& peak : info.peaks) {
    peaks.push_back(json::array{peak.day, peak.bytes_per_s, peak.records_per_s});
  }
  return {{"mode", kModes[static_cast<std::size_t>(info.mode)]},
          {"switches_ms", encode_times(info.mode_switches)},
          {"warm_mibps", info.warm_mibps},
          {"peaks", std::move(peaks)},
          {"adapted_ms", to_unix_ms(info.adapted)}};
}

void decode_on_demand(const json::object& object, StreamInfo& info) {
  info.mode = static_cast<StreamMode>(index_in(kModes, object.at("mode")));
  for (const auto& time : object.at("switches_ms").as_array()) info.mode_switches.push_back(time_from(time));
  info.warm_mibps = object.at("warm_mibps").to_number<int>();
  for (const auto& row : object.at("peaks").as_array()) {
    info.peaks.push_back({.day = row.at(0).to_number<std::int64_t>(),
                          .bytes_per_s = row.at(1).to_number<std::int64_t>(),
                          .records_per_s = row.at(2).to_number<std::int64_t>()});
  }
  info.adapted = time_from(object.at("adapted_ms"));
}

json::array encode_shard_metrics(ShardMetricSet metrics) {
  json::array names;
  for (const std::string_view name : metrics.names()) names.emplace_back(name);
  return names;
}

ShardMetricSet decode_shard_metrics(const json::array& names) {
  ShardMetricSet metrics;
  for (const auto& name : names) {
    if (!metrics.add(std::string_view(name.as_string()))) throw std::invalid_argument("shard metric");
  }
  return metrics;
}

json::object encode_encryption(const StreamInfo& info) {
  return {{"key_id", info.encryption_key_id},
          {"starts_ms", encode_times(info.encryption_starts)},
          {"stops_ms", encode_times(info.encryption_stops)}};
}

void decode_encryption(const json::object& object, StreamInfo& info) {
  info.encryption_key_id = object.at("key_id").as_string();
  for (const auto& time : object.at("starts_ms").as_array()) info.encryption_starts.push_back(time_from(time));
  for (const auto& time : object.at("stops_ms").as_array()) info.encryption_stops.push_back(time_from(time));
}

StreamInfo decode(const json::object& object) {
  const int format = object.at("format").to_number<int>();
  if (format != kFormat && format != kFormatWithShards) throw std::invalid_argument("format");
  StreamInfo info{.name = std::string(object.at("name").as_string()),
                  .uid = std::string(object.at("uid").as_string()),
                  .created = time_from(object.at("created_ms")),
                  .state = static_cast<StreamStatus>(index_in(kStates, object.at("state"))),
                  .state_until = time_from(object.at("state_until_ms")),
                  .retention_hours = object.at("retention_hours").to_number<int>(),
                  .readable_from = time_from(object.at("readable_from_ms")),
                  .record_kib_max = object.at("record_kib_max").to_number<int>(),
                  .next_shard_index = object.at("next_shard_index").to_number<std::uint32_t>()};
  for (const auto& tag : object.at("tags").as_object()) info.tags.emplace(tag.key(), tag.value().as_string());
  if (format == kFormatWithShards) info.shards = decode_shards(object.at("shards"));
  for (const auto& time : object.at("scalings_ms").as_array()) info.scalings.push_back(time_from(time));
  if (const auto* capacity = object.if_contains("capacity")) decode_on_demand(capacity->as_object(), info);
  if (const auto* metrics = object.if_contains("shard_metrics")) {
    info.shard_metrics = decode_shard_metrics(metrics->as_array());
  }
  if (const auto* encryption = object.if_contains("encryption")) decode_encryption(encryption->as_object(), info);
  return info;
}

}  // namespace

std::string encode_stream_document(const StreamInfo& info) {
  json::object tags;
  for (const auto& [key, value] : info.tags) tags[key] = value;
  json::object object{{"format", kFormat},
                      {"name", info.name},
                      {"uid", info.uid},
                      {"created_ms", to_unix_ms(info.created)},
                      {"state", kStates[static_cast<std::size_t>(info.state)]},
                      {"state_until_ms", to_unix_ms(info.state_until)},
                      {"retention_hours", info.retention_hours},
                      {"readable_from_ms", to_unix_ms(info.readable_from)},
                      {"record_kib_max", info.record_kib_max},
                      {"tags", std::move(tags)},
                      {"next_shard_index", info.next_shard_index},
                      {"scalings_ms", encode_times(info.scalings)},
                      {"capacity", encode_on_demand(info)},
                      {"shard_metrics", encode_shard_metrics(info.shard_metrics)}};
  const bool touched = info.is_encrypted() || !info.encryption_starts.empty() || !info.encryption_stops.empty();
  if (touched) object["encryption"] = encode_encryption(info);
  return codec::serialize(std::move(object));
}

Result<StreamInfo> decode_stream_document(std::string_view text) {
  PENSTOCK_TRY(const json::value value, codec::parse_json(text));
  try {
    return decode(value.as_object());
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, std::string("stream document: ") + error.what());
  }
}

std::string encode_shard_document(std::span<const Shard> shards) {
  json::array rows;
  rows.reserve(shards.size());
  for (const Shard& shard : shards) rows.push_back(encode_shard(shard));
  return codec::serialize(json::object{{"format", kShardsFormat}, {"shards", std::move(rows)}});
}

Result<std::vector<Shard>> decode_shard_document(std::string_view text) {
  PENSTOCK_TRY(const json::value value, codec::parse_json(text));
  try {
    if (value.at("format").to_number<int>() != kShardsFormat) throw std::invalid_argument("format");
    return decode_shards(value.at("shards"));
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, std::string("shard document: ") + error.what());
  }
}

}  // namespace penstock::stream
