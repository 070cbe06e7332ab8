#include "framelog/embedded/segment_index.h"

#include <algorithm>

#include "framelog/embedded/format.h"

namespace penstock::framelog {
namespace {

constexpr std::size_t kCountBytes = 8;
constexpr std::size_t kRangeBytes = 40;
constexpr std::size_t kEntryBytes = 24;

}  // namespace

void SegmentIndex::add(const FramePlace& frame) {
  auto [at, is_new] = shards_.try_emplace(frame.shard);
  ShardRange& range = at->second;
  if (is_new) {
    range.first = frame.position;
    range.first_time = frame.time;
  }
  range.last = frame.position;
  range.last_time = frame.time;
  time_last_ = std::max(time_last_.value_or(frame.time), frame.time);
  if (range.entries.empty() || range.entries.back().offset / kIndexChunkBytes != frame.offset / kIndexChunkBytes) {
    range.entries.push_back({.position = frame.position, .time = frame.time, .offset = frame.offset});
  }
}

const ShardRange* SegmentIndex::find(ShardIndex shard) const {
  const auto at = shards_.find(shard);
  return at == shards_.end() ? nullptr : &at->second;
}

std::size_t SegmentIndex::memory_bytes() const {
  constexpr std::size_t kNodeBytes = sizeof(std::pair<const ShardIndex, ShardRange>) + 48;
  std::size_t bytes = sizeof *this;
  for (const auto& [shard, range] : shards_) bytes += kNodeBytes + range.entries.capacity() * sizeof(IndexEntry);
  return bytes;
}

std::size_t SegmentIndex::encoded_bytes() const {
  std::size_t bytes = kCountBytes;
  for (const auto& [shard, range] : shards_) bytes += kRangeBytes + range.entries.size() * kEntryBytes;
  return bytes;
}

std::uint64_t SegmentIndex::entry_count(std::uint64_t encoded_bytes, std::uint64_t shard_count) {
  const std::uint64_t heads = kCountBytes + shard_count * kRangeBytes;
  return encoded_bytes < heads ? 0 : (encoded_bytes - heads) / kEntryBytes;
}

std::string SegmentIndex::encode() const {
  std::string out;
  out.resize(encoded_bytes());
  char* at = out.data();
  store_number(at, static_cast<std::uint64_t>(shards_.size()));
  at += kCountBytes;
  for (const auto& [shard, range] : shards_) {
    store_number(at, shard.get());
    store_number(at + 4, static_cast<std::uint32_t>(range.entries.size()));
    store_number(at + 8, range.first.get());
    store_number(at + 16, range.last.get());
    store_number(at + 24, to_unix_ms(range.first_time));
    store_number(at + 32, to_unix_ms(range.last_time));
    at += kRangeBytes;
    for (const IndexEntry& entry : range.entries) {
      store_number(at, entry.position.get());
      store_number(at + 8, to_unix_ms(entry.time));
      store_number(at + 16, entry.offset);
      at += kEntryBytes;
    }
  }
  return out;
}

std::optional<SegmentIndex> SegmentIndex::decode(std::string_view bytes) {
  if (bytes.size() < kCountBytes) return std::nullopt;
  const auto shard_count = load_number<std::uint64_t>(bytes.data());
  bytes.remove_prefix(kCountBytes);
  if (shard_count > bytes.size() / kRangeBytes) return std::nullopt;
  SegmentIndex index;
  for (std::uint64_t i = 0; i < shard_count; ++i) {
    if (bytes.size() < kRangeBytes) return std::nullopt;
    const char* at = bytes.data();
    ShardRange range{.first = Position(load_number<std::uint64_t>(at + 8)),
                     .last = Position(load_number<std::uint64_t>(at + 16)),
                     .first_time = from_unix_ms(load_number<std::int64_t>(at + 24)),
                     .last_time = from_unix_ms(load_number<std::int64_t>(at + 32)),
                     .entries = {}};
    const auto shard = ShardIndex(load_number<std::uint32_t>(at));
    const auto entry_count = load_number<std::uint32_t>(at + 4);
    bytes.remove_prefix(kRangeBytes);
    if (entry_count == 0 || entry_count > bytes.size() / kEntryBytes) return std::nullopt;
    range.entries.reserve(entry_count);
    for (std::uint32_t k = 0; k < entry_count; ++k) {
      const char* entry = bytes.data() + k * kEntryBytes;
      range.entries.push_back({.position = Position(load_number<std::uint64_t>(entry)),
                               .time = from_unix_ms(load_number<std::int64_t>(entry + 8)),
                               .offset = load_number<std::uint64_t>(entry + 16)});
    }
    bytes.remove_prefix(entry_count * kEntryBytes);
    index.time_last_ = std::max(index.time_last_.value_or(range.last_time), range.last_time);
    if (!index.shards_.try_emplace(shard, std::move(range)).second) return std::nullopt;
  }
  if (!bytes.empty()) return std::nullopt;
  return index;
}

}  // namespace penstock::framelog
