#include "stream/stream_metrics.h"

#include <algorithm>

namespace penstock::stream {

std::shared_ptr<const ShardMetricsTable> ShardMetricsTable::make(
    const StreamInfo& info, const std::shared_ptr<const ShardMetricsTable>& before) {
  if (info.shard_metrics.empty()) return nullptr;
  const bool same = before && before->shown_ == info.shard_metrics &&
                    std::ranges::equal(before->rows_, info.shards, {}, &Row::first, &Shard::index);
  if (same) return before;
  auto table = std::make_shared<ShardMetricsTable>();
  table->shown_ = info.shard_metrics;
  table->rows_.reserve(info.shards.size());
  for (const Shard& shard : info.shards) {
    const auto* kept = before ? before->find_row(shard.index) : nullptr;
    table->rows_.emplace_back(shard.index, kept ? kept->second : std::make_shared<ShardMetrics>());
  }
  return table;
}

const ShardMetricsTable::Row* ShardMetricsTable::find_row(ShardIndex shard) const {
  const auto at = std::ranges::lower_bound(rows_, shard, {}, &Row::first);
  return at != rows_.end() && at->first == shard ? &*at : nullptr;
}

ShardMetrics* ShardMetricsTable::find(ShardIndex shard) const {
  const Row* row = find_row(shard);
  return row == nullptr ? nullptr : row->second.get();
}

void StreamMetrics::note_put(PutCall call, const PutCounts& counts, std::size_t entries,
                             std::chrono::nanoseconds took) {
  if (counts.throttled > 0) write_throttled.add(counts.throttled);
  if (call == PutCall::put_record) {
    put_record.calls.note(counts.succeeded > 0, took);
    if (counts.bytes > 0) put_record.bytes.add(counts.bytes);
    return;
  }
  put_records.calls.note(counts.succeeded > 0, took);
  put_records.records_total.add(entries);
  if (counts.bytes > 0) put_records.bytes.add(counts.bytes);
  if (counts.succeeded > 0) put_records.records_succeeded.add(counts.succeeded);
  if (counts.throttled > 0) put_records.records_throttled.add(counts.throttled);
  if (counts.failed > 0) put_records.records_failed.add(counts.failed);
}

void StreamMetrics::note_read(std::uint64_t bytes, std::uint64_t records, std::int64_t age_ms, SteadyTime now,
                              std::chrono::nanoseconds took) {
  get_records.calls.note(true, took);
  get_records.iterator_age.note(age_ms, now);
  if (records == 0) return;
  get_records.bytes.add(bytes);
  get_records.records.add(records);
}

void StreamMetrics::note_failed_read(bool throttled, std::chrono::nanoseconds took) {
  get_records.calls.note(false, took);
  if (throttled) get_records.throttled.add();
}

std::shared_ptr<ConsumerMetrics> StreamMetrics::consumer(std::string_view name) {
  const MutexLock lock(mutex_);
  auto at = consumers_.find(name);
  if (at == consumers_.end()) at = consumers_.emplace(name, std::make_shared<ConsumerMetrics>()).first;
  return at->second;
}

void StreamMetrics::forget_consumer(std::string_view name) {
  const MutexLock lock(mutex_);
  const auto at = consumers_.find(name);
  if (at != consumers_.end()) consumers_.erase(at);
}

void StreamMetrics::keep_consumers(const std::function<bool(std::string_view name)>& is_registered) {
  const MutexLock lock(mutex_);
  std::erase_if(consumers_, [&](const auto& entry) { return !is_registered(entry.first); });
}

std::vector<std::pair<std::string, std::shared_ptr<ConsumerMetrics>>> StreamMetrics::consumers() const {
  const MutexLock lock(mutex_);
  return {consumers_.begin(), consumers_.end()};
}

}  // namespace penstock::stream
