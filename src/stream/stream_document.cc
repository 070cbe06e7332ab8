#include <boost/json.hpp>

#include "codec/json.h"
#include "core/encoding/hex.h"
#include "stream/stream_info.h"

namespace penstock::stream {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::array<std::string_view, 4> kStates = {"creating", "active", "updating", "deleting"};

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

StreamInfo decode(const json::object& object) {
  if (object.at("format").to_number<int>() != kFormat) throw std::invalid_argument("format");
  StreamInfo info{.name = std::string(object.at("name").as_string()),
                  .uid = std::string(object.at("uid").as_string()),
                  .created = time_from(object.at("created_ms")),
                  .state = StreamStatus::active,
                  .state_until = time_from(object.at("state_until_ms")),
                  .retention_hours = object.at("retention_hours").to_number<int>(),
                  .readable_from = time_from(object.at("readable_from_ms")),
                  .record_kib_max = object.at("record_kib_max").to_number<int>(),
                  .tags = {},
                  .shards = {},
                  .next_shard_index = object.at("next_shard_index").to_number<std::uint32_t>(),
                  .scalings = {}};
  const auto state = std::ranges::find(kStates, std::string_view(object.at("state").as_string()));
  if (state == kStates.end()) throw std::invalid_argument("state");
  info.state = static_cast<StreamStatus>(state - kStates.begin());
  for (const auto& tag : object.at("tags").as_object()) info.tags.emplace(tag.key(), tag.value().as_string());
  for (const auto& row : object.at("shards").as_array()) info.shards.push_back(decode_shard(row.as_array()));
  for (const auto& time : object.at("scalings_ms").as_array()) info.scalings.push_back(time_from(time));
  return info;
}

}  // namespace

std::string encode_stream_document(const StreamInfo& info) {
  json::object tags;
  for (const auto& [key, value] : info.tags) tags[key] = value;
  json::array shards;
  for (const Shard& shard : info.shards) shards.push_back(encode_shard(shard));
  json::array scalings;
  for (const Timestamp time : info.scalings) scalings.push_back(to_unix_ms(time));
  return codec::serialize(json::object{{"format", kFormat},
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
                                       {"shards", std::move(shards)},
                                       {"scalings_ms", std::move(scalings)}});
}

Result<StreamInfo> decode_stream_document(std::string_view text) {
  PENSTOCK_TRY(const json::value value, codec::parse_json(text));
  try {
    return decode(value.as_object());
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, std::string("stream document: ") + error.what());
  }
}

}  // namespace penstock::stream
