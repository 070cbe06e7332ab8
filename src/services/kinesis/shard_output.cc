#include "services/kinesis/shard_output.h"

namespace penstock::services::kinesis {

HashKeyRange hash_key_range(const stream::HashRange& range) {
  return {.starting_hash_key = stream::format_hash_key(range.first),
          .ending_hash_key = stream::format_hash_key(range.last)};
}

ShardOutput shard_output(const stream::Shard& shard) {
  ShardOutput out;
  out.shard_id = stream::format_shard_id(shard.index);
  if (shard.parent) out.parent_shard_id = stream::format_shard_id(*shard.parent);
  if (shard.adjacent_parent) out.adjacent_parent_shard_id = stream::format_shard_id(*shard.adjacent_parent);
  out.hash_key_range = hash_key_range(shard.range);
  out.sequence_number_range.starting_sequence_number = stream::starting_sequence_number(shard);
  if (!shard.is_open()) out.sequence_number_range.ending_sequence_number = stream::ending_sequence_number(shard);
  return out;
}

std::optional<std::string> encryption_type(bool encrypted) {
  return encrypted ? std::optional<std::string>(kEncrypted) : std::nullopt;
}

std::vector<RecordOutput> record_outputs(const stream::RecordPage& page) {
  std::vector<RecordOutput> records;
  records.reserve(page.records.size());
  for (const stream::ReadRecord& record : page.records) {
    records.push_back({.sequence_number = record.sequence_number.str(),
                       .approximate_arrival_timestamp = record.arrival,
                       .data = {.bytes = std::string(record.data)},
                       .partition_key = std::string(record.partition_key),
                       .encryption_type = encryption_type(record.encrypted)});
  }
  return records;
}

std::vector<ChildShard> child_shards(const stream::RecordPage& page) {
  std::vector<ChildShard> children;
  for (const stream::Shard& shard : page.children) {
    ChildShard& child = children.emplace_back();
    child.shard_id = stream::format_shard_id(shard.index);
    if (shard.parent) child.parent_shards.push_back(stream::format_shard_id(*shard.parent));
    if (shard.adjacent_parent) child.parent_shards.push_back(stream::format_shard_id(*shard.adjacent_parent));
    child.hash_key_range = hash_key_range(shard.range);
  }
  return children;
}

stream::IteratorType iterator_type(std::string_view name) {
  if (name == "LATEST") return stream::IteratorType::latest;
  if (name == "AT_SEQUENCE_NUMBER") return stream::IteratorType::at_sequence_number;
  if (name == "AFTER_SEQUENCE_NUMBER") return stream::IteratorType::after_sequence_number;
  if (name == "AT_TIMESTAMP") return stream::IteratorType::at_timestamp;
  return stream::IteratorType::trim_horizon;
}

}  // namespace penstock::services::kinesis
